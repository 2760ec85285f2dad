/**
 * The sizes that decide where a blob is cut into chunks, what casync accepts as such, and the number that follows
 * from them. Two programs share chunks only when they use the same sizes.
 */

import { type ChunkSizes, MAX_CHUNK_SIZE } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";

/** Bytes that the rolling hash looks back over. */
export const WINDOW_SIZE = 48;

/** The default of casync and desync: 16, 64 and 256 KiB. */
export const DEFAULT_CHUNK_SIZES: Readonly<ChunkSizes> = Object.freeze({
  min: 16 * 1024,
  avg: 64 * 1024,
  max: 256 * 1024,
});

/**
 * Length of a chunk from which on the data may end it, in bytes. The hash is not looked at before the minimum, nor
 * where its window would reach back over the chunk's start. At exactly this length it is: desync 1.0.4 begins one
 * byte later and so makes other cuts than casync now and then.
 */
export function firstTestedLength(sizes: ChunkSizes): number {
  return Math.max(sizes.min, WINDOW_SIZE);
}

/** Whether these sizes mean chunks of one fixed size, cut without looking at the data. */
export function isFixedSize(sizes: ChunkSizes): boolean {
  return sizes.min === sizes.avg && sizes.avg === sizes.max;
}

/**
 * Checks that chunks can be made with these sizes, by casync 2's own limits (found by running it): whole numbers,
 * 1 <= min <= avg <= max <= 128 MiB, and room for one window in the largest chunk unless the size is fixed.
 *
 * @throws {DesyncError} `usage`, naming the size that is wrong.
 */
export function checkChunkSizes(sizes: ChunkSizes): void {
  const reason = chunkSizesProblem(sizes);
  if (reason !== undefined) throw new DesyncError("usage", { action: "cut", subject: "chunks", reason });
}

/** What is wrong with these sizes, `undefined` when {@linkcode checkChunkSizes} accepts them. */
export function chunkSizesProblem(sizes: ChunkSizes): string | undefined {
  const { min, avg, max } = sizes;
  for (const [name, size] of [["minimum", min], ["average", avg], ["maximum", max]] as const) {
    if (!Number.isSafeInteger(size)) return `the ${name} (${size}) is not a whole number of bytes`;
  }
  if (min < 1) return `the minimum (${min}) is below 1 byte`;
  if (avg < min) return `the average (${avg}) is below the minimum (${min})`;
  if (max < avg) return `the maximum (${max}) is below the average (${avg})`;
  if (max > MAX_CHUNK_SIZE) return `the maximum (${max}) is above 128 MiB (${MAX_CHUNK_SIZE})`;
  if (max < WINDOW_SIZE && !isFixedSize(sizes)) {
    return `the maximum (${max}) is below the ${WINDOW_SIZE} bytes that the hash looks at`;
  }
}

/**
 * The number d of the cutting rule "hash mod d is d - 1": about the mean distance between candidates, in bytes.
 * For an average of 64 KiB it is 49535.
 *
 * The formula is casync's, a curve fitted to what chunk size a given d leads to. From an average of about 9.3 MB on
 * it leaves its range and turns negative; casync converts that to an unsigned number, which is huge, so that
 * the clamp makes it `max`.
 */
export function discriminator(sizes: ChunkSizes): number {
  const { min, avg, max } = sizes;
  const fitted = Math.trunc(avg / (-1.42888852e-7 * avg + 1.33237515));
  if (fitted < 0 || fitted > max) return max;
  return Math.max(fitted, min);
}
