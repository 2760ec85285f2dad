/**
 * Cutting from front to back, by one who has all the bytes at hand: jumps over the bytes in which no cut can be, which
 * saves a quarter of the hashing with the default sizes, and looks no further than the next cut.
 * Scanning in parts and cutting afterwards (candidates.ts, cuts.ts) gives the same cuts.
 */

import { CandidateList, type Divisor, divisor, scanCandidates } from "./candidates.ts";
import type { ChunkSizes } from "../core/chunk.ts";
import { checkChunkSizes, discriminator, firstTestedLength } from "./params.ts";

/** Finds the end of one chunk at a time. It remembers nothing from one call to the next. */
export class CutFinder {
  /** Length of the longest chunk, in bytes. */
  readonly max: number;
  readonly #first: number;
  readonly #divisor: Divisor;
  readonly #list: CandidateList = new CandidateList(1);

  /**
   * Prepares for cutting by these sizes.
   *
   * @throws {DesyncError} `usage` if no chunks can be made with them.
   */
  constructor(sizes: ChunkSizes) {
    checkChunkSizes(sizes);
    this.max = sizes.max;
    this.#first = firstTestedLength(sizes);
    this.#divisor = divisor(discriminator(sizes));
  }

  /**
   * Looks for the end of the chunk that starts at `start`, in what is known of the data: bytes[start, end).
   *
   * @param tested Up to where an earlier call for the same chunk has looked already; `start` if there was none.
   * @returns the offset in `bytes` just past the chunk's last byte, or -1 if it is not decided by bytes up to `end`.
   *          If the data ends there, so does the chunk.
   */
  find(bytes: Uint8Array, start: number, tested: number, end: number): number {
    const longest = start + this.max;
    const from = Math.max(tested, start + this.#first - 1);
    const to = Math.min(end, longest - 1); // at `longest` there is a cut in any case; with a fixed size, no test before
    if (from < to) {
      this.#list.clear();
      scanCandidates(bytes, from, to, this.#divisor, this.#list);
      if (this.#list.length > 0) return from + this.#list.positions[0];
    }
    return end >= longest ? longest : -1;
  }
}

/**
 * Where `bytes` are cut into chunks: the offset just past each chunk, ascending; the last one is bytes.length.
 * No bytes, no chunks.
 *
 * @throws {DesyncError} `usage` if no chunks can be made with these sizes.
 *
 * @example Bytes that follow a change are cut as before
 * ```ts
 * import { cutPoints, DEFAULT_CHUNK_SIZES } from "@desync/desync";
 *
 * const bytes = crypto.getRandomValues(new Uint8Array(65_536));
 * const large = new Uint8Array(1_000_000);
 * for (let at = 0; at + bytes.length <= large.length; at += bytes.length) large.set(bytes, at);
 * const ends = cutPoints(large, DEFAULT_CHUNK_SIZES);
 * if (ends.at(-1) !== large.length) throw new Error("the last chunk ends with the bytes");
 * ```
 */
export function cutPoints(bytes: Uint8Array, sizes: ChunkSizes): number[] {
  const finder = new CutFinder(sizes);
  const cuts: number[] = [];
  for (let start = 0; start < bytes.length;) {
    const cut = finder.find(bytes, start, start, bytes.length);
    start = cut < 0 ? bytes.length : cut;
    cuts.push(start);
  }
  return cuts;
}
