/**
 * The header of a zstd frame: how much memory the frame asks for, known before anything is decompressed.
 *
 *     0  magic 28 b5 2f fd
 *     4  descriptor: bits 7-6 size of the content size, 5 single segment, 2 checksum, 1-0 size of the dictionary id
 *     5  window descriptor (absent in a single segment): exponent in bits 7-3, mantissa in bits 2-0
 *     …  dictionary id (0, 1, 2 or 4 bytes), content size (0, 1, 2, 4 or 8 bytes)
 *
 * Source: RFC 8878, section 3.1.1.1.
 */
import { viewOf } from "../bytes.ts";

/** What the frame's header says. */
export interface ZstdFrameHeader {
  /** Bytes that the frame decompresses to, where the header tells. A claim: nothing has been checked. */
  readonly contentSize: number | undefined;
  /** Bytes of history that a decoder has to keep. */
  readonly windowSize: number;
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
  if (singleSegment) return { contentSize, windowSize: contentSize ?? 0 };
  const base = 2 ** (10 + (bytes[5] >> 3));
  return { contentSize, windowSize: base + (base / 8) * (bytes[5] & 7) };
}

function readSize(bytes: Uint8Array, at: number, width: number): number | undefined {
  const view = viewOf(bytes);
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true) + 256;
  if (width === 4) return view.getUint32(at, true);
  if (width === 8) return Number(view.getBigUint64(at, true));
  return undefined;
}
