/** Takes apart what a zstd file is made of, by the test's own means (RFC 8878, 3.1.1). */

/** One frame: its bytes, and how many bytes it says it holds. */
export interface ZstdFrame {
  readonly length: number;
  readonly contentSize: bigint | undefined;
  readonly checksum: boolean;
}

/** All frames of the file, in order. Fails when it is anything else. */
export function zstdFrames(bytes: Uint8Array): ZstdFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: ZstdFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at;
    if (view.getUint32(at, true) !== 0xfd2fb528) throw new Error(`no zstd frame at byte ${at}`);
    const descriptor = bytes[at + 4];
    const single = (descriptor & 0x20) !== 0;
    at += 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3];
    const width = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
    const contentSize = numberAt(view, at, width);
    at += width;
    for (let last = false; !last;) {
      const header = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
      last = (header & 1) === 1;
      const repeated = ((header >> 1) & 3) === 1;
      at += 3 + (repeated ? 1 : header >> 3);
    }
    const checksum = (descriptor & 4) !== 0;
    if (checksum) at += 4;
    if (at > bytes.length) throw new Error("the last frame is cut");
    frames.push({ length: at - start, contentSize, checksum });
  }
  return frames;
}

function numberAt(view: DataView, at: number, width: number): bigint | undefined {
  if (width === 1) return BigInt(view.getUint8(at));
  if (width === 2) return BigInt(view.getUint16(at, true) + 256);
  if (width === 4) return BigInt(view.getUint32(at, true));
  return width === 8 ? view.getBigUint64(at, true) : undefined;
}
