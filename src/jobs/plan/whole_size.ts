/** What all chunks of a blob take where they are stored, to compare an update with. */
import { forEachConcurrent } from "../../core/for_each_concurrent.ts";
import { CHUNKS_PER_CHECK, Yielder } from "../../core/yielder.ts";
import type { ChunkStore } from "../../stores/store.ts";
import { type ChunkPlan, UNKNOWN_STORED } from "./chunk_plan.ts";
import type { ChunkId } from "../../core/chunk.ts";
import { listedSize, type ListedSizes, storedSize } from "../stored_sizes.ts";

/** What all chunks of a blob take in the stores, each of them once. */
export interface WholeSize {
  /** Bytes as they are stored. */
  readonly storedBytes: number;
  /** It was estimated from some of the chunks. */
  readonly estimated: boolean;
}

/** Chunks of the rest that a store is asked about for an estimate. */
const SAMPLES = 64;
/** With fewer chunks of known size nothing is said. */
const LEAST_SAMPLES = 16;
const CONCURRENCY = 16;

/**
 * The sum over the chunks whose sizes the plan knows; for the others the list's sizes or, for want of one, an estimate from
 * some that the stores are asked about. `undefined` when too few are known. The chunk of zeros is not counted.
 */
export async function wholeSize(
  plan: ChunkPlan,
  stores: readonly ChunkStore[],
  { listed, signal }: { readonly listed?: ReadonlyMap<ChunkId, ListedSizes>; readonly signal?: AbortSignal },
): Promise<WholeSize | undefined> {
  const { index, first, from, stored, origins } = plan;
  const yielder = new Yielder(signal);
  const known = { chunks: 0, bytes: 0, storedBytes: 0 };
  const add = (size: number, bytes: number) => {
    known.chunks++;
    known.bytes += size;
    known.storedBytes += bytes;
  };
  /** Of each chunk whether its size is known: it may be so at any of its places. */
  const done = new Uint8Array(index.count);
  for (let i = 0; i < index.count; i++) {
    if (i % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
    if (origins[from[i]].kind === "zeros") done[first[i]] = 1;
    if (stored[i] === UNKNOWN_STORED || done[first[i]] === 1) continue;
    done[first[i]] = 1;
    add(index.length(i), stored[i]);
  }
  let rest: number[] = [];
  for (let i = 0; i < index.count; i++) {
    if (i % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
    if (first[i] !== i || done[i] === 1) continue;
    const size = listed && listedSize(listed, index.id(i), index.length(i));
    if (size === undefined) rest.push(i);
    else add(index.length(i), size);
  }
  const all = rest.length;
  const restBytes = rest.reduce((sum, i) => sum + index.length(i), 0);
  if (all === 0) return { storedBytes: known.storedBytes, estimated: false };
  // Spread over the blob: what was not asked about may be of another kind than what was.
  if (all > SAMPLES) {
    rest = Array.from({ length: SAMPLES }, (_, k) => rest[Math.floor((k + 0.5) * all / SAMPLES)]);
  }
  const sample = { chunks: 0, bytes: 0, storedBytes: 0 };
  const cheap = stores.filter(({ storedSize, properties }) =>
    storedSize !== undefined && properties.probe === "cheap"
  );
  await forEachConcurrent(cheap.length === 0 ? [] : rest, CONCURRENCY, signal, async (i, signal) => {
    for (const store of cheap) {
      const size = await storedSize(store, index.id(i), signal);
      if (size === null || size === undefined) continue;
      sample.chunks++;
      sample.bytes += index.length(i);
      sample.storedBytes += size;
      return;
    }
  });
  if (sample.chunks === all) return { storedBytes: known.storedBytes + sample.storedBytes, estimated: false };
  const basis = sample.chunks >= Math.min(LEAST_SAMPLES, all) ? sample : known;
  if (basis.chunks < LEAST_SAMPLES || basis.bytes === 0) return undefined;
  const ratio = basis.storedBytes / basis.bytes;
  return { storedBytes: known.storedBytes + Math.round(restBytes * ratio), estimated: true };
}
