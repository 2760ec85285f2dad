/**
 * zstd frames that were made with a prefix: bytes that both sides have, to which the frame refers as if they came before
 * its content. No decoder needs to know: a frame that holds the prefix in raw blocks, followed by the blocks of the
 * given one, decompresses to both. Raw blocks leave no trace in what a decoder remembers from block to block (repeated
 * offsets, Huffman and FSE tables), so that the others mean the same behind them.
 *
 * Source: RFC 8878, sections 3.1.1 (blocks, window) and 5 (a dictionary that is raw content).
 */
import { freeBytes, viewOf } from "../core/bytes.ts";
import { DesyncError } from "../core/errors.ts";
import type { Codec } from "./codec.ts";
import { BLOCK_BYTES, parseZstdFrameHeader, zstdFrameLength } from "./zstd_frame.ts";

const MAGIC = 0xfd2fb528;
/** Bits of the descriptor: a checksum follows the blocks, and one that must not be set. */
const CHECKSUM = 4;
const RESERVED = 8;

/** Magic, descriptor (a single segment, a content size of 4 bytes), content size. */
const HEADER_BYTES = 9;
const BLOCK_HEADER_BYTES = 3;

/**
 * The content of `size` bytes of a frame that was made with the pieces of a prefix, one after the other. Throws
 * `invalid-chunk` for a frame that says something else about itself (its size, a dictionary, a checksum) before anything is
 * allocated, and for one that is damaged, as far as that shows: a prefix that is not the right one does not.
 */
export function decompressPrefixed(
  codec: Codec,
  frame: Uint8Array,
  prefix: readonly Uint8Array[],
  size: number,
): Uint8Array {
  const header = parseZstdFrameHeader(frame);
  if (header === undefined || viewOf(frame).getUint32(0, true) !== MAGIC) {
    throw refused("it is not zstd data");
  }
  if (header.contentSize !== size) {
    throw refused(`it says that it has ${header.contentSize ?? "unknown"} bytes instead of ${size}`);
  }
  if (header.dictionaryId !== 0) throw refused("it needs a dictionary");
  if ((frame[4] & (CHECKSUM | RESERVED)) !== 0) throw refused("its header is of an unknown kind");
  if (zstdFrameLength(frame) !== frame.length) {
    throw refused("it ends too early, or something else follows it");
  }
  const prefixBytes = prefix.reduce((sum, { length }) => sum + length, 0);
  const joined = joinedFrame(frame.subarray(header.headerSize), prefix, prefixBytes, size);
  const all = codec.decompress("zstd", joined, prefixBytes + size);
  freeBytes(joined);
  if (all.length !== prefixBytes + size) {
    throw refused(`it has ${all.length - prefixBytes} bytes instead of ${size}`);
  }
  const content = all.subarray(prefixBytes);
  // Node's buffers are copied by other methods than they seem to be.
  if (prefixBytes === 0) return new Uint8Array(content.buffer, content.byteOffset, size);
  const copy = new Uint8Array(content);
  freeBytes(all);
  return copy;
}

/** The frame of the prefix, in raw blocks, and of these blocks. */
function joinedFrame(
  blocks: Uint8Array,
  prefix: readonly Uint8Array[],
  prefixBytes: number,
  size: number,
): Uint8Array {
  const rawBlocks = prefix.reduce((sum, { length }) => sum + Math.ceil(length / BLOCK_BYTES), 0);
  const joined = new Uint8Array(HEADER_BYTES + rawBlocks * BLOCK_HEADER_BYTES + prefixBytes + blocks.length);
  const view = viewOf(joined);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, 0xa0);
  view.setUint32(5, prefixBytes + size, true);
  let at = HEADER_BYTES;
  for (const piece of prefix) {
    for (let start = 0; start < piece.length; start += BLOCK_BYTES) {
      const block = piece.subarray(start, start + BLOCK_BYTES);
      // Neither the last one nor compressed: the length alone.
      view.setUint16(at, (block.length << 3) & 0xffff, true);
      view.setUint8(at + 2, block.length >> 13);
      joined.set(block, at + BLOCK_HEADER_BYTES);
      at += BLOCK_HEADER_BYTES + block.length;
    }
  }
  joined.set(blocks, at);
  return joined;
}

function refused(reason: string): DesyncError {
  return new DesyncError("invalid-chunk", { reason: `its zstd data is refused: ${reason}` });
}
