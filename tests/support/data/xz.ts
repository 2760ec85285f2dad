/** xz that is made here: of which this program reads only the beginning. */
import { crc32 } from "../../../src/codec/xz/crc.ts";
import { viewOf } from "../../../src/core/bytes.ts";
import { joined } from "./joined.ts";

/** The beginning of a stream whose only block has the filter for programs of x86 before LZMA2, which is not supported. */
export function xzOfPrograms(): Uint8Array<ArrayBuffer> {
  const magic = Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0);
  // Two filters: x86 without properties, LZMA2 with a dictionary of 8 MiB; zeros.
  const block = Uint8Array.of(2, 1, 4, 0, 0x21, 1, 22, 0);
  return joined([magic, ...summed(Uint8Array.of(0, 0)), ...summed(block)]);
}

function summed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const sum = new Uint8Array(4);
  viewOf(sum).setUint32(0, crc32(bytes), true);
  return [bytes, sum];
}
