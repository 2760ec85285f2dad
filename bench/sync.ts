/**
 * What it costs to wait until all is on the disk, which desync does not: make, cache, extract and untar with and without, and
 * desync with sync(1) behind it.
 */
import { casyncArchive, casyncStore, ours, path, peer, remove, systemFiles, systemTree } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

const SIZE = 1_190_000_000;

function contenders(args: (name: string) => string[], outputs: (name: string) => string[]): Contender[] {
  const contender = (name: string, program: readonly string[], more: string[] = []): Contender => ({
    name,
    command: [...program, ...args(name), ...more],
    before: () => outputs(name).forEach(remove),
  });
  return [
    contender("ours", ours),
    contender("no-sync", ours, ["--no-sync"]),
    contender("desync", [peer("desync")]),
    contender("and sync", ["sh", "-c", `"$0" "$@" && sync -f '${path(".")}'`, peer("desync")]),
  ];
}

/** Runs these comparisons. */
export async function benchSync(): Promise<void> {
  const file = await systemFiles("big", SIZE);
  const { index, store } = await casyncStore("big", file);
  const filled = (name: string) => [`${name}.store`, `${name}.caibx`];
  const make = (name: string) => ["make", "-s", path(`${name}.store`), path(`${name}.caibx`), file];
  await compare("make 1.19 GB with a store, on the disk", contenders(make, filled));
  const cache = (name: string) => ["cache", "-s", store, "-c", path(`${name}.store`), index];
  await compare("cache 1.19 GB from store to store, on the disk", contenders(cache, filled));
  const extract = (name: string) => ["extract", "-s", store, index, path(`${name}.blob`)];
  await compare("extract 1.19 GB, on the disk", contenders(extract, (name) => [`${name}.blob`]));
  const { archive } = await casyncArchive("tree", await systemTree("tree", 30_000, 500_000_000));
  const untar = (name: string) => ["untar", archive, path(`${name}.tree`)];
  await compare("untar 500 MB in 30,000 files, on the disk", contenders(untar, (name) => [`${name}.tree`]));
}
