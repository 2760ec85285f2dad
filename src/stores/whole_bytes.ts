/** What can only be read in order, read once and kept: for files of which parts are wanted and that are small. */
import { concat } from "../core/bytes.ts";
import { DesyncError } from "../core/errors.ts";
import type { ByteSource, RandomAccess } from "./byte_source.ts";

/** Files that a server gives only as a whole may have so many bytes: they are kept in memory. */
export const MOST_WHOLE_BYTES: number = 64 * 1024 * 1024;

/** Reads all of it. Throws `unsupported` for more than `limit` bytes, and what reading throws. */
export async function wholeBytes(
  source: ByteSource,
  limit: number,
  signal?: AbortSignal,
): Promise<RandomAccess> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source.stream({ signal })) {
    size += piece.length;
    if (size > limit) {
      throw new DesyncError("unsupported", {
        reason: `it can only be read in order, and has more than ${limit} bytes`,
      });
    }
    pieces.push(piece.slice());
  }
  const whole = concat(pieces);
  return {
    size,
    whole,
    read: (offset, length) => Promise.resolve(whole.slice(offset, offset + length)),
    async *pieces(start, end) {
      yield await Promise.resolve(whole.slice(start, end));
    },
  };
}
