/** What every codec refuses, in the same words. */
import { DesyncError, messageOf } from "../core/errors.ts";
import type { Compression } from "./codec.ts";

/** History that any decoder should be ready to keep: 8 MiB, as RFC 8878 (3.1.1.1.2) recommends. */
export const MIN_WINDOW_LIMIT = 8 * 1024 * 1024;

/** The error for compressed data that a decoder refused. */
export function damaged(compression: Compression, cause: unknown): DesyncError {
  return new DesyncError("invalid-chunk", {
    reason: `its ${compression} data is damaged: ${messageOf(cause)}`,
    cause,
  });
}

/** Each frame costs a decoder time, also when nothing is in it: so many, and one more for each so many bytes. */
const SPARE_FRAMES = 16;
const BYTES_PER_FRAME = 8 * 1024;

/** Throws `invalid-chunk` when `count` zstd frames, gzip members or parts of xz are too many for what came out of those before. */
export function checkFrames(count: number, length: number, bytesPerFrame: number = BYTES_PER_FRAME): void {
  if (count <= SPARE_FRAMES + length / bytesPerFrame) return;
  const reason = `it has too many parts for what is in them: ${count} for ${length} bytes`;
  throw new DesyncError("invalid-chunk", { reason });
}

/** The error for a chunk that is larger than it may be. */
export function tooLarge(limit: number): DesyncError {
  return new DesyncError("invalid-chunk", { reason: `it decompresses to more than ${limit} bytes` });
}
