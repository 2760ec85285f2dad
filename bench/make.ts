/** make: with a store, the index alone, and again after a small change. chop: the same file into an empty store. */
import { contenders } from "./contenders.ts";
import { casyncStore, path, remove, run, systemFiles } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

const SIZE = 1_190_000_000;

const storeOf = (name: string) => path(`${name}.store`);

function emptyStore(name: string): void {
  remove(`${name}.store`);
  Deno.mkdirSync(storeOf(name));
}

/** Runs these comparisons. */
export async function benchMake(): Promise<void> {
  const file = await systemFiles("big", SIZE);
  const { index, store } = await casyncStore("big", file);
  const target = (name: string) => path(`${name}.caibx`);
  const make = (input: string, before: (name: string) => void): Contender[] =>
    contenders({
      args: (name) => ["make", "-s", storeOf(name), target(name), input],
      casync: (name) => ["make", `--store=${storeOf(name)}`, target(name), input],
      limit: input === file ? (name) => ["make", index, storeOf(name), file] : undefined,
      before,
    });
  await compare("make 1.19 GB with a store", make(file, emptyStore));
  const indexOnly = contenders({
    args: (name) => ["make", target(name), file],
    limit: () => ["index", index, store, file],
  });
  await compare("make 1.19 GB, index only", indexOnly);
  const changed = await slightlyChanged(file);
  await compare("make 1.19 GB again, slightly changed, into the same store", make(changed, () => {}));
}

/** Runs this comparison. */
export async function benchChop(): Promise<void> {
  const file = await systemFiles("big", SIZE);
  const { index } = await casyncStore("big", file);
  const chop = contenders({
    args: (name) => ["chop", "-s", storeOf(name), index, file],
    limit: (name) => ["chop", index, storeOf(name), file],
    before: emptyStore,
  });
  await compare("chop 1.19 GB", chop);
}

/** Runs this comparison. */
export async function benchCache(): Promise<void> {
  const { index, store } = await casyncStore("big", await systemFiles("big", SIZE));
  const args = (name: string) => ["cache", "-s", store, "-c", storeOf(name), index];
  await compare("cache 1.19 GB from store to store", contenders({ args, before: emptyStore }));
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
