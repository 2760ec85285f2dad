/** What an index holds, and how much of it is at hand. */
import type { ChunkId } from "../core/chunk.ts";
import type { Index } from "../formats/index/index.ts";
import { DEFAULT_LIMITS } from "../stores/wrappers/limiter.ts";
import type { ChunkStore, Sources } from "../stores/store.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import { CHUNKS_PER_CHECK, Yielder } from "../core/yielder.ts";
import { listedSize, type ListedSizes, storedSize } from "./stored_sizes.ts";

/** Counts of chunks and bytes; "different" chunks are counted once however often they occur. */
export interface IndexInfo {
  /** Chunks, repeated ones included. */
  total: number;
  /** Different chunks. */
  unique: number;
  /** Different chunks that a store has, of those that it was asked for. */
  inStore: number;
  /** Different chunks that a seed has. */
  inSeed: number;
  /** Different chunks that are in the cache. */
  inCache: number;
  /** Different chunks that are in neither. */
  notInSeedNorCache: number;
  /** Bytes of the blob. */
  size: number;
  /** Bytes of the different chunks that no seed has. */
  sizeNotInSeed: number;
  /** Bytes of the different chunks that neither a seed nor the cache has. */
  sizeNotInSeedNorCache: number;
  /** Bytes that the same take in a store; `undefined` unless all are known. */
  compressedSizeNotInSeedNorCache: number | undefined;
}

/** What {@linkcode indexInfo} may be given. */
export interface IndexInfoOptions {
  /** Indexes of blobs that are at hand. */
  readonly seeds?: readonly Index[];
  /** What is known of the chunks' sizes. Default: stores are asked, if `neededOnly` is set. */
  readonly listed?: ReadonlyMap<ChunkId, ListedSizes>;
  /** Stores are asked only about chunks that neither a seed nor the cache has, and also for their sizes. */
  readonly neededOnly?: boolean;
  /** Stops the work. */
  readonly signal?: AbortSignal;
}

/**
 * Counts the chunks and bytes of an index, and how much of it seeds, the cache and the stores have. Throws `usage` when a
 * listed chunk has another size than in the index, `interrupted`, and what the stores throw.
 *
 * @example How much of a new version would have to be fetched
 * ```ts
 * import { indexInfo, MemoryStore, parseIndex } from "@desync/desync";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const sources = { stores: [new MemoryStore()] }; // new HttpStore("https://example.com/store/")
 * const info = await indexInfo(index, sources, { seeds: [index], neededOnly: true });
 * if (info.notInSeedNorCache !== 0 || info.size !== index.size) throw new Error("the seed has all of it");
 * ```
 */
export async function indexInfo(
  index: Index,
  sources: Sources,
  options: IndexInfoOptions = {},
): Promise<IndexInfo> {
  const { seeds = [], listed, neededOnly = false, signal } = options;
  const { cache, stores } = sources;
  const bounds = stores.map(({ properties: { concurrency = DEFAULT_LIMITS } }) => concurrency.start);
  const most = Math.min(DEFAULT_LIMITS.start, ...bounds);
  const info: IndexInfo = {
    total: index.count,
    unique: 0,
    inStore: 0,
    inSeed: 0,
    inCache: 0,
    notInSeedNorCache: 0,
    size: index.size,
    sizeNotInSeed: 0,
    sizeNotInSeedNorCache: 0,
    compressedSizeNotInSeedNorCache: 0,
  };
  const yielder = new Yielder(signal);
  const first = index.firstOccurrences();
  const seeded = new Set<ChunkId>();
  for (const seed of seeds) {
    for (let i = 0; i < seed.count; i++) {
      if (i % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
      seeded.add(seed.id(i));
    }
  }

  const count = (i: number, inSeed: boolean, inCache: boolean) => {
    const size = index.length(i);
    info.unique++;
    if (inSeed) info.inSeed++;
    else info.sizeNotInSeed += size;
    if (inCache) info.inCache++;
    if (inSeed || inCache) return;
    info.notInSeedNorCache++;
    info.sizeNotInSeedNorCache += size;
  };
  const addCompressed = (size: number | undefined) => {
    if (info.compressedSizeNotInSeedNorCache === undefined) return;
    // One that is unknown makes the sum unknown.
    if (size === undefined) info.compressedSizeNotInSeedNorCache = undefined;
    else info.compressedSizeNotInSeedNorCache += size;
  };
  const isSeeded = (i: number) => seeded.size > 0 && seeded.has(index.id(i));
  const sizeInList = (i: number) =>
    listed === undefined ? undefined : listedSize(listed, index.id(i), index.length(i));

  // A promise for each of a million chunks takes longer than counting them.
  if (cache === undefined && stores.length === 0) {
    for (let i = 0; i < index.count; i++) {
      if (i % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
      if (first[i] !== i) continue;
      const inSeed = isSeeded(i);
      count(i, inSeed, false);
      if (!inSeed) addCompressed(sizeInList(i));
    }
    return info;
  }
  await forEachConcurrent(firstOnes(first), most, signal, async (i, signal) => {
    const id = index.id(i);
    const inSeed = isSeeded(i);
    const inCache = await cache?.has(id, { signal }) ?? false;
    const needed = !inSeed && !inCache;
    count(i, inSeed, inCache);
    let stored: number | undefined;
    if (neededOnly && needed && listed === undefined) {
      const found = await firstStoredSize(stores, id, signal);
      if (found !== null) info.inStore++;
      stored = found ?? undefined;
    } else if ((needed || !neededOnly) && await anyHas(stores, id, signal)) {
      info.inStore++;
    }
    if (needed) addCompressed(listed === undefined ? stored : sizeInList(i));
  });
  return info;
}

function* firstOnes(first: Int32Array): Generator<number> {
  for (let i = 0; i < first.length; i++) if (first[i] === i) yield i;
}

async function anyHas(stores: readonly ChunkStore[], id: ChunkId, signal: AbortSignal): Promise<boolean> {
  for (const store of stores) if (await store.has(id, { signal })) return true;
  return false;
}

/** Bytes of the chunk in the first store that has it, `undefined` when that does not say, `null` when no store has it. */
async function firstStoredSize(
  stores: readonly ChunkStore[],
  id: ChunkId,
  signal: AbortSignal,
): Promise<number | undefined | null> {
  for (const store of stores) {
    const size = await storedSize(store, id, signal);
    if (size !== null) return size;
  }
  return null;
}
