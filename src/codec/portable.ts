/** The codec for places without native code: browsers, and anything else that runs JavaScript. */
import { sha256, sha512_256 } from "npm:@noble/hashes@2.4.0/sha2.js";
import { Gunzip } from "npm:fflate@0.8.3";
import { Decompress } from "npm:fzstd@0.1.1";
import { concat } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { Codec, Compression } from "./codec.ts";
import { checkFrames, damaged, MIN_WINDOW_LIMIT, tooLarge, xzUnsupported } from "./limits.ts";
import { parseZstdFrameHeader, zstdFrames } from "./zstd_frame.ts";

/** Deflate makes at most 1032 bytes of one: 4 MiB of a part. */
const GZIP_PART_BYTES = 4096;

/**
 * Digest and decompression in plain JavaScript.
 *
 * @example The id of a chunk
 * ```ts
 * import { portableCodec } from "@desync/desync";
 *
 * const id = portableCodec.digest("sha512-256", new TextEncoder().encode("abc")).toHex();
 * if (!id.startsWith("53048e26")) throw new Error("FIPS 180-4 has another one");
 * ```
 */
export const portableCodec: Codec = {
  digest(name: DigestName, bytes: Uint8Array): Uint8Array {
    return name === "sha256" ? sha256(bytes) : sha512_256(bytes);
  },

  decompress(compression: Compression, bytes: Uint8Array, limit: number): Uint8Array {
    if (compression === "xz") throw xzUnsupported();
    const output = new BoundedOutput(limit);
    try {
      if (compression === "zstd") unzstd(bytes, limit, output);
      else gunzip(bytes, output);
    } catch (error) {
      if (error instanceof DesyncError) throw error;
      throw damaged(compression, error);
    }
    return output.bytes();
  },
};

/** In parts: fflate inflates all that it is given before it shows how much that is. */
function gunzip(bytes: Uint8Array, output: BoundedOutput): void {
  let members = 0;
  const stream = new Gunzip((piece) => output.add(piece));
  stream.onmember = () => checkFrames(++members, output.length);
  let at = 0;
  do {
    const end = at + GZIP_PART_BYTES;
    stream.push(bytes.subarray(at, end), end >= bytes.length);
    at = end;
  } while (at < bytes.length);
}

/** Frame by frame: a later one may ask for more memory than the first, and fzstd would keep the memory of all. */
function unzstd(bytes: Uint8Array, limit: number, output: BoundedOutput): void {
  for (const frame of zstdFrames(bytes, () => output.length)) {
    const { windowSize } = parseZstdFrameHeader(frame)!;
    if (windowSize > Math.max(limit, MIN_WINDOW_LIMIT)) {
      throw new Error(`it asks for a window of ${windowSize} bytes`);
    }
    new Decompress((piece) => output.add(piece)).push(frame, true);
  }
}

/** Collects what a decompressor gives and stops it when that is too much. */
class BoundedOutput {
  readonly #limit: number;
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > this.#limit) throw tooLarge(this.#limit);
    this.#pieces.push(piece.slice());
  }

  bytes(): Uint8Array {
    return concat(this.#pieces);
  }
}
