/**
 * How many of their cases tests try. Where the number of cases is a matter of thoroughness (sizes, combinations, random
 * archives, repeats), a usual run tries some of every kind, so that all tests together take minutes. With
 * DESYNC_TEST_THOROUGH=1, as in CI, the same tests try all of them.
 *
 * Which cases a usual run tries is always the same, or follows from the seed that the test prints.
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
