/** Versions of a blob that differ a little in most of their chunks, as those of real files do. */
import type { Random } from "../random.ts";

/** Chunks of an old version. */
export function oldPieces(generator: Random, count: number, size = 20_000): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, () => generator.bytes(size + generator.below(1000)));
}

/** The same chunks with some bytes changed in each, a few moved, one left out, and one of `newSize` bytes that is all new. */
export function newPieces(
  generator: Random,
  pieces: readonly Uint8Array<ArrayBuffer>[],
  newSize = 5000,
): Uint8Array<ArrayBuffer>[] {
  const changed = pieces.map((piece, i) => {
    if (i % 5 === 0) return piece;
    const copy = piece.slice();
    for (let n = 0; n < 20; n++) copy[generator.below(copy.length)] ^= 0x55;
    return copy;
  });
  const [first, ...rest] = changed.slice(0, -1);
  return [rest[0], first, ...rest.slice(1), generator.bytes(newSize), rest[1]];
}
