/** What an index holds, and how much of it is at hand. */
import type { ChunkId } from "../chunk.ts";
import type { Index } from "../formats/index.ts";
import type { ChunkStore, Sources } from "../stores/store.ts";
import { inLanes } from "./lanes.ts";
import { BlobPlan } from "./plan.ts";

/** Counts of chunks and bytes; "different" chunks are counted once however often they occur. */
export interface IndexInfo {
  /** Chunks, repeated ones included. */
  total: number;
  /** Different chunks. */
  unique: number;
  /** Different chunks that a store has. */
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
  /** Compressed bytes of the same, as far as they are known. */
  compressedSizeNotInSeedNorCache: number;
}

/** What to count besides the index, and how. */
export interface InfoOptions {
  readonly seeds?: readonly Index[];
  /** Compressed bytes of chunks. */
  readonly compressedSizes?: ReadonlyMap<ChunkId, number>;
  /** Requests at a time. */
  readonly lanes: number;
  readonly signal?: AbortSignal;
}

/** Counts, asking the stores. */
export async function indexInfo(index: Index, sources: Sources, options: InfoOptions): Promise<IndexInfo> {
  const { seeds = [], compressedSizes, lanes, signal } = options;
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
  const seeded = new Set<ChunkId>();
  for (const seed of seeds) for (let i = 0; i < seed.count; i++) seeded.add(seed.id(i));
  await inLanes(new BlobPlan(index).chunks(), lanes, signal, async ({ id, size }, signal) => {
    const inSeed = seeded.has(id);
    const inCache = await sources.cache?.has(id, signal) ?? false;
    const inStore = await anyHas(sources.stores, id, signal);
    info.unique++;
    if (inStore) info.inStore++;
    if (inSeed) info.inSeed++;
    else info.sizeNotInSeed += size;
    if (inCache) info.inCache++;
    if (inSeed || inCache) return;
    info.notInSeedNorCache++;
    info.sizeNotInSeedNorCache += size;
    info.compressedSizeNotInSeedNorCache += compressedSizes?.get(id) ?? 0;
  });
  return info;
}

async function anyHas(stores: readonly ChunkStore[], id: ChunkId, signal: AbortSignal): Promise<boolean> {
  for (const store of stores) if (await store.has(id, signal)) return true;
  return false;
}
