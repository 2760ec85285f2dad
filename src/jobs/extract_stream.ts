/** Builds a blob into a stream, in order: for browsers, and wherever there is no file to write to. */
import type { Index } from "../formats/index/index.ts";
import type { ChunkStore, Sources } from "../stores/store.ts";
import { type BlobOptions, ChunkedBlob } from "../blob/blob.ts";

/** What {@linkcode extract} may be given. */
export interface ExtractStreamOptions extends BlobOptions {
  /** Stops the work; the stream is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Writes the blob to `target` and closes it. Every chunk is verified before it is written; on any failure `target` is
 * aborted and the error thrown: whatever it has got until then is right, but not all.
 *
 * @example A blob into a file, in order
 * ```ts
 * import { extract, parseIndex } from "@desync/desync";
 * import { LocalStore } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const path = await Deno.makeTempFile();
 * const file = await Deno.open(path, { write: true });
 * await extract(index, new LocalStore("testdata/casync-zstd.castr"), file.writable);
 * if ((await Deno.stat(path)).size !== index.size) throw new Error("a part is missing");
 * await Deno.remove(path);
 * ```
 */
export async function extract(
  index: Index,
  sources: Sources | ChunkStore,
  target: WritableStream<Uint8Array>,
  options: ExtractStreamOptions = {},
): Promise<void> {
  await ChunkedBlob.open(index, sources, options).stream(options).pipeTo(target);
}
