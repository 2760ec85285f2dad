/** Extraction by a page into a file, with everything wired: the plan, the output, the seeds and the web workers. */
import { portableCodec } from "../codec/portable.ts";
import { ZeroChunk } from "../codec/zero_chunk.ts";
import { toHex } from "../core/bytes.ts";
import type { DesyncError } from "../core/errors.ts";
import type { Progress } from "../core/progress.ts";
import type { Index } from "../formats/index/index.ts";
import { extractBlob } from "../jobs/extract.ts";
import { type DeltaInput, expectAll, openPatches } from "../jobs/open_patches.ts";
import type { ChunkStore, PatchStore } from "../stores/store.ts";
import { BlobPlan } from "../transfer/blob_plan.ts";
import type { BlobTarget } from "../transfer/ports.ts";
import { assign } from "../transfer/seeds/assign.ts";
import { SeedUse } from "../transfer/seeds/seed_use.ts";
import { ChosenOutput, PrivateOutput, type WebOutput } from "./web_output.ts";
import { poolOf, type WebWorkers } from "./web_workers.ts";
import type { DirectoryHandle, FileHandle } from "./file_system.ts";

/** A file of the user's that has much in common with a blob, usually an older version of it. */
export interface WebSeed {
  /** What it is called. */
  readonly name: string;
  /** Its bytes, as `<input type="file">` gives them. */
  readonly file: Blob;
  /** Its chunks, which {@linkcode WebWorkers.cut} finds. */
  readonly index: Index;
}

/** What both functions may be given. */
export interface ExtractInBrowserOptions {
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Counted up while the work goes on. */
  readonly progress?: Progress;
  /** Files of the user's that have some of the chunks. They are verified; what they do not have is fetched. */
  readonly seeds?: readonly WebSeed[];
  /**
   * Delta files for this blob ({@linkcode openDeltaFile}). They are used where one of the seeds is the old version that they
   * are for, and has its index.
   */
  readonly deltas?: readonly DeltaInput[];
  /** Gets what is wrong with a delta: what it would have made is fetched from the stores. */
  readonly onDeltaProblem?: (problem: DesyncError, location: string) => void;
  /** Gets what is wrong with a seed that is not what its index says, or cannot be read: once for each. */
  readonly onSeedProblem?: (problem: DesyncError, seed: WebSeed) => void;
}

/**
 * Builds the blob in a file of the browser's private file system (OPFS), under this name once it is whole. What a run wrote
 * that was stopped, in a page that was closed or reloaded, or whose stores failed, stays beside it: the next run verifies it
 * and fetches the rest. Name the file by {@linkcode blobKey}, so that only the same blob is gone on with.
 *
 * Throws {@linkcode DesyncError}: `missing-chunk`, `invalid-chunk`, `store`, `timeout`, `io`, `interrupted`. After `io` nothing
 * is left of it.
 *
 * @example A download that survives a reload
 * ```ts ignore
 * const directory = await navigator.storage.getDirectory();
 * const file = await extractToPrivateFile(index, stores, directory, await blobKey(index), workers, { signal });
 * link.href = URL.createObjectURL(await file.getFile()); // <a download>
 * ```
 */
export async function extractToPrivateFile(
  index: Index,
  stores: readonly ChunkStore[],
  directory: DirectoryHandle,
  name: string,
  workers: WebWorkers,
  options: ExtractInBrowserOptions = {},
): Promise<FileHandle> {
  const output = await PrivateOutput.open(poolOf(workers).startAlone(), directory, name, index.size);
  await extractTo(index, stores, output, name, workers, options);
  return await directory.getFileHandle(name);
}

/**
 * Builds the blob in a file that the user has chosen (`showSaveFilePicker`). The file stays as it was until the blob is whole.
 * Throws as {@linkcode extractToPrivateFile} does.
 *
 * @example Save a blob where the user wants it
 * ```ts ignore
 * const file = await showSaveFilePicker({ suggestedName: "image.img" });
 * await extractToChosenFile(index, stores, file, workers, { signal, progress });
 * ```
 */
export async function extractToChosenFile(
  index: Index,
  stores: readonly ChunkStore[],
  file: FileHandle,
  workers: WebWorkers,
  options: ExtractInBrowserOptions = {},
): Promise<void> {
  const output = await ChosenOutput.open(file, index.size);
  await extractTo(index, stores, output, file.name, workers, options);
}

/**
 * A name for the blob: the same for all indexes of the same chunks.
 *
 * @example Where a page keeps what it downloads
 * ```ts
 * import { parseIndex } from "@desync/desync";
 * import { blobKey } from "@desync/desync/browser";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * if (!/^[0-9a-f]{32}$/.test(await blobKey(index))) throw new Error("it fits any file system");
 * ```
 */
export async function blobKey({ digest, ends, ids }: Index): Promise<string> {
  const places = new Uint8Array(ends.buffer, ends.byteOffset, ends.byteLength);
  const all = new Blob([digest, places as Uint8Array<ArrayBuffer>, ids as Uint8Array<ArrayBuffer>]);
  const hash = await crypto.subtle.digest("SHA-256", await all.arrayBuffer());
  return toHex(new Uint8Array(hash, 0, 16));
}

async function extractTo(
  index: Index,
  stores: readonly ChunkStore[],
  output: WebOutput,
  displayName: string,
  workers: WebWorkers,
  options: ExtractInBrowserOptions,
): Promise<void> {
  const { signal, progress, seeds = [], onSeedProblem, deltas = [], onDeltaProblem: onProblem } = options;
  const pool = poolOf(workers);
  const path = pool.addOutput(output);
  const files = seeds.map(({ name, file }) => ({ path: pool.addFile(file), displayName: name }));
  const reported = new Set<number>();
  const use = new SeedUse(files, ({ seed, error }) => {
    if (reported.has(seed)) return;
    reported.add(seed);
    onSeedProblem?.(error, seeds[seed]);
  });
  let patches: readonly PatchStore[] = [];
  let discarding: Promise<void> | undefined;
  const target: BlobTarget = {
    path,
    displayName,
    sparse: true,
    resumed: output.resumed,
    commit: () => output.commit(),
    discard: (keep = false) => {
      discarding = output.discard(keep);
      return keep && output instanceof PrivateOutput;
    },
  };
  try {
    const zeros = new ZeroChunk(index, portableCodec);
    // A new file reads as zeros where nothing was written.
    const plan = new BlobPlan(
      index,
      output.resumed ? undefined : zeros,
      seeds.length === 0 ? undefined : assign(index, seeds.map(({ index }) => index)),
    );
    const versions = seeds.map(({ index }, i) => ({ index, file: files[i] }));
    const onFetched = (location: string, bytes: number) =>
      progress?.add({ kind: "patched", location }, 0, 0, bytes);
    const patching = { codec: portableCodec, workers: pool, zeros, signal, onProblem, onFetched };
    patches = await openPatches(index, deltas, versions, patching);
    // What is there already will not be asked for.
    if (!output.resumed) await expectAll(patches, {}, signal);
    await extractBlob(
      index,
      { plan, seeds: files.length === 0 ? undefined : use },
      { stores, patches },
      target,
      pool,
      {
        zeros,
        signal,
        progress,
      },
    );
  } catch (error) {
    await (discarding ?? output.discard(false));
    throw error;
  } finally {
    for (const patch of patches) await patch[Symbol.asyncDispose]();
    for (const name of [path, ...files.map(({ path }) => path)]) pool.remove(name);
  }
}
