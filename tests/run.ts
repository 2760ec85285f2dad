/**
 * Runs the project's tests, and the examples in its documentation, and ends with the line
 * `N passed, N failed, N skipped`. Arguments are those of `deno test`: a path, --filter, --coverage …
 *
 *     deno task test [arguments of deno test]
 *
 * A test file gets a process of its own, or with others that need none alone when there are many. Several processes run
 * at a time: four more than there are processors, as tests also wait, or as many as DENO_JOBS says. The output of each is
 * printed when it has ended. What one process alone can carry out (`--watch`, `--reporter` …) is carried out by one, file
 * after file.
 */

import { join, relative, resolve } from "node:path";
import { parseArguments, type Wanted } from "./runner/arguments.ts";
import { deno, type Ended, forwardSignals, interrupted, type Output } from "./runner/deno.ts";
import { MANY_FILES } from "./runner/groups.ts";
import { mergeReports } from "./runner/junit.ts";
import { Lane } from "./runner/lane.ts";
import { type Part, planParts } from "./runner/parts.ts";
import { denoKnows } from "./runner/deno_knows.ts";
import { checkedVariable, peers } from "./support/peers.ts"; // says once for all processes what is not installed
import { repository } from "./support/process.ts";
import { addSummary, emptySummary, formatSummary, type Summary } from "./runner/summary.ts";
import { tempDir } from "./support/temp.ts";
import { givenTurn, thorough, turnVariable } from "./support/thorough.ts";

const started = performance.now();

/** What is found, with the exit status. */
interface Result {
  readonly summary: Summary;
  readonly code: number;
}

const print: Output = (bytes) => {
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
};

function say(text: string): void {
  print(new TextEncoder().encode(`${text}\n`));
}

