/**
 * The frame of zstd: how much memory it asks for and where it ends, known before anything is decompressed.
 *
 *     0  magic 28 b5 2f fd
 *     4  descriptor: bits 7-6 size of the content size, 5 single segment, 2 checksum, 1-0 size of the dictionary id
 *     5  window descriptor (absent in a single segment): exponent in bits 7-3, mantissa in bits 2-0
 *     …  dictionary id (0, 1, 2 or 4 bytes), content size (0, 1, 2, 4 or 8 bytes)
 *     …  blocks: 3 bytes (bit 0 last, bits 2-1 kind, bits 23-3 size), then as many bytes, or one that is repeated
 *     …  checksum (0 or 4 bytes)
 *
 * A skippable frame: magic 5x 2a 4d 18, size of 4 bytes, content.
 *
 * Source: RFC 8878, sections 3.1.1 and 3.1.2.
 */
import { viewOf } from "../core/bytes.ts";
import { checkFrames } from "./limits.ts";

/** What the frame's header says. */
interface ZstdFrameHeader {
  /** Bytes that the frame decompresses to, where the header says so. A claim: nothing has been checked. */
  readonly contentSize: number | undefined;
  /** Bytes of history that a decoder has to keep. */
  readonly windowSize: number;
  /** The dictionary that the frame was made with, 0 where there is none or the header does not say. */
  readonly dictionaryId: number;
  /** Bytes of the header itself. */
  readonly headerSize: number;
}

/** The header of the frame that starts here, `undefined` when the bytes end within it. */
export function parseZstdFrameHeader(bytes: Uint8Array): ZstdFrameHeader | undefined {
  if (bytes.length < 6) return undefined;
  const descriptor = bytes[4];
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3];
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const sizeAt = 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  if (bytes.length < sizeAt + sizeBytes) return undefined;
  const contentSize = readSize(bytes, sizeAt, sizeBytes);
  const headerSize = sizeAt + sizeBytes;
  let dictionaryId = 0;
  for (let i = 1; i <= dictionaryBytes; i++) dictionaryId = dictionaryId * 256 + bytes[sizeAt - i];
  const rest = { contentSize, dictionaryId, headerSize };
  if (singleSegment) return { ...rest, windowSize: contentSize ?? 0 };
  const base = 2 ** (10 + (bytes[5] >> 3));
  return { ...rest, windowSize: base + (base / 8) * (bytes[5] & 7) };
}

const REPEATED_BYTE = 1;

/** Bytes in the frame that starts here, `undefined` when the bytes end within it or are no frame. */
export function zstdFrameLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 8) return undefined;
  const view = viewOf(bytes);
  if (isSkippable(bytes)) return within(bytes, 8 + view.getUint32(4, true));
  const header = parseZstdFrameHeader(bytes);
  if (header === undefined || view.getUint32(0, true) !== 0xfd2fb528) return undefined;
  let at = header.headerSize;
  let last = false;
  while (!last && at + 3 <= bytes.length) {
    const block = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    last = (block & 1) !== 0;
    at += 3 + (((block >> 1) & 3) === REPEATED_BYTE ? 1 : block >> 3);
  }
  const hasChecksum = (bytes[4] & 4) !== 0;
  return last ? within(bytes, at + (hasChecksum ? 4 : 0)) : undefined;
}

/**
 * The frames with data that follow each other here, those that are skipped left out. `made` is how many bytes came out of
 * those before: throws `invalid-chunk` when there are too many frames for that. Throws a plain error when the last one is
 * not complete, or when there is anything else.
 */
export function* zstdFrames(bytes: Uint8Array, made: () => number): Generator<Uint8Array> {
  let count = 0;
  for (let rest = bytes; rest.length > 0;) {
    const length = zstdFrameLength(rest);
    if (length === undefined) throw new Error("it ends too early, or something else follows it");
    checkFrames(++count, made());
    if (!isSkippable(rest)) yield rest.subarray(0, length);
    rest = rest.subarray(length);
  }
}

/** A block's content at most (RFC 8878, 3.1.1.2.3), and the window of {@linkcode rawZstdFrame}. */
export const BLOCK_BYTES: number = 128 * 1024;
const BLOCK_HEADER_BYTES = 3;
/** Magic, descriptor (a content size of 4 bytes, no checksum), window of {@linkcode BLOCK_BYTES}. */
const RAW_HEADER = [0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x38];

/** A frame that holds the bytes as they are: for readers that want zstd, where nothing can compress. */
export function rawZstdFrame(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK_BYTES));
  const contentAt = RAW_HEADER.length + 4;
  const frame = new Uint8Array(contentAt + blocks * BLOCK_HEADER_BYTES + bytes.length);
  const view = viewOf(frame);
  frame.set(RAW_HEADER);
  view.setUint32(RAW_HEADER.length, bytes.length, true);
  let at = contentAt;
  for (let i = 0; i < blocks; i++) {
    const block = bytes.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES);
    const isLast = i === blocks - 1 ? 1 : 0;
    view.setUint16(at, (block.length << 3 | isLast) & 0xffff, true);
    view.setUint8(at + 2, block.length >> 13);
    frame.set(block, at + BLOCK_HEADER_BYTES);
    at += BLOCK_HEADER_BYTES + block.length;
  }
  return frame;
}

/** Whether a frame starts here that holds no data. */
function isSkippable(bytes: Uint8Array): boolean {
  return (bytes[0] & 0xf0) === 0x50 && bytes[1] === 0x2a && bytes[2] === 0x4d && bytes[3] === 0x18;
}

function within(bytes: Uint8Array, length: number): number | undefined {
  return length <= bytes.length ? length : undefined;
}

function readSize(bytes: Uint8Array, at: number, width: number): number | undefined {
  const view = viewOf(bytes);
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true) + 256;
  if (width === 4) return view.getUint32(at, true);
  if (width === 8) return Number(view.getBigUint64(at, true));
  return undefined;
}
