/** Zeros among bytes that are written to a file: what is not written in a new file reads as zeros and takes no room. */

/** What file systems give room by, in bytes. */
export const HOLE_BLOCK = 4096;

/**
 * Splits bytes that go to `offset` of a file into runs of its blocks that hold something else than zeros and of those that do
 * not, and calls back for each in order with its place in `bytes`. Of the first and the last block only a part may be there.
 */
export function splitZeros(
  bytes: Uint8Array,
  offset: number,
  data: (from: number, to: number) => void,
  zeros: (from: number, to: number) => void = () => {},
): void {
  const { length } = bytes;
  let from = 0;
  let wasZero = false;
  for (let at = 0, end = HOLE_BLOCK - offset % HOLE_BLOCK; at < length; at = end, end += HOLE_BLOCK) {
    const zero = isZero(bytes, at, Math.min(end, length));
    if (zero === wasZero) continue;
    if (at > from) (wasZero ? zeros : data)(from, at);
    from = at;
    wasZero = zero;
  }
  if (length > from) (wasZero ? zeros : data)(from, length);
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  // Data that is not zero shows it almost at once, in the middle as well as at the start.
  if (bytes[(from + to) >>> 1] !== 0) return false;
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
