/** Extraction into a file, with everything wired: the plan, the target, the seeds and the workers. */
import type { Index } from "../formats/index/index.ts";
import type { DesyncError } from "../core/errors.ts";
import { moveWithin } from "../jobs/move_within.ts";
import type { DeltaInput } from "../jobs/open_patches.ts";
import { extractBlob, type ExtractOptions } from "../jobs/extract.ts";
import { Progress } from "../core/progress.ts";
import { Yielder } from "../core/yielder.ts";
import type { PatchStore, Sources } from "../stores/store.ts";
import { WorkerPool } from "../workers/pool.ts";
import { createBlobTarget, openBlobInPlace } from "./output/blob_target.ts";
import { isBlockDevice } from "./output/output_checks.ts";
import { removePartialFilesOf, sizeOfPartialFile } from "./output/partial_file.ts";
import { partialKey, partialPath } from "./output/temporary_names.ts";
import { patchesFor } from "./patches_for.ts";
import { prepareExtraction } from "./prepare_extraction.ts";
import type { BlobSeed, InvalidSeeds, OnSeedProblem } from "./seeds/blob_seed.ts";
import { OverwrittenVersion } from "./seeds/overwritten_version.ts";

/** What {@linkcode extractToFile} may be given. */
export interface ExtractToFileOptions extends Omit<ExtractOptions, "probeTarget"> {
  /**
   * Write into the existing file, keep what is right in it, and keep it on failure. A block device is always written to
   * so.
   */
  readonly inPlace?: boolean;
  /** Write to a block device although it is mounted or otherwise in use. */
  readonly force?: boolean;
  /** Threads at most. Default: one for each processor. */
  readonly threads?: number;
  /**
   * Files of this machine that have much in common with the blob, such as an older version: what they have is not fetched.
   * Where the file system can, it keeps those bytes once (XFS, btrfs). The file that is replaced is a seed without being
   * named, unless all sources are directories.
   */
  readonly seeds?: readonly BlobSeed[];
  /** Whether the file that is replaced or updated in place may be a seed. Default: true. */
  readonly outputAsSeed?: boolean;
  /** What is done when a seed is not what its index describes, or cannot be read. Default: `skip`. */
  readonly invalidSeeds?: InvalidSeeds;
  /**
   * A directory in which the indexes of `seeds` that were cut are kept for the next run, and that of an output that is updated
   * in place with a delta, for the run after one that was interrupted. Default: they are not.
   */
  readonly seedIndexes?: string;
  /** Gets what is wrong with a seed that is skipped, once for each. */
  readonly onSeedProblem?: OnSeedProblem;
  /**
   * Delta files for this blob. They are used where a seed, or the output as it was, is the old version that they are for. What
   * they make of an output that is updated in place is kept in a temporary file meanwhile.
   */
  readonly deltas?: readonly DeltaInput[];
  /**
   * Looks for a delta file whose name has this behind that of the index: called for seeds that some chunks are missing of,
   * where no `deltas` are given and some source is not a directory. Default: none is looked for.
   */
  readonly findDelta?: (suffix: string) => Promise<DeltaInput | undefined>;
  /** Gets what is wrong with a delta: what it would have made is taken from elsewhere. */
  readonly onDeltaProblem?: (error: DesyncError, location: string) => void;
  /** Called when another phase begins, which `progress` is counted from 0 for. */
  readonly onPhase?: (phase: ExtractPhase) => void;
  /** Return when the blob is on the disk, and let no power cut leave a part of it under its name. Default: true. */
  readonly sync?: boolean;
}

/** What an extraction does for a while. */
export interface ExtractPhase {
  /** Cut a seed, or build the blob. */
  readonly kind: "cut" | "assemble";
  /** 1, and one more each time that a seed had to be cut anew. */
  readonly attempt: number;
  /** How many seeds have been cut in this attempt, this one included. */
  readonly seed?: number;
}

