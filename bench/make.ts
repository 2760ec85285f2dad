/** make: with a store, the index alone, and again after a small change. chop: the same file into an empty store. */
import { casyncStore, ours, path, peer, remove, run, systemFiles } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

const SIZE = 1_190_000_000;

/** The same arguments for both programs; `before` gets the name under which each keeps its output. */
function both(args: (name: string) => string[], before: (name: string) => void): Contender[] {
  return [["ours", ours] as const, ["desync", [peer("desync")]] as const].map(([name, program]) => ({
    name,
    command: [...program, ...args(name)],
    before: () => before(name),
  }));
}

function emptyStore(name: string): void {
  remove(`${name}.store`);
  Deno.mkdirSync(path(`${name}.store`));
}

/** Runs these comparisons. */
export async function benchMake(): Promise<void> {
  const file = await systemFiles("big", SIZE);
  const make =
    (input: string) => (name: string) => ["make", "-s", path(`${name}.store`), path(`${name}.caibx`), input];
  await compare("make 1.19 GB with a store", both(make(file), emptyStore));
  await compare(
    "make 1.19 GB, index only",
    both((name) => ["make", path(`${name}.caibx`), file], () => {}),
  );
  const changed = await slightlyChanged(file);
  await compare("make 1.19 GB again, slightly changed, into the same store", both(make(changed), () => {}));
}

/** Runs this comparison. */
export async function benchChop(): Promise<void> {
  const file = await systemFiles("big", SIZE);
  const { index } = await casyncStore("big", file);
  const chop = (name: string) => ["chop", "-s", path(`${name}.store`), index, file];
  await compare("chop 1.19 GB", both(chop, emptyStore));
}

/** Runs this comparison. */
export async function benchCache(): Promise<void> {
  const { index, store } = await casyncStore("big", await systemFiles("big", SIZE));
  const cache = (name: string) => ["cache", "-s", store, "-c", path(`${name}.store`), index];
  await compare("cache 1.19 GB from store to store", both(cache, emptyStore));
}

/** A copy with some bytes overwritten at twenty places. */
async function slightlyChanged(file: string): Promise<string> {
  const target = path("changed");
  await run(["cp", "--reflink=auto", file, target]);
  using handle = Deno.openSync(target, { read: true, write: true });
  for (let i = 1; i <= 20; i++) {
    handle.seekSync(Math.floor((SIZE / 21) * i), Deno.SeekMode.Start);
    handle.writeSync(new TextEncoder().encode(`changed here, place ${i}`));
  }
  return target;
}
