/** The codec out of what Deno and node ship: node:crypto and node:zlib, an order of magnitude faster than JavaScript. */
import type { ZstdOptions } from "node:zlib";
import { type DigestName, maxStoredSize } from "../../core/chunk.ts";
import { type CompressingCodec, type Compression, DEFAULT_ZSTD_LEVEL } from "../../codec/codec.ts";
import { damaged, MIN_WINDOW_LIMIT, tooLarge } from "../../codec/limits.ts";
import { unxz } from "../../codec/xz/unxz.ts";
import { concat, withoutNodesKind } from "../../core/bytes.ts";
import { parseZstdFrameHeader, zstdFrames } from "../../codec/zstd_frame.ts";
import { DesyncError } from "../../core/errors.ts";
import { prefersSystemLibraries } from "../system/libraries.ts";
import { node } from "../system/node.ts";
import { cipherOf } from "./native_cipher.ts";
import { hasZstd } from "../system/runtime.ts";
import type { DigestAll } from "./lanes/sha512_lanes.ts";
import { type Digest, systemSha512256 } from "./libcrypto.ts";
import { systemUnzstd, type Unzstd } from "./libzstd.ts";

/** A compressed block of 4 bytes makes at most 128 KiB, so a frame's claim beyond this ratio is a lie. */
const MAX_ZSTD_RATIO = 32768;
/** Output buffer for frames that do not state their size: casync's. Most chunks are no larger. */
const UNKNOWN_SIZE_BUFFER = 256 * 1024;
/** Up to this size zstd's own tables for level 3 are larger than they need to be. */
const SMALL = 256 * 1024;

/** What is hashed one by one at first, in bytes: lanes take 5 ms to begin. */
let bytesBeforeLanes = 8 * 1024 * 1024;

const wasmZstd = hasZstd() ? undefined : await import("./zstd_in_wasm.ts");

/** What works in this thread, chosen when first needed: `null` is node's. */
let chosenDigest: Digest | null | undefined;
let chosenLanes: DigestAll | null = null;
let chosenUnzstd: Unzstd | null | undefined;
/** Where it puts what frames hold that do not state their size. */
let unsized = new Uint8Array(0);

function systemDigest(): Digest | null {
  if (chosenDigest === undefined) chosenDigest = prefersSystemLibraries() ? systemSha512256() : null;
  return chosenDigest;
}

function sha512256(bytes: Uint8Array): Uint8Array {
  return systemDigest()?.(bytes) ?? node.crypto.hash("sha512-256", bytes, "buffer");
}

/** Makes digests of several at a time, `null` where that is not to be had. */
type MakeLanes = (digest: Digest) => DigestAll | null;
let makeLanes: MakeLanes | undefined;

/** From now on, this thread hashes several chunks at a time: for threads that have much to do. */
export function hashByLanes(make: MakeLanes): void {
  makeLanes = make;
}

/** Digests of several at a time, once so much is hashed that making ready for it pays. */
function lanes(pieces: readonly Uint8Array[]): DigestAll | null {
  if (makeLanes === undefined) return chosenLanes;
  for (const { length } of pieces) bytesBeforeLanes -= length;
  if (bytesBeforeLanes > 0) return null;
  const digest = systemDigest();
  chosenLanes = digest && makeLanes(digest);
  makeLanes = undefined;
  return chosenLanes;
}

function systemZstd(): Unzstd | null {
  if (chosenUnzstd === undefined) {
    chosenUnzstd = prefersSystemLibraries() ? systemUnzstd() : null;
    if (chosenUnzstd !== null) unsized = new Uint8Array(UNKNOWN_SIZE_BUFFER);
  }
  return chosenUnzstd;
}

/**
 * Digest and compression by native code.
 *
 * @example A chunk for a store
 * ```ts
 * import { nativeCodec } from "@desync/desync/deno";
 *
 * const bytes = new TextEncoder().encode("the same again and again, ".repeat(1000));
 * const frame = nativeCodec.compress(bytes, 3);
 * const again = nativeCodec.decompress("zstd", frame, bytes.length);
 * if (frame.length > 1000 || again.length !== bytes.length) throw new Error("small, and all of it");
 * ```
 */