function warn(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Fetches what the program imports, or the first runs on a new machine would tell that among their own words. */
async function fetchDependencies(): Promise<void> {
  const { code } = await deno(["cache", "--quiet", "cli.ts"], repository, print);
  if (code !== 0) warn("the npm packages could not be fetched: tests that start the program will fail");
}

/** Whether all that is tested is outside of the repository: the runner's own tests have such files. */
function isElsewhere(paths: readonly string[]): boolean {
  const isOutside = (path: string) => relative(repository, resolve(repository, path)).startsWith("..");
  return paths.length > 0 && paths.every(isOutside);
}

/** What every run of `deno test` gets. Older ones look for leaks without being asked. */
async function usualOptions(): Promise<string[]> {
  return ["test", "-A", ...await denoKnows("test", "--sanitize-resources") ? ["--sanitize-resources"] : []];
}

/** All in one process, whose output is printed as it comes. */
async function runTogether(args: readonly string[]): Promise<Result> {
  const { code, summary } = await deno([...await usualOptions(), "--doc", ...args], repository, print);
  if (summary === undefined) {
    warn(`deno test ended with status ${code} and printed no summary: see its output above`);
  }
  return { summary: summary ?? { ...emptySummary(), failed: { tests: 1, steps: 0 } }, code };
}

/** The parts, several at a time, in their order. */
async function runParts(parts: readonly Part[], wanted: Wanted): Promise<Result> {
  using reports = tempDir();
  const { options, coverage, junit, rest } = wanted;
  const usual = await usualOptions();
  const turn = turnOfRun(parts, wanted);
  const variables: Record<string, string> = turn === undefined ? {} : { [turnVariable]: String(turn) };
  const result = { summary: emptySummary(), code: 0 };
  const failures: string[] = [];

  const runPart = async (part: Part, report: string, lane: Lane): Promise<void> => {
    const more = [
      ...options,
      ...coverage === undefined ? [] : [`--coverage=${coverage}`, "--coverage-raw-data-only"],
      ...junit === undefined ? [] : [`--junit-path=${report}`],
    ];
    const kept: Uint8Array[] = [];
    const args = part.tests ? [...usual, ...more, ...part.args, ...rest] : part.args;
    // What a process runs that is not one of the file's own is not in its coverage.
    const env = { ...part.env, ...variables, ...coverage === undefined ? lane.environment(part) : {} };
    const ended = await deno(args, repository, (bytes) => kept.push(bytes), env);
    if (ended.code !== 0) lane.endProcess();
    if (part.files.length > 1) say(`\n${part.name}`);
    kept.forEach(print);
    if (ended.code !== 0 && result.code === 0) result.code = ended.code;
    if (ended.summary !== undefined) {
      addSummary(result.summary, ended.summary);
    } else if (part.tests || ended.code !== 0) {
      result.summary.failed.tests++;
    }
    failures.push(...whatFailed(part, ended));
  };

  const left = parts.map((part, i) => ({ part, report: reports.path(`${i}.xml`) }));
  const runLane = async () => {
    using lane = new Lane();
    for (let next; interrupted === undefined && (next = left.shift());) {
      await runPart(next.part, next.report, lane);
    }
  };
  await Promise.all(Array.from({ length: laneCount() }, runLane));

  if (junit !== undefined) writeReport(junit, reports.root);
  if (coverage !== undefined) await deno(["coverage", coverage], repository, print);
  if (failures.length > 0) say(`\nFailed:\n\n${failures.join("\n")}`);
  if (turn !== undefined) {
    say(
      `\nTests that take turns count as skipped when it is not theirs. ${turnVariable}=${turn} runs the same again,`,
    );
    say("DESYNC_TEST_THOROUGH=1 runs all.");
  }
  return result;
}

/** Which of the tests that take turns a run of many files has; undefined when it has all. */
function turnOfRun(parts: readonly Part[], { options }: Wanted): number | undefined {
  const files = parts.reduce((sum, part) => sum + part.files.length, 0);
  if (thorough || files < MANY_FILES || options.includes("--filter")) return undefined;
  return givenTurn() ?? Math.floor(Math.random() * 1000);
}

/** What is said at the very end about a part that failed. */
function whatFailed(part: Part, ended: Ended): string[] {
  if (ended.code === 0 && (ended.summary !== undefined || !part.tests)) return [];
  if (ended.summary !== undefined && ended.failures !== "") return [ended.failures];
  const why = part.tests ? " and printed no summary, which counts as a failed test" : "";
  return [
    `${part.name}: ${
      part.tests ? "deno test" : "deno"
    } ended with status ${ended.code}${why}: see its output above`,
  ];
}

function laneCount(): number {
  const wanted = Number(Deno.env.get("DENO_JOBS"));
  return wanted > 0 ? wanted : navigator.hardwareConcurrency + 4;
}

function writeReport(path: string, directory: string): void {
  const reports = [...Deno.readDirSync(directory)].map(({ name }) =>
    Deno.readTextFileSync(join(directory, name))
  );
  const text = mergeReports(reports, (performance.now() - started) / 1000);
  if (path === "-") say(text);
  else Deno.writeTextFileSync(resolve(repository, path), text);
}

async function main(args: string[]): Promise<number> {
  forwardSignals();
  if (peers.desync !== undefined) Deno.env.set(checkedVariable, peers.desync);
  const wanted = parseArguments(args);
  if (wanted === undefined || !isElsewhere(wanted.paths)) await fetchDependencies();
  const parts = wanted && planParts(wanted, repository);
  const several = wanted !== undefined && parts !== undefined &&
    parts.filter((part) => part.tests).length > 1;
  const { summary, code } = several ? await runParts(parts, wanted) : await runTogether(args);
  const { passed, failed, ignored } = summary;
  const none = passed.tests + failed.tests === 0;
  if (none) warn("no test was run, so nothing is known: correct the path or the filter");
  if (several) say(`\n${formatSummary(summary, performance.now() - started)}\n`);
  say(`${passed.tests} passed, ${failed.tests} failed, ${ignored.tests} skipped`);
  if (interrupted !== undefined) return interrupted === "SIGINT" ? 130 : 143;
  return none && code === 0 ? 1 : code;
}

Deno.exit(await main(Deno.args));
