/**
 * How memory and time grow with the size of a blob and of a tree: BENCH_GB=1,4,16 with BENCH_RUNS=1 takes half an hour. Of 16
 * GB it needs 50 GB of room, and removes what it has made.
 */
import { contenders } from "./contenders.ts";
import { path, remove } from "./data.ts";
import { compressibleTree, halfCompressible } from "./made.ts";
import { compare, type Contender } from "./measure.ts";

const SIZES = (Deno.env.get("BENCH_GB") ?? "1,4").split(",").map(Number);
/** On average, of the files in a tree. */
const FILE_BYTES = 1_000_000;

/** All contenders write to the same places, since there may be no room for more. */
const blob = path("size.blob");
const index = path("size.caibx");
const store = path("size.castr");
const archiveIndex = path("size.caidx");

/** Runs these comparisons. */
export async function benchSize(): Promise<void> {
  for (const gigabytes of SIZES) {
    await benchBlob(gigabytes);
    await benchTree(gigabytes);
  }
}

async function benchBlob(gigabytes: number): Promise<void> {
  halfCompressible("size.blob", gigabytes * 1e9);
  const make = contenders({
    args: () => ["make", "-s", store, index, blob],
    casync: () => ["make", `--store=${store}`, index, blob],
    before: () => emptyStore("size.castr", "size.caibx"),
  });
  const output = path("size.out");
  const extract = contenders({
    args: () => ["extract", "-s", store, index, output],
    casync: () => ["extract", `--store=${store}`, "--seed-output=no", index, output],
    limit: () => ["extract", index, store, output],
    before: () => remove("size.out"),
  });
  const verify = contenders({
    args: () => ["verify", "-s", store],
    limit: () => ["verify", index, store, blob],
  });
  const cat = contenders({ args: () => ["cat", "-s", store, index] });
  const chop = contenders({
    args: () => ["chop", "-s", store, index, blob],
    limit: () => ["chop", index, store, blob],
    before: () => emptyStore("size.castr"),
  });
  await compareCold(`make ${gigabytes} GB with a store`, make);
  await compareCold(`extract ${gigabytes} GB`, extract);
  remove("size.out");
  await compareCold(`verify ${gigabytes} GB`, verify);
  await compareCold(`cat ${gigabytes} GB`, cat);
  await compareCold(`chop ${gigabytes} GB`, chop);
  for (const name of ["size.blob", "size.caibx", "size.castr"]) remove(name);
}

async function benchTree(gigabytes: number): Promise<void> {
  const tree = compressibleTree("size.tree", gigabytes * 1e9, FILE_BYTES);
  const tar = contenders({
    args: () => ["tar", "-i", "-s", store, archiveIndex, tree],
    casync: () => ["make", `--store=${store}`, archiveIndex, tree],
    before: () => emptyStore("size.castr", "size.caidx"),
  });
  const output = path("size.out");
  const untar = contenders({
    args: () => ["untar", "-i", "-s", store, archiveIndex, output],
    casync: () => ["extract", `--store=${store}`, "--seed-output=no", archiveIndex, output],
    before: () => remove("size.out"),
  });
  await compareCold(`tar -i ${gigabytes} GB`, tar);
  await compareCold(`untar -i ${gigabytes} GB`, untar);
  for (const name of ["size.tree", "size.out", "size.caidx", "size.castr"]) remove(name);
}

async function compareCold(title: string, jobs: readonly Contender[]): Promise<void> {
  await compare(title, jobs, { cold: true });
}

function emptyStore(name: string, ...others: readonly string[]): void {
  for (const one of [name, ...others]) remove(one);
  Deno.mkdirSync(path(name));
}
