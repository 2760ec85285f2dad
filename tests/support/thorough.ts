/**
 * How many of their cases tests try. Where the number of cases is a matter of thoroughness (sizes, combinations, random
 * archives, repeats), a usual run tries some of every kind, so that all tests together take minutes. With
 * DESYNC_TEST_THOROUGH=1, as in CI, the same tests try all of them.
 *
 * Which cases a usual run tries is always the same, or follows from the seed that the test prints.
 *
 * Tests that take long, and guard what seldom changes, take turns: a run of all files has a share of those of each file,
 * others from run to run; the rest count as skipped. A thorough run has all, and so has a run of a few files: what failed in
 * its turn is repeated by running its file.
 */

/** Whether all cases are tried. */
export const thorough: boolean = Deno.env.get("DESYNC_TEST_THOROUGH") === "1";

/** A number of cases, or what they are made of: the first in a usual run, the other in a thorough one. */
export function amount(usual: number, all: number): number {
  return thorough ? all : usual;
}

/**
 * All cases, or `usual` of them: the first, the last, and what lies evenly between. A `turn` moves on from those, so that
 * callers which count it up try all cases among them.
 */
export function share<T>(cases: readonly T[], usual: number, turn = 0, all = thorough): readonly T[] {
  if (all || usual >= cases.length) return cases;
  const step = usual === 1 ? 0 : (cases.length - 1) / (usual - 1);
  return Array.from({ length: usual }, (_, i) => cases[(Math.round(i * step) + turn) % cases.length]);
}

/** All pairs, or as many as it takes for each of both lists to be in one. */
export function pairs<A, B>(as: readonly A[], bs: readonly B[], all = thorough): [A, B][] {
  if (all) return as.flatMap((a) => bs.map((b): [A, B] => [a, b]));
  const length = as.length === 0 || bs.length === 0 ? 0 : Math.max(as.length, bs.length);
  return Array.from({ length }, (_, i) => [as[i % as.length], bs[i % bs.length]]);
}

/** Names the number that says whose turn it is; the runner sets it, and prints it. */
export const turnVariable = "DESYNC_TEST_TURN";

type Test = (t: Deno.TestContext) => void | Promise<void>;

/** `Deno.test` in its usual forms. */
export interface TestFunction {
  (name: string, fn: Test): void;
  (name: string, options: Omit<Deno.TestDefinition, "fn" | "name">, fn: Test): void;
  (test: Deno.TestDefinition): void;
}

/**
 * What returns `Deno.test` when it is a test's turn, else `Deno.test.ignore`: of the tests of the file, a run of all files has
 * every second, third … The file itself calls what is returned, as Deno names a test by the place of that call.
 */
export function takingTurns(every: number, url: string): () => TestFunction {
  // Not the first of every file in the same run.
  const hasTurn = turnsOf(every, turnAfter(url.split("/").at(-1)!));
  return () => hasTurn() ? Deno.test : Deno.test.ignore;
}

/** The same for what is no test of its own: says of one after the other whether it is its turn. */
export function turnsOf(every: number, turn: number | undefined): () => boolean {
  let count = 0;
  return () => turn === undefined || count++ % every === turn % every;
}

/** The number of this run's turn, differently for each name; undefined when all have theirs. */
export function turnAfter(name: string): number | undefined {
  const turn = givenTurn();
  if (thorough || turn === undefined) return undefined;
  return [...name].reduce((sum, letter) => sum + letter.codePointAt(0)!, turn);
}

/** The turn that the variable gives. Throws for what is not a number, which would be no test's turn. */
export function givenTurn(given = Deno.env.get(turnVariable)): number | undefined {
  if (given === undefined) return undefined;
  if (!/^\d{1,9}$/.test(given)) throw new Error(`${turnVariable} is "${given}": give a whole number`);
  return Number(given);
}