/**
 * Builds the blob in the file `path`: beside it under a temporary name, renamed over it when it is complete, so that an
 * old file stays whole until the new one is. Every chunk is verified before it is written. A file that is the blob
 * already is not written at all, and `upToDate` is true then. What a run wrote that was stopped, or whose stores failed,
 * stays under the temporary name: the next one for the same blob and path verifies it and fetches the rest.
 *
 * Throws {@linkcode DesyncError}: `missing-chunk`, `invalid-chunk`, `store`, `timeout`, `io`, `interrupted`.
 *
 * @example A blob from two stores, with a cache and a look at what came from where
 * ```ts
 * import { parseIndex, Progress } from "@desync/desync";
 * import { extractToFile, LocalStore } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const cache = new LocalStore(`${directory}/cache`, { create: true });
 * const stores = [new LocalStore("testdata/tree.castr"), new LocalStore("testdata/casync-zstd.castr")];
 * const progress = new Progress();
 * await extractToFile(index, { stores, cache }, `${directory}/blob`, { progress });
 * if (progress.done !== index.size) throw new Error("a part is missing");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function extractToFile(
  index: Index,
  sources: Sources,
  path: string,
  options: ExtractToFileOptions = {},
): Promise<{ readonly upToDate: boolean }> {
  const { force = false, sync = true, threads, signal, progress = new Progress(), onPhase } = options;
  const yielder = new Yielder(signal);
  using pool = WorkerPool.forBytes(index.size, threads);
  const prepared = await prepareExtraction(index, sources, path, pool, { ...options, progress });
  if (prepared.upToDate) {
    removePartialFilesOf(path);
    return { upToDate: true };
  }
  const { seedPlan, zeros, writesInPlace } = prepared;
  let planned = seedPlan.plan();
  progress.reset();
  const patching = {
    ...options,
    zeros,
    progress,
    sources,
    overwritten: prepared.looksForMoves
      ? new OverwrittenVersion(path, index, pool, { ...options, onCut: prepared.onCut })
      : undefined,
  };
  const patches = await patchesFor(index, seedPlan.seeds, pool, patching);
  await using _patches = disposing(patches);
  const all: Sources = { ...sources, patches };
  await yielder.yieldIfDue();
  const building = { signal, progress, zeros, planAnew: () => seedPlan.planAnew() };
  onPhase?.({ kind: "assemble", attempt: 1 });
  if (writesInPlace) {
    const target = openBlobInPlace(path, index.size, force, sync);
    const { onCut, looksForMoves } = prepared;
    const onMove = () => onPhase?.({ kind: "assemble", attempt: 1 });
    const moveOptions = { zeros, signal, progress, onCut, onMove };
    await extractBlob(index, planned, all, target, pool, {
      ...building,
      probeTarget: true,
      moveWithin: looksForMoves && target.oldSize > 0
        ? (info) => moveWithin(index, info, target.oldSize, pool, moveOptions)
        : undefined,
    });
    if (!isBlockDevice(path)) removePartialFilesOf(path);
    return { upToDate: target.fits && progress.sources.every(({ origin }) => origin.kind === "in place") };
  }
  const { plan } = planned;
  const parts = { data: plan.ranges(), zeros: plan.omittedRanges() };
  const key = await partialKey(index);
  // What an earlier run left need not be made again.
  if (sizeOfPartialFile(partialPath(path, key)) === undefined) {
    // To reserve room takes its time on some file systems: what can be requested is requested before.
    if (patches.length > 0) {
      const { expectAll } = await import("../jobs/open_patches.ts");
      await expectAll(patches, sources, signal);
      await yielder.yieldNow();
    } else if (seedPlan.seeds.length === 0) prepareFirst(sources, pool);
  }
  const target = createBlobTarget(path, index.size, parts, { sync, key });
  try {
    if (!target.hasZeros) planned = seedPlan.planWithZeros();
  } catch (error) {
    target.discard(target.resumed);
    throw error;
  }
  await extractBlob(index, planned, all, target, pool, building);
  return { upToDate: false };
}

/** Prepares the first store for workers' requests where no cache may have all that is needed. */
function prepareFirst({ cache, stores }: Sources, { fetchesNear, sessionWorkers }: WorkerPool): void {
  if (cache !== undefined || fetchesNear !== "now" || sessionWorkers === 0) return;
  stores.at(0)?.properties.near?.prepare?.();
}

/** Disposes of all of them. */
function disposing(patches: readonly PatchStore[]): AsyncDisposableStack {
  const stack = new AsyncDisposableStack();
  for (const patch of patches) stack.use(patch);
  return stack;
}
