/** Runs the same job by several programs in turn and compares the medians. */

/** One program's way to do a job. */
export interface Contender {
  readonly name: string;
  /** A function is called before each run. */
  readonly command: readonly string[] | (() => readonly string[]);
  /** Undoes what the last run made, outside the time that is measured. */
  readonly before?: () => void;
}

/** What one run took. */
export interface Run {
  readonly wall: number;
  readonly cpu: number;
  /** Highest resident memory of the process, in MB. */
  readonly memory: number;
  /** Processor time of its main thread; 0 where the system does not tell. */
  readonly main: number;
}

/** What was measured so far: seconds, and MB of memory. */
const results: { title: string; runs: number; medians: Record<string, Run> }[] = [];

/** All of it as JSON. */
export function resultsAsJson(): string {
  return JSON.stringify(results, null, 2);
}

const RUNS = Number(Deno.env.get("BENCH_RUNS") ?? "5");

/**
 * Measures all contenders, interleaved, after a run each that does not count, unless `cold`. Prints a table; the first is
 * compared. Returns the medians by name.
 */
export async function compare(
  title: string,
  contenders: readonly Contender[],
  { cold = false }: { cold?: boolean } = {},
): Promise<Readonly<Record<string, Run>>> {
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
  for (let round = cold ? 1 : 0; round <= RUNS; round++) {
    for (const contender of contenders) {
      contender.before?.();
      const { command } = contender;
      const run = await timeOf(typeof command === "function" ? command() : command);
      if (round > 0) runs.get(contender.name)!.push(run);
    }
  }
  say(`\n${title} (medians of ${RUNS})`);
  const ours = summary(runs.get(contenders[0].name)!);
  const medians: Record<string, Run> = {};
  results.push({ title, runs: RUNS, medians });
  for (const { name } of contenders) {
    const own = summary(runs.get(name)!);
    medians[name] = own;
    const ratio = name === contenders[0].name ? "" : `   ratio ${(ours.wall / own.wall).toFixed(2)}` +
      ` (cpu ${(ours.cpu / own.cpu).toFixed(2)})`;
    const row = `${seconds(own.wall)}, cpu ${seconds(own.cpu)}, ${own.memory.toFixed(0)} MB`;
    say(`  ${name.padEnd(8)} ${row}${ratio}`);
  }
  return medians;
}

function seconds(value: number): string {
  return value < 1 ? `${(1000 * value).toFixed(0)} ms` : `${value.toFixed(2)} s`;
}

function summary(runs: readonly Run[]): Run {
  const median = (pick: (run: Run) => number) => {
    const sorted = runs.map(pick).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  };
  return {
    wall: median((r) => r.wall),
    cpu: median((r) => r.cpu),
    memory: median((r) => r.memory),
    main: median((r) => r.main),
  };
}

/** Runs a command to its end, which has to succeed. */
export async function timeOf(command: readonly string[]): Promise<Run> {
  // bash's own `time` knows the processor time of children, which Deno does not tell.
  const script = 'TIMEFORMAT="%R %U %S"; time { "$@" >/dev/null 2>"$BENCH_STDERR"; }';
  const stderrFile = Deno.makeTempFileSync();
  const child = new Deno.Command("bash", {
    args: ["-c", script, "bash", ...command],
    env: { BENCH_STDERR: stderrFile },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let [memory, main] = [0, 0];
  const watch = setInterval(() => {
    const now = look(child.pid);
    memory = Math.max(memory, now.memory);
    main = Math.max(main, now.main);
  }, 20);
  const { code, stderr } = await child.output();
  clearInterval(watch);
  const said = Deno.readTextFileSync(stderrFile);
  Deno.removeSync(stderrFile);
  if (code !== 0) throw new Error(`${command.join(" ")} failed: ${said}`);
  const [wall, user, system] = new TextDecoder().decode(stderr).trim().split(/\s+/).map(Number);
  return { wall, cpu: user + system, memory, main };
}

/** The program that bash runs: its peak memory so far, and its main thread's time. Zeros where /proc does not tell. */
function look(shell: number): Pick<Run, "memory" | "main"> {
  try {
    const child = Deno.readTextFileSync(`/proc/${shell}/task/${shell}/children`).trim().split(" ")[0];
    const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${child}/status`)) ?? [];
    const [nanoseconds] = Deno.readTextFileSync(`/proc/${child}/task/${child}/schedstat`).split(" ");
    return { memory: 1.024 * Number(kibibytes ?? 0) / 1000, main: Number(nanoseconds) / 1e9 };
  } catch {
    return { memory: 0, main: 0 };
  }
}

/** Prints a line for people: to standard error, where programs read the results. */
export function say(line: string): void {
  const output = Deno.args.includes("--json") ? Deno.stderr : Deno.stdout;
  output.writeSync(new TextEncoder().encode(`${line}\n`));
}
