/** Copies the chunks of an index from stores to a store, without building the blob. */
import type { ChunkId } from "../core/chunk.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index/index.ts";
import type { Sources } from "../stores/store.ts";
import type { FilledDestination } from "../transfer/store_writer.ts";
import { deliver } from "../transfer/deliver.ts";
import { BlobPlan, type PlannedChunk } from "../transfer/blob_plan.ts";
import type { Workers } from "../transfer/ports.ts";
import { filter } from "../core/filter.ts";
import { Progress } from "../core/progress.ts";
import { withFlush } from "../transfer/flush.ts";
import { CHUNKS_PER_CHECK, Yielder } from "../core/yielder.ts";

/** How to copy. */
export interface CopyChunksOptions {
  /** The store to add missing chunks to. */
  readonly destination: FilledDestination;
  /** Chunks that are left out. */
  readonly ignore?: ReadonlySet<ChunkId>;
  /** The chunk that no source has to have. */
  readonly zeros?: ZeroChunk;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** Copies; every chunk is verified before the store gets it, and keeps its stored form where that is the wanted one. */
export async function copyChunks(
  index: Index,
  sources: Sources,
  workers: Workers,
  options: CopyChunksOptions,
): Promise<void> {
  const { ignore, progress = new Progress(), ...rest } = options;
  const plan = new BlobPlan(index);
  const wanted = ({ id, follows }: PlannedChunk) => follows === undefined && !ignore?.has(id);
  const yielder = new Yielder(options.signal);
  let count = 0;
  for (const chunk of plan.chunks()) {
    if (count++ % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
    if (wanted(chunk)) progress.total += chunk.size;
  }
  const { digest, sizes } = index;
  const delivery = { digest, sizes, sources, progress, ...rest };
  await withFlush(workers, () => deliver(filter(plan.chunks(), wanted), delivery, workers));
}
