/**
 * How jobs grow with cores: with one and with two (`taskset`), and what the main thread, of which there is one however many
 * cores there are, does for a chunk. That is the difference between two sizes, so that the start is not in it.
 */
import { parseIndex } from "../mod.ts";
import { contenders } from "./contenders.ts";
import { casyncStore, path, remove, systemFiles } from "./data.ts";
import { compare, type Contender, say } from "./measure.ts";

const LARGE = 1_190_000_000;
const SMALL = 400_000_000;
const MB = 1e6;
const MORE_CORES = 16;

interface Data {
  readonly file: string;
  readonly index: string;
  readonly store: string;
  readonly bytes: number;
}

type Job = (data: Data) => readonly Contender[];

function emptyStore(name: string): void {
  remove(`${name}.store`);
  Deno.mkdirSync(path(`${name}.store`));
}

const JOBS: Readonly<Record<string, Job>> = {
  extract: ({ index, store }) => contenders({ args: (name) => ["extract", "-s", store, index, path(name)] }),
  make: ({ file }) =>
    contenders({
      args: (name) => ["make", "-s", path(`${name}.store`), path(`${name}.caibx`), file],
      before: emptyStore,
    }),
  verify: ({ store }) => contenders({ args: () => ["verify", "-s", store] }),
};

/** Runs these comparisons. */
export async function benchCores(): Promise<void> {
  const [large, small] = [await made("big", LARGE), await made("medium", SMALL)];
  const chunks = parseIndex(Deno.readFileSync(large.index)).count -
    parseIndex(Deno.readFileSync(small.index)).count;
  const size = (large.bytes - small.bytes) / chunks;
  for (const [title, job] of Object.entries(JOBS)) {
    await compare(`${title} 1.19 GB, one core`, onCores("0", job(large)));
    const { ours } = await compare(`${title} 1.19 GB, two cores`, onCores("0,1", job(large)));
    const less = (await compare(`${title} 0.4 GB, two cores`, onCores("0,1", job(small).slice(0, 1)))).ours;
    const main = (ours.main - less.main) / chunks;
    const others = (ours.cpu - ours.main - less.cpu + less.main) / chunks;
    // What one thread can do at most, and what all cores can do if they share all of the work.
    const most = Math.min(size / main, MORE_CORES * size / (main + others)) / MB;
    say(
      `  a chunk: main thread ${micro(main)}, all others ${micro(others)}; main thread full at ` +
        `${(1 + others / main).toFixed(0)} cores; ${MORE_CORES} cores: at most ${most.toFixed(0)} MB/s`,
    );
  }
}

async function made(name: string, bytes: number): Promise<Data> {
  const file = await systemFiles(name, bytes);
  return { file, bytes, ...await casyncStore(name, file) };
}

function onCores(list: string, jobs: readonly Contender[]): Contender[] {
  return jobs.map(({ command, ...job }) => ({
    ...job,
    command: ["taskset", "-c", list, ...(typeof command === "function" ? command() : command)],
  }));
}

function micro(seconds: number): string {
  return `${(1e6 * seconds).toFixed(1)} µs`;
}
