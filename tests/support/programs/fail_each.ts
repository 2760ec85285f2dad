/**
 * Runs the command line's `main` many times for each of several lists of words, given as JSON on standard input, and prints as
 * JSON what they ended with, and what the process had before and after them. `PID` in the words is its own.
 *
 *     deno run -A --v8-flags=--expose-gc tests/support/programs/fail_each.ts <JOB
 */
import { main } from "../../../src/cli/main.ts";
import { filesIn } from "../files.ts";

/** What is run, how often, and the directory in which nothing may be left. */
export interface FailingJob {
  readonly kinds: readonly { readonly name: string; readonly words: readonly string[] }[];
  readonly warmUp: number;
  readonly runs: number;
  readonly watched: string;
  /** Threads that may come: Deno keeps some for a while that wait for files and names. */
  readonly spareThreads: number;
}

/** What the process has. */
export interface ProcessState {
  /** What the open descriptors are. */
  readonly descriptors: readonly string[];
  readonly children: string;
  readonly files: readonly string[];
  readonly threads: number;
  /** In bytes, after a collection. */
  readonly heap: number;
  readonly resident: number;
}

/** What became of one kind. */
export interface FailingResult {
  readonly name: string;
  /** Different ones. */
  readonly statuses: readonly number[];
  /** The last thing that was said. */
  readonly said: string;
  readonly before: ProcessState;
  readonly after: ProcessState;
}

/** Threads end, and sockets close, a little after those who used them are done. */
const PATIENCE_MS = 10_000;
const COLLECTIONS = 3;
/** Looks at it that show the same. */
const SAME = 10;

declare const gc: () => void;

async function runAll({ kinds, warmUp, runs, watched, spareThreads }: FailingJob): Promise<void> {
  const write = Deno.stdout.writeSync.bind(Deno.stdout);
  let said = "";
  const swallow = (bytes: Uint8Array) => {
    said = new TextDecoder().decode(bytes);
    return bytes.length;
  };
  Deno.stdout.writeSync = Deno.stderr.writeSync = swallow;
  Deno.stdout.write = (bytes) => Promise.resolve(swallow(bytes));
  // One that comes between two runs must not end the process.
  Deno.addSignalListener("SIGINT", () => {});
  const results: FailingResult[] = [];
  for (const { name, words } of kinds) {
    const own = words.map((word) => word.replace("PID", String(Deno.pid)));
    const statuses = new Set<number>();
    for (let i = 0; i < warmUp; i++) await main(own);
    const before = await atRest(watched);
    for (let i = 0; i < runs; i++) statuses.add(await main(own));
    const after = await atRest(watched, { ...before, threads: before.threads + spareThreads });
    results.push({ name, statuses: [...statuses], said, before, after });
  }
  write(new TextEncoder().encode(JSON.stringify(results)));
  Deno.exit();
}

/** The state once it has what the goal has and no more; without a goal, once it has been the same for a while. */
async function atRest(watched: string, goal?: ProcessState): Promise<ProcessState> {
  const end = performance.now() + PATIENCE_MS;
  let now = state(watched);
  for (let same = 0; same < SAME && performance.now() < end; same++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const last = now;
    now = state(watched);
    if (goal !== undefined && hasNoMore(now, goal)) break;
    if (goal !== undefined || !hasNoMore(last, now)) same = 0;
  }
  // Buffers outside of the heap go some time after what holds them.
  for (let i = 0; i < COLLECTIONS; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return state(watched);
}

function hasNoMore(now: ProcessState, goal: ProcessState): boolean {
  return now.threads <= goal.threads && now.descriptors.length <= goal.descriptors.length &&
    now.children === goal.children;
}

function state(watched: string): ProcessState {
  const tasks = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => name);
  const { heapUsed, external, rss } = Deno.memoryUsage();
  return {
    descriptors: [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => linkOf(name)).sort(),
    children: tasks.map((task) => textOf(`/proc/self/task/${task}/children`)).join(""),
    files: filesIn(watched),
    threads: tasks.length,
    heap: heapUsed + external,
    resident: rss,
  };
}

/** What the descriptor is, without the number of a socket or pipe; the one that lists them is gone already. */
function linkOf(name: string): string[] {
  try {
    return [Deno.readLinkSync(`/proc/self/fd/${name}`).replace(/\[\d+\]/, "")];
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // the thread has ended
  }
}

if (import.meta.main) await runAll(JSON.parse(await new Response(Deno.stdin.readable).text()));
