/** Extraction into a file, with everything wired: the plan, the target and the workers. */
import { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index.ts";
import { extractBlob, type ExtractOptions } from "../jobs/extract.ts";
import { BlobPlan } from "../jobs/plan.ts";
import { Turns } from "../jobs/turns.ts";
import type { Sources } from "../stores/store.ts";
import { WorkerPool } from "../workers/pool.ts";
import { createBlobTarget, openBlobInPlace } from "./blob_target.ts";
import { nativeCodec } from "./native_codec.ts";

/** What {@linkcode extractToFile} may be given. */
export interface ExtractToFileOptions extends Omit<ExtractOptions, "probeTarget"> {
  /** Write into the existing file or block device, keep what is right in it, and keep it on failure. */
  readonly inPlace?: boolean;
  /** Threads at most. Default: one for each processor. */
  readonly threads?: number;
}

/**
 * Builds the blob in the file `path`: beside it under a temporary name, renamed over it when it is complete, so that an
 * old file stays whole until the new one is. Every chunk is verified before it is written.
 *
 * Throws {@linkcode DesyncError}: `missing-chunk`, `invalid-chunk`, `store`, `timeout`, `io`, `interrupted`.
 *
 * @example A blob from two stores, with a cache and a look at what came from where
 * ```ts
 * import { parseIndex } from "@desync/desync";
 * import { extractToFile, LocalStore, Progress } from "@desync/desync/deno";
 *
 * const folder = await Deno.makeTempDir();
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const cache = new LocalStore(`${folder}/cache`, { create: true });
 * const stores = [new LocalStore("testdata/tree.castr"), new LocalStore("testdata/casync-zstd.castr")];
 * const progress = new Progress();
 * await extractToFile(index, { stores, cache }, `${folder}/blob`, { progress });
 * if (progress.done !== index.size) throw new Error("a part is missing");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function extractToFile(
  index: Index,
  sources: Sources,
  path: string,
  options: ExtractToFileOptions = {},
): Promise<void> {
  const { inPlace = false, threads, ...rest } = options;
  // A new file reads as zeros where nothing was written; an old one may hold anything.
  const zeros = new ZeroChunk(index, nativeCodec);
  const turns = new Turns(options.signal);
  const plan = new BlobPlan(index, inPlace ? undefined : zeros);
  await turns.pass();
  const target = inPlace
    ? openBlobInPlace(path, index.size)
    : createBlobTarget(path, index.size, plan.ranges());
  using pool = new WorkerPool(threads);
  await extractBlob(index, plan, sources, target, pool, { ...rest, probeTarget: inPlace, zeros });
}
