/**
 * What a chunk goes through between a store and a blob: decryption, decompression and digest.
 *
 * The interface has a portable implementation (`portable.ts`) that runs anywhere, and a native one for Deno
 * (`../deno/codec/native_codec.ts`). Both work synchronously: a worker calls them for one chunk after the other.
 */
import type { DigestName } from "../core/chunk.ts";
import type { ChunkKey } from "../core/chunk_key.ts";

/** The compressions that casync writes, recognized by the first bytes. */
export type Compression = "zstd" | "gzip" | "xz";

/** Digest and decompression of chunks. */
export interface Codec {
  /** The 32 bytes of the digest. */
  digest(name: DigestName, bytes: Uint8Array): Uint8Array;
  /** The digests of several in their order, where that is faster than one by one. */
  digestAll?(name: DigestName, pieces: readonly Uint8Array[]): Uint8Array[];
  /**
   * The uncompressed bytes. Never makes more than `limit` bytes, nor needs much more memory than that, whatever the
   * input claims: throws `invalid-chunk` instead, as it does for damaged data. Throws `unsupported` for xz with
   * filters besides LZMA2, which casync does not use. The result may lie at the start of `room`, if that is given and
   * large enough: so chunks after chunks can use the same memory.
   */
  decompress(compression: Compression, bytes: Uint8Array, limit: number, room?: Uint8Array): Uint8Array;
  /**
   * The bytes as they were before they were encrypted, maybe in the same memory. Throws `invalid-chunk` for what the key did
   * not encrypt. Without it, encrypted chunks are refused.
   */
  decrypt?(key: ChunkKey, bytes: Uint8Array): Uint8Array;
}

/** The digests of several, in their order. */
export function digestAll(codec: Codec, name: DigestName, pieces: readonly Uint8Array[]): Uint8Array[] {
  return codec.digestAll?.(name, pieces) ?? pieces.map((bytes) => codec.digest(name, bytes));
}

/** A codec that can also make chunks for a store. */
export interface CompressingCodec extends Codec {
  /** One zstd frame that holds the bytes, its content size and no checksum: the chunk's id is the checksum. */
  compress(bytes: Uint8Array, level: number): Uint8Array;
}

/** Whether the codec compresses. */
export function canCompress(codec: Codec): codec is CompressingCodec {
  return "compress" in codec;
}

/** zstd's own default, which casync and desync use as well. */
export const DEFAULT_ZSTD_LEVEL = 3;

/** Which compression the bytes start like, `undefined` when none. */
export function compressionOf(bytes: Uint8Array): Compression | undefined {
  if (startsWith(bytes, [0x28, 0xb5, 0x2f, 0xfd])) return "zstd";
  if (startsWith(bytes, [0x1f, 0x8b])) return "gzip";
  if (startsWith(bytes, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) return "xz";
  return undefined;
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}
