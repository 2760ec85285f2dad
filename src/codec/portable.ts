/** The codec for places without native code: browsers, and anything else that runs JavaScript. */
import { Gunzip } from "npm:fflate@0.8.3";
import { decompress as fzstd } from "npm:fzstd@0.1.1";
import { concat, viewOf } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { Codec, Compression } from "./codec.ts";
import { portableDigest } from "./portable_digest.ts";
import { checkFrames, damaged, MIN_WINDOW_LIMIT, tooLarge } from "./limits.ts";
import { SPARE_BYTES } from "./fse_table.ts";
import { unxz } from "./xz/unxz.ts";
import { contentOfBlocks } from "./zstd_blocks.ts";
import { parseZstdFrameHeader, zstdFrames } from "./zstd_frame.ts";

/** Deflate makes at most 1032 bytes of one: 4 MiB of a part. */
const GZIP_PART_BYTES = 4096;

/**
 * Decompression in plain JavaScript; digests in WebAssembly where that is allowed, in node and its like by the platform.
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
    return portableDigest(name, bytes);
  },

  decompress(compression: Compression, bytes: Uint8Array, limit: number): Uint8Array {
    try {
      if (compression === "xz") return unxz(bytes, limit, (part) => portableDigest("sha256", part));
      return compression === "zstd" ? unzstd(bytes, limit) : gunzip(bytes, limit);
    } catch (error) {
      if (error instanceof DesyncError) throw error;
      throw damaged(compression, error);
    }
  },
};

/** In parts: fflate inflates all that it is given before it shows how much that is. */
function gunzip(bytes: Uint8Array, limit: number): Uint8Array {
  const output = new BoundedOutput(limit);
  let members = 0;
  const stream = new Gunzip((piece) => output.add(piece));
  stream.onmember = () => checkFrames(++members, output.length);
  let at = 0;
  do {
    const end = at + GZIP_PART_BYTES;
    stream.push(bytes.subarray(at, end), end >= bytes.length);
    at = end;
  } while (at < bytes.length);
  return output.bytes();
}

/** Frame by frame, each checked first: fzstd is given nothing that could take it long. */
function unzstd(bytes: Uint8Array, limit: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (const frame of zstdFrames(bytes, () => length)) {
    const header = parseZstdFrameHeader(frame)!;
    if (header.windowSize > Math.max(limit, MIN_WINDOW_LIMIT)) {
      throw new Error(`it asks for a window of ${header.windowSize} bytes`);
    }
    if ((frame[4] & RESERVED) !== 0) throw new Error("its header is of an unknown kind");
    if (header.dictionaryId !== 0) throw new Error("it needs a dictionary");
    const blocks = sizedFrame(frame, header.headerSize);
    const size = contentOfBlocks(blocks, SIZED_HEADER.length, header.windowSize, limit - length);
    if (size === undefined) throw tooLarge(limit);
    if (size > 0 && size !== (header.contentSize ?? size)) {
      throw new Error(`it has ${size} bytes instead of ${header.contentSize}`);
    }
    viewOf(blocks).setUint32(SIZE_AT, size, true);
    pieces.push(fzstd(blocks.subarray(0, -SPARE_BYTES)));
    length += size;
  }
  return pieces.length === 1 ? pieces[0] : concat(pieces);
}

/** Magic, descriptor (a single segment, a content size of 4 bytes), content size. */
const SIZED_HEADER = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0];
const SIZE_AT = 5;
const CHECKSUM = 4;
const RESERVED = 8;

/**
 * The frame behind a header that has room for its content's size, with `SPARE_BYTES` at its end. When fzstd is told the
 * size, it needs no more memory than that, and has no window to move for each block.
 */
function sizedFrame(frame: Uint8Array, headerSize: number): Uint8Array {
  const blocks = frame.subarray(headerSize);
  const sized = new Uint8Array(SIZED_HEADER.length + blocks.length + SPARE_BYTES);
  sized.set(SIZED_HEADER);
  sized[4] |= frame[4] & CHECKSUM;
  sized.set(blocks, SIZED_HEADER.length);
  return sized;
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
