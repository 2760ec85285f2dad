/** Extraction into a file, with everything wired: the plan, the target and the workers. */
import { ZeroChunk } from "../codec/zero_chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { Index } from "../formats/index/index.ts";
import { isBlob } from "../jobs/compare.ts";
import { extractBlob, type ExtractOptions } from "../jobs/extract.ts";
import { BlobPlan } from "../transfer/plan.ts";
import type { Workers } from "../transfer/ports.ts";
import { Progress } from "../core/progress.ts";
import { Yielder } from "../core/yielder.ts";
import type { Sources } from "../stores/store.ts";
import { WorkerPool } from "../workers/pool.ts";
import { createBlobTarget, openBlobInPlace } from "./output/blob_target.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import { isBlockDevice } from "./output/output_checks.ts";
import { isPlantedAt } from "./output/planted.ts";
import { checkUnchanged, inspectSource } from "./files/source_file.ts";

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
  /** Return when the blob is on the disk, and let no power cut leave a part of it under its name. Default: true. */
  readonly sync?: boolean;
}

/**
 * Builds the blob in the file `path`: beside it under a temporary name, renamed over it when it is complete, so that an
 * old file stays whole until the new one is. Every chunk is verified before it is written. A file that is the blob
 * already is not written at all, and `upToDate` is true then.
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
  const { inPlace = false, force = false, sync = true, threads, progress = new Progress(), ...rest } =
    options;
  const { signal } = rest;
  const yielder = new Yielder(signal);
  using pool = new WorkerPool(threads);
  const zeros = new ZeroChunk(index, nativeCodec);
  if (inPlace || isBlockDevice(path)) {
    const plan = new BlobPlan(index);
    await yielder.yieldIfDue();
    const target = openBlobInPlace(path, index.size, force, sync);
    await extractBlob(index, plan, sources, target, pool, {
      ...rest,
      progress,
      zeros,
      probeTarget: true,
    });
    return { upToDate: target.fits && progress.sources.every(({ origin }) => origin.kind === "in place") };
  }
  if (await isThere(path, index, pool, progress, signal)) return { upToDate: true };
  // A new file reads as zeros where nothing was written; an old one may hold anything.
  const plan = new BlobPlan(index, zeros);
  await yielder.yieldIfDue();
  const target = createBlobTarget(path, index.size, plan.ranges(), sync);
  await extractBlob(index, plan, sources, target, pool, { ...rest, progress, zeros });
  return { upToDate: false };
}

/**
 * Whether the blob is there already, in a file that may be read. A symlink is to become a file, and so is the file of
 * another user who may have planted it, to change it later.
 */
async function isThere(
  path: string,
  index: Index,
  workers: Workers,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const { isFile, size } = Deno.lstatSync(path);
    if (!isFile || size !== index.size || isPlantedAt(path)) return false;
    const before = inspectSource(path);
    const found = await isBlob(path, size, index, workers, { progress, signal });
    await workers.release();
    if (found) checkUnchanged(path, before);
    return found;
  } catch (error) {
    if (error instanceof DesyncError && error.code === "interrupted") throw error;
    // It cannot be read, or changed meanwhile: it is replaced then.
    progress.reset();
    return false;
  }
}
