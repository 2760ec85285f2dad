/** In a worker: chunks that the main thread puts into a store. */
import { encodeChunk } from "../codec/encode_chunk.ts";
import { freeBytes } from "../core/bytes.ts";
import { cipherOf } from "../deno/codec/native_cipher.ts";
import { type OpenedChunk, sealChunk, trustChunk, type VerifiedChunk } from "../codec/open_chunk.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import type { MainDestination } from "../transfer/messages.ts";

/**
 * The chunk as it is wanted there, with bytes that nothing else uses, in a buffer of their size: they are moved to the main
 * thread, where many wait. What compresses leaves them in one that is several times as large.
 */
export function encodeForMain(
  { encoding, encryption }: MainDestination,
  chunk: OpenedChunk,
): VerifiedChunk {
  const encoded = encodeChunk(nativeCodec, chunk, encoding);
  const { id, stored: { form, bytes } } = encoded;
  const { stored } = encryption === undefined
    ? { stored: { form, bytes: new Uint8Array(bytes) } }
    : sealChunk(encoded, cipherOf(encryption));
  if (bytes !== chunk.stored.bytes && bytes !== chunk.bytes) freeBytes(bytes);
  return trustChunk(id, stored);
}
