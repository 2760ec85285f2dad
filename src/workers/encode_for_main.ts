/** In a worker: chunks that the main thread puts into a store. */
import { encodeChunk } from "../codec/encode_chunk.ts";
import { type OpenedChunk, trustChunk, type VerifiedChunk } from "../codec/open_chunk.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import type { MainDestination } from "../transfer/messages.ts";

/** The chunk in the form that is wanted there, with bytes that nothing else uses: they are moved to the main thread. */
export function encodeForMain({ encoding }: MainDestination, chunk: OpenedChunk): VerifiedChunk {
  const { id, stored } = encodeChunk(nativeCodec, chunk, encoding);
  const { form, bytes } = stored;
  const isOwn = bytes !== chunk.stored.bytes && bytes !== chunk.bytes;
  return trustChunk(id, { form, bytes: isOwn ? bytes : new Uint8Array(bytes) });
}
