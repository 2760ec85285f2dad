/** What every codec refuses, in the same words. */
import { DesyncError } from "../errors.ts";

/** History that any decoder should be ready to keep: 8 MiB, as RFC 8878 (3.1.1.1.2) recommends. */
export const MIN_WINDOW_LIMIT = 8 * 1024 * 1024;

/** The error for chunks that casync wrote with `--compression=xz`. */
export function xzUnsupported(): DesyncError {
  return new DesyncError(
    "unsupported",
    "it is compressed with xz, which is not supported (zstd and gzip are)",
  );
}

/** The error for a chunk that is larger than it may be. */
export function tooLarge(limit: number): DesyncError {
  return new DesyncError("invalid-chunk", `it decompresses to more than ${limit} bytes`);
}