export const nativeCodec: CompressingCodec = {
  digest(name: DigestName, bytes: Uint8Array): Uint8Array {
    return name === "sha256" ? node.crypto.hash("sha256", bytes, "buffer") : sha512256(bytes);
  },

  digestAll(name: DigestName, pieces: readonly Uint8Array[]): Uint8Array[] {
    const byLanes = name === "sha512-256" && pieces.length > 1 ? lanes(pieces) : null;
    return byLanes?.(pieces) ?? pieces.map((bytes) => nativeCodec.digest(name, bytes));
  },

  decompress(compression: Compression, bytes: Uint8Array, limit: number, room?: Uint8Array): Uint8Array {
    try {
      if (compression === "xz") {
        return unxz(bytes, limit, (part) => node.crypto.hash("sha256", part, "buffer"));
      }
      if (compression === "gzip") {
        // Node takes no 0.
        const unpacked = node.zlib.gunzipSync(bytes, { maxOutputLength: Math.max(1, limit) });
        if (unpacked.length > limit) throw tooLarge(limit);
        return withoutNodesKind(unpacked);
      }
      return wasmZstd === undefined ? unzstd(bytes, limit, room) : wasmZstd.decompress(bytes, limit);
    } catch (error) {
      if (error instanceof DesyncError) throw error;
      if (isTooLarge(error)) throw tooLarge(limit);
      throw damaged(compression, error);
    }
  },

  decrypt: (key, bytes) => cipherOf(key).open(bytes),

  compress(bytes: Uint8Array, level: number): Uint8Array {
    if (wasmZstd !== undefined) return wasmZstd.compress(bytes, level);
    // With an output buffer that is too small for all of it, Deno 2.9 adds an empty frame, which casync refuses.
    const chunkSize = maxStoredSize(bytes.length);
    const params = parameters(bytes.length, level);
    // Node's documentation has this option, its types for Deno lack it: the frame then states its content's size.
    const options: ZstdOptions & { pledgedSrcSize: number } = {
      chunkSize,
      params,
      pledgedSrcSize: bytes.length,
    };
    return withoutNodesKind(node.zlib.zstdCompressSync(bytes, options));
  },
};

/**
 * Those of the level. At the default one, chunks of usual sizes get smaller tables, which stay in a processor's own cache,
 * and matches of four bytes. Of system files, chop takes 0.98 of the time then, and the store is 0.4 % smaller; of English
 * text it is up to 1.7 % larger (zstd 1.5).
 */
function parameters(size: number, level: number): Record<number, number> {
  const { constants } = node.zlib;
  const own = { [constants.ZSTD_c_compressionLevel]: level };
  if (level !== DEFAULT_ZSTD_LEVEL || size > SMALL) return own;
  return {
    ...own,
    [constants.ZSTD_c_minMatch]: 4,
    [constants.ZSTD_c_hashLog]: 15,
    [constants.ZSTD_c_chainLog]: 13,
  };
}

/** Frame by frame: what Deno 2.9 makes of several at once depends on the size of the output buffer. */
function unzstd(bytes: Uint8Array, limit: number, room?: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  let left = limit;
  for (const frame of zstdFrames(bytes, () => limit - left)) {
    // As good as always there is one frame.
    const isOnly = frame.length === bytes.length;
    const piece = unzstdFrame(frame, Math.max(1, left), isOnly ? room : undefined);
    left -= piece.length;
    if (left < 0) throw tooLarge(limit);
    if (isOnly) return piece;
    // A copy is kept: their buffers may be much larger.
    pieces.push(new Uint8Array(piece));
  }
  return concat(pieces);
}

function unzstdFrame(bytes: Uint8Array, limit: number, room?: Uint8Array): Uint8Array {
  const header = parseZstdFrameHeader(bytes);
  const expected = header?.contentSize ?? Math.min(limit, UNKNOWN_SIZE_BUFFER);
  // One buffer that holds it all is a tenth faster than pieces that are joined. It is a byte larger: one that gets full
  // makes node:zlib allocate the next, which nothing ever fills, and which lies about until garbage is collected.
  const chunkSize = Math.max(64, Math.min(expected, limit, bytes.length * MAX_ZSTD_RATIO) + 1);
  const windowLimit = Math.max(limit, MIN_WINDOW_LIMIT);
  const library = systemZstd();
  if (library !== null && header !== undefined && header.windowSize <= windowLimit) {
    const isSized = header.contentSize !== undefined;
    const size = chunkSize - 1;
    const isRoomy = room !== undefined && size <= room.length;
    const memory = isRoomy ? room : isSized ? new Uint8Array(size) : unsized;
    const count = library(bytes, memory.subarray(0, size));
    if (count !== undefined) {
      return isRoomy
        ? memory.subarray(0, count)
        : isSized && count === size
        ? memory
        : memory.slice(0, count);
    }
    // Else node:zlib says what is wrong with it, or makes more of it.
  }
  const params = { [node.zlib.constants.ZSTD_d_windowLogMax]: Math.ceil(Math.log2(windowLimit)) };
  return withoutNodesKind(runZstd(bytes, { chunkSize, maxOutputLength: limit, params }));
}

/**
 * Does what `zstdDecompressSync` does, and closes a decoder that failed. Deno 2.9 leaves that to the garbage collector,
 * which does not see the 30 KiB and more that each one holds: 25,000 damaged chunks took 0.8 GB.
 */
function runZstd(bytes: Uint8Array, options: ZstdOptions): Uint8Array {
  // Node keeps this method for old callers, and its types omit it.
  const decoder: ZstdDecoder = node.zlib.createZstdDecompress(options);
  if (decoder._processChunk === undefined) return node.zlib.zstdDecompressSync(bytes, options);
  try {
    return decoder._processChunk(bytes, node.zlib.constants.ZSTD_e_end);
  } catch (error) {
    decoder.destroy();
    throw error;
  }
}

interface ZstdDecoder {
  _processChunk?(bytes: Uint8Array, flush: number): Uint8Array;
  destroy(): void;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
