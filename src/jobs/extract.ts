/** Builds a blob in a file. */
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index/index.ts";
import type { Sources } from "../stores/store.ts";
import { deliver } from "../transfer/deliver.ts";
import type { BlobPlan } from "../transfer/plan.ts";
import type { BlobTarget, Workers } from "../transfer/ports.ts";
import { Progress } from "../core/progress.ts";

/** What an extraction may be given. */
export interface ExtractOptions {
  /** Stops the work; the target is discarded. */
  readonly signal?: AbortSignal;
  /** Counted up while the work goes on. */
  readonly progress?: Progress;
  /** First look whether the target holds the right bytes already. */
  readonly probeTarget?: boolean;
}

/** The same, with what the caller who wires the job knows. */
interface WiredOptions extends ExtractOptions {
  readonly zeros: ZeroChunk;
}

/** Writes the blob to the target and makes it count. On any failure the target is discarded and the error thrown. */
export async function extractBlob(
  index: Index,
  plan: BlobPlan,
  sources: Sources,
  target: BlobTarget,
  workers: Workers,
  options: WiredOptions,
): Promise<void> {
  const { progress = new Progress(), ...rest } = options;
  progress.total = index.size;
  const info = { path: target.path, displayName: target.displayName, sparse: target.sparse };
  const { digest, sizes } = index;
  const over = new AbortController();
  const writingBack = target.writeBack?.(over.signal);
  writingBack?.catch(() => {}); // reported below
  try {
    await deliver(plan.chunks(), { digest, sizes, sources, target: info, progress, ...rest }, workers);
    // What the plan leaves out is zeros, which the target holds already.
    if (progress.done < index.size) progress.add({ kind: "zeros" }, 0, index.size - progress.done, 0);
    await workers.release();
    over.abort();
    await writingBack;
    await target.commit(options.signal);
  } catch (error) {
    over.abort();
    // A slow disk does not keep a caller who wants to stop.
    if (!options.signal?.aborted) await writingBack?.catch(() => {});
    await workers.release().catch(() => {});
    target.discard();
    throw error;
  }
}
