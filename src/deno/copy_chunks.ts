/** Chunks copied from stores to a store, with everything wired: the target and the workers. */
import type { ChunkId } from "../core/chunk.ts";
import { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index/index.ts";
import { copyChunks as copy } from "../jobs/copy_chunks.ts";
import type { Sources, WritableChunkStore } from "../stores/store.ts";
import { WorkerPool } from "../workers/pool.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import { fillStore, type StoringOptions } from "./store/storing_options.ts";

/** What {@linkcode copyChunks} may be given. */
export interface CopyChunksOptions extends StoringOptions {
  /** Chunks that are left out. */
  readonly ignore?: ReadonlySet<ChunkId>;
}

/**
 * Copies the chunks of one index, or of several, from sources to a store that lacks them, without building the blob: to
 * fill a cache beforehand, or to mirror a store. Every chunk is verified before it is stored.
 *
 * Throws {@linkcode DesyncError}: `missing-chunk`, `invalid-chunk`, `store`, `timeout`, `io`, `interrupted`.
 *
 * @example Copy what an index needs
 * ```ts
 * import { parseIndex } from "@desync/desync";
 * import { copyChunks, LocalStore } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const target = new LocalStore(`${directory}/store`, { create: true });
 * await copyChunks(index, { stores: [new LocalStore("testdata/casync-zstd.castr")] }, target);
 * if (!(await target.has(index.id(0)))) throw new Error("a chunk is missing");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function copyChunks(
  indexes: Index | readonly Index[],
  sources: Sources,
  target: WritableChunkStore,
  options: CopyChunksOptions = {},
): Promise<void> {
  const { ignore, threads, signal, progress } = options;
  using filled = fillStore(target, options);
  using workers = new WorkerPool(threads);
  for (const index of [indexes].flat()) {
    const zeros = new ZeroChunk(index, nativeCodec);
    await copy(index, sources, workers, {
      destination: filled.destination,
      zeros,
      ignore,
      signal,
      progress,
    });
  }
  filled.check();
}
