/** Builds a blob in a file. */
import { DesyncError, type ErrorCode } from "../core/errors.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index/index.ts";
import type { Sources } from "../stores/store.ts";
import { deliver } from "../transfer/deliver.ts";
import type { BlobPlan } from "../transfer/blob_plan.ts";
import type { TargetInfo } from "../transfer/messages.ts";
import type { AssemblingWorkers, BlobTarget } from "../transfer/ports.ts";
import { cloneRuns, type SharedBlocks } from "../transfer/seeds/clone_runs.ts";
import type { SeedUse } from "../transfer/seeds/seed_use.ts";
import { Progress } from "../core/progress.ts";

/** What an extraction may be given. */
export interface ExtractOptions {
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Counted up while the work goes on. */
  readonly progress?: Progress;
  /** First look whether the target holds the right bytes already. */
  readonly probeTarget?: boolean;
}

/** What comes from seeds: the plan has the assignment. */
export interface PlannedSeeds {
  readonly plan: BlobPlan;
  readonly seeds?: SeedUse;
  /** The seeds that the plan has runs cloned from. */
  readonly blocks?: SharedBlocks;
}

/** The same, with what the caller who wires the job knows. */
interface WiredOptions extends ExtractOptions {
  readonly zeros: ZeroChunk;
  /** Moves what the target has of the blob to where it has to be. Returns for each chunk 1 if it is there. */
  readonly moveWithin?: (target: TargetInfo) => Promise<Uint8Array>;
  /** Gives another plan when the work failed, to go on from what is written by then; `undefined` when there is none. */
  readonly planAnew?: (error: unknown) => Promise<PlannedSeeds | undefined>;
}

/**
 * Writes the blob to the target and makes it count. On any failure the target is left to the next run, if it can go on from
 * there, or discarded, and the error thrown.
 */
export async function extractBlob(
  index: Index,
  planned: PlannedSeeds,
  sources: Sources,
  target: BlobTarget,
  workers: AssemblingWorkers,
  options: WiredOptions,
): Promise<void> {
  const { progress = new Progress(), planAnew, moveWithin: _, ...rest } = options;
  const { resumed } = target;
  progress.total = index.size;
  const over = new AbortController();
  const writingBack = target.writeBack?.(over.signal);
  writingBack?.catch(() => {}); // reported below
  const build = async ({ plan, seeds, blocks }: PlannedSeeds, isFirst: boolean) => {
    const { path, displayName, sparse, identity } = target;
    // What was cloned before is no hole, and may be anything.
    const info = { path, displayName, sparse: sparse && isFirst, resumed, identity };
    const { digest, sizes } = index;
    const moves = isFirst ? options.moveWithin : undefined;
    const probeTarget = options.probeTarget === true && moves === undefined || resumed || !isFirst;
    const work = { digest, sizes, sources, target: info, seeds, progress, ...rest, probeTarget };
    if (moves !== undefined) plan.setDone(await moves(info));
    if (seeds !== undefined && blocks !== undefined) {
      await cloneRuns(plan, blocks, seeds, info, workers, { progress, signal: options.signal });
    }
    await deliver(plan.chunks(), work, workers);
  };
  try {
    for (let next: PlannedSeeds | undefined = planned, isFirst = true; next !== undefined; isFirst = false) {
      try {
        await build(next, isFirst);
        break;
      } catch (error) {
        next = await planAnew?.(error);
        if (next === undefined) throw error;
        progress.reset();
        progress.total = index.size;
      }
    }
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
    const written = resumed || hasWritten(progress);
    const kept = target.discard(written && isResumable(error));
    throw kept && isInterruption(error) ? error.with({ hint: KEPT }) : error;
  }
}

function hasWritten({ sources }: Progress): boolean {
  return sources.some(({ origin, bytes }) => origin.kind !== "zeros" && bytes > 0);
}

/** Failures of what the chunks come from: the next run may be luckier. Whatever else a store throws is one, too. */
const RESUMABLE: ReadonlySet<ErrorCode> = new Set([
  "interrupted",
  "store",
  "timeout",
  "protocol",
  "missing-chunk",
  "invalid-chunk",
  "missing-file",
]);

/** Not where the disk refuses to take it: a full one gets its room back, and what lies on one that fails is not used again. */
function isResumable(error: unknown): boolean {
  if (!(error instanceof DesyncError)) return true;
  return RESUMABLE.has(error.code) || error.code === "io" && error.action === "read";
}

function isInterruption(error: unknown): error is DesyncError {
  return error instanceof DesyncError && error.code === "interrupted";
}

const KEPT = "what was written is kept: the same command goes on from there";
