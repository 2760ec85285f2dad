/** Delta files of two versions, with everything wired: the workers and the file. */
import { dirname, resolve } from "./system/paths.ts";
import { ChunkReader } from "../stores/wrappers/chunk_reader.ts";
import { PIECE_BYTES } from "../core/bytes.ts";
import { DesyncError } from "../core/errors.ts";
import type { Progress } from "../core/progress.ts";
import { serializeDeltaHead } from "../delta/delta_file.ts";
import type { Index } from "../formats/index/index.ts";
import { makeDelta, type Version, versionInFile, versionInStores } from "../jobs/make_delta.ts";
import type { Sources } from "../stores/store.ts";
import { WorkerPool } from "../workers/pool.ts";
import { ChunkSpool, type ReadChunk } from "./chunk_spool.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import { DEFAULT_DELTA_LEVEL } from "./delta_level.ts";
import { checkUnchanged, inspectSource, sizeToCompare } from "./files/source_file.ts";
import { SpoolFile } from "./files/spool_file.ts";
import { isSpecialOutput } from "./output/output_checks.ts";
import { WholeFile } from "./output/whole_file.ts";

/** A version of a blob: its index, and the file or the stores that have its bytes. */
export interface DeltaVersion {
  /** What the version consists of. */
  readonly index: Index;
  /** A file or block device of this machine, or stores with the chunks. */
  readonly bytes: string | Sources;
}

/** What {@linkcode makeDeltaFile} may be given. */
export interface MakeDeltaFileOptions {
  /** zstd's level. Default: 9. */
  readonly level?: number;
  /** Write the file even when the chunks themselves take hardly more. Default: false. */
  readonly always?: boolean;
  /** Threads at most. Default: one for each processor. */
  readonly threads?: number;
  /** Return when the file is on the disk. Default: true. */
  readonly sync?: boolean;
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Counts bytes of both versions' chunks that differ. */
  readonly progress?: Progress;
}

/** What became of it. */
export interface DeltaFileResult {
  /** Whether the file was written: not if it does not pay. */
  readonly written: boolean;
  /** Bytes of the file, as it is or would be. */
  readonly bytes: number;
  /** Chunks that the new version has and the old one lacks. */
  readonly chunks: number;
  /** Their bytes. */
  readonly chunkBytes: number;
  /** About what these take in a store. */
  readonly storedBytes: number;
}

/** A delta that takes at least this part of what the chunks take is not worth it. */
const PAYING_SHARE = 0.9;

/**
 * Writes the delta of two versions to the file `path`, by all processors: the same bytes whatever their number. The memory
 * that it takes is bounded. Frames wait in a file without a name beside it, and old chunks that come from stores in another.
 *
 * Throws {@linkcode DesyncError}: `mismatch` for a file that is not what its index describes, `usage` for indexes of other
 * digests, `unsupported` where the system's libzstd cannot be had, `io`, `missing-file`, `interrupted`, and what the stores throw.
 *
 * @example A new version made out of the old one and their delta, without any store
 * ```ts
 * import { DesyncError } from "@desync/desync";
 * import { extractToFile, FileAccess, makeDeltaFile, makeFromFile } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const [path, newPath, location] = ["old", "new", "delta"].map((name) => `${directory}/${name}`);
 * const bytes = crypto.getRandomValues(new Uint8Array(60_000));
 * await Deno.writeFile(path, bytes);
 * await Deno.writeFile(newPath, bytes.with(30_000, 1));
 * const [old, next] = [await makeFromFile(path), await makeFromFile(newPath)];
 * try {
 *   await makeDeltaFile({ index: old.index, bytes: path }, { index: next.index, bytes: newPath }, location);
 *   using access = FileAccess.open(location);
 *   const deltas = access === null ? [] : [{ location, access }];
 *   const seeds = [{ path, index: old.index }];
 *   await extractToFile(next.index, { stores: [] }, `${directory}/again`, { seeds, deltas });
 * } catch (error) {
 *   // Not every system has libzstd.
 *   if (!(error instanceof DesyncError) || error.code !== "unsupported") throw error;
 * }
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function makeDeltaFile(
  base: DeltaVersion | undefined,
  target: DeltaVersion,
  path: string,
  options: MakeDeltaFileOptions = {},
): Promise<DeltaFileResult> {
  const { level = DEFAULT_DELTA_LEVEL, always = false, threads, sync, signal, progress } = options;
  if (base !== undefined && base.index.digest !== target.index.digest) {
    throw new DesyncError("usage", {
      action: "make a delta",
      reason:
        `the ids of the old version are ${base.index.digest}, those of the new one ${target.index.digest}`,
      hint: "cut both with the same --digest",
    });
  }
  if (path === "-" || isSpecialOutput(path)) {
    throw new DesyncError("usage", { action: "write", subject: path, reason: "it is not a regular file" });
  }
  const sources = [base, target].filter((version) => version !== undefined);
  const files = sources.flatMap(({ index, bytes }) => {
    if (typeof bytes !== "string") return [];
    const state = inspectSource(bytes);
    const size = sizeToCompare(state, index);
    if (size !== index.size) throw otherSize(bytes, size, index);
    return [{ path: bytes, state }];
  });
  using out = new WholeFile(path, sync);
  using frames = new SpoolFile(dirname(resolve(path)));
  using pool = WorkerPool.forBytes(target.index.size, threads);
  using spools = new DisposableStack();
  // Old chunks are compared first; those that new ones are made of are needed again.
  const keep = (read: ReadChunk) => {
    const spool = spools.use(new ChunkSpool(dirname(resolve(path)), read));
    return (chunk: Parameters<ReadChunk>[0]) => spool.get(chunk);
  };
  const old = base && opened(base, signal, keep);
  const made = await makeDelta(old, opened(target, signal), pool, {
    level,
    signal,
    progress,
    write: (frame) => frames.append(frame),
  });
  for (const { path, state } of files) checkUnchanged(path, state);
  const head = serializeDeltaHead(target.index, base?.index, made.frames, made.largest, nativeCodec);
  const { chunks, bytes: chunkBytes, storedBytes, framesBytes } = made;
  const result = { bytes: head.length + framesBytes, chunks, chunkBytes, storedBytes };
  if (!always && chunks > 0 && framesBytes >= PAYING_SHARE * storedBytes) {
    return { ...result, written: false };
  }
  out.write(head);
  const buffer = new Uint8Array(PIECE_BYTES);
  for (let at = 0; at < framesBytes;) {
    const piece = buffer.subarray(0, framesBytes - at);
    frames.read(piece, at);
    out.write(piece);
    at += piece.length;
  }
  await out.commit(signal);
  return { ...result, written: true };
}

function opened(
  { index, bytes }: DeltaVersion,
  signal: AbortSignal | undefined,
  keep = (read: ReadChunk) => read,
): Version {
  if (typeof bytes === "string") return versionInFile(index, bytes);
  const reader = new ChunkReader(bytes, nativeCodec);
  const { digest } = index;
  return versionInStores(index, keep(({ id, size }) => reader.read({ id, size, digest }, { signal })));
}

function otherSize(path: string, size: number, index: Index): DesyncError {
  return new DesyncError("mismatch", {
    action: "use",
    subject: path,
    reason: `it has ${size} bytes, its index describes ${index.size}`,
  });
}
