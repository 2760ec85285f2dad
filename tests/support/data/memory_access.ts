/** Bytes in memory, as a source that is read at any place. */
import type { RandomAccess } from "../../../src/stores/byte_source.ts";

/** Reads these bytes. */
export function memoryAccess(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
    async *pieces(start, end) {
      yield await Promise.resolve(bytes.slice(start, end));
    },
  };
}
