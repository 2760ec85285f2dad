/** `desync info INDEX` */
import { type IndexInfo, indexInfo } from "../../jobs/info.ts";
import { type ChunkId, type ChunkSizes, isChunkId } from "../../chunk.ts";
import { readWhole } from "../../deno/read_whole.ts";
import { DesyncError, messageOf } from "../../errors.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { MAX_LIST_BYTES } from "../id_list.ts";
import { Locator } from "../location.ts";
import { print } from "../output.ts";

/** Keys, their words in the plain form, and values: desync's, in its order. */
type Line = readonly [key: string, words: string, value: number];

/** Prints the counts. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  await using locator = new Locator(flags);
  const index = await locator.index(args[0], signal);
  const seeds = [];
  for (const location of flags.seed ?? []) seeds.push(await locator.index(location, signal));
  const compressedSizes = flags.chunksInfo === undefined
    ? undefined
    : await readChunksInfo(flags.chunksInfo, signal);
  const lanes = locator.limits.start;
  const info = await indexInfo(index, locator.sourcesToCount(), { seeds, compressedSizes, lanes, signal });
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
    [
      "dedup-size-not-in-seed-nor-cache-compressed",
      "Compressed chunks not in seed nor cache",
      info.compressedSizeNotInSeedNorCache,
    ],
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

/** The compressed sizes in what inspect-chunks wrote; chunks that its store lacked have none. */
async function readChunksInfo(path: string, signal: AbortSignal): Promise<Map<ChunkId, number>> {
  const bytes = await readWhole(path, `the chunks' sizes in ${path}`, MAX_LIST_BYTES, signal);
  let list: unknown;
  try {
    list = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw notAList(path, messageOf(error));
  }
  // desync writes null for an index without chunks.
  if (list === null) return new Map();
  if (!Array.isArray(list)) throw notAList(path, "it is no JSON list");
  const sizes = new Map<ChunkId, number>();
  for (const [i, entry] of list.entries()) {
    const { id, size } = fieldsOf(entry);
    if (id === undefined) throw notAList(path, `entry ${i} has no chunk id`);
    if (size !== undefined) sizes.set(id, size);
  }
  return sizes;
}

function fieldsOf(entry: unknown): { id?: ChunkId; size?: number } {
  if (typeof entry !== "object" || entry === null) return {};
  const id = "id" in entry && typeof entry.id === "string" ? entry.id.toLowerCase() : "";
  const size = "compressed_size" in entry && typeof entry.compressed_size === "number"
    ? entry.compressed_size
    : undefined;
  return isChunkId(id) ? { id, size } : {};
}

function notAList(path: string, reason: string): DesyncError {
  return new DesyncError("usage", `Cannot use ${path}: it is not what inspect-chunks writes (${reason})`);
}
