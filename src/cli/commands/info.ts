/** `desync info INDEX` */
import { type IndexInfo, indexInfo } from "../../jobs/info.ts";
import type { ChunkSizes } from "../../chunk.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { Locator } from "../location.ts";
import { print } from "../output.ts";

/** Keys, their words in the plain form, and values: desync's, in its order. */
type Line = readonly [key: string, words: string, value: number];

/** Prints the counts. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const locator = new Locator(flags);
  const index = await locator.index(args[0], signal);
  const seeds = [];
  for (const location of flags.seed ?? []) seeds.push(await locator.index(location, signal));
  const info = await indexInfo(index, seeds, locator.sources(), locator.limits.start, signal);
  const lines = linesOf(info, index.sizes);
  const json = () => JSON.stringify(Object.fromEntries(lines.map(([key, , value]) => [key, value])), null, 2);
  const plain = () => plainOrder(lines).map(([, words, value]) => `${words}: ${value}`).join("\n");
  print(`${flags.format === "plain" ? plain() : json()}\n`);
  return DONE;
}

function linesOf(info: IndexInfo, sizes: ChunkSizes): Line[] {
  return [
    ["total", "Total chunks", info.total],
    ["unique", "Unique chunks", info.unique],
    ["in-store", "Chunks in store", info.inStore],
    ["in-seed", "Chunks in seed", info.inSeed],
    ["in-cache", "Chunks in cache", info.inCache],
    ["not-in-seed-nor-cache", "Chunks not in seed nor cache", info.notInSeedNorCache],
    ["size", "Blob size", info.size],
    ["dedup-size-not-in-seed", "Size of deduplicated chunks not in seed", info.sizeNotInSeed],
    [
      "dedup-size-not-in-seed-nor-cache",
      "Size of deduplicated chunks not in seed nor cache",
      info.sizeNotInSeedNorCache,
    ],
    // desync counts these from a list that its inspect-chunks writes; without one they are 0 there too.
    ["dedup-size-not-in-seed-nor-cache-compressed", "Compressed chunks not in seed nor cache", 0],
    ["chunk-size-min", "Chunk size min", sizes.min],
    ["chunk-size-avg", "Chunk size avg", sizes.avg],
    ["chunk-size-max", "Chunk size max", sizes.max],
  ];
}

/** The plain form begins with the sizes. */
function plainOrder(lines: Line[]): Line[] {
  const first = ["size", "dedup-size-not-in-seed", "dedup-size-not-in-seed-nor-cache"];
  return [...lines.filter(([key]) => first.includes(key)), ...lines.filter(([key]) => !first.includes(key))];
}
