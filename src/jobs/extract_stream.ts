/** Builds a blob into a stream, in order: for browsers, and wherever there is no file to write to. */
import type { Index } from "../formats/index.ts";
import type { ChunkStore, Sources } from "../stores/store.ts";
import { type BlobOptions, ChunkedBlob } from "./blob.ts";

/** What {@linkcode extract} may be given. */
export interface ExtractStreamOptions extends BlobOptions {
  /** Stops the work; the stream is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Writes the blob to `target` and closes it. Every chunk is verified before it is written; on any failure `target` is
 * aborted and the error thrown: whatever it has got until then is right, but not all.
 */
export async function extract(
  index: Index,
  sources: Sources | ChunkStore,
  target: WritableStream<Uint8Array>,
  options: ExtractStreamOptions = {},
): Promise<void> {
  await ChunkedBlob.open(index, sources, options).stream(options).pipeTo(target);
}
