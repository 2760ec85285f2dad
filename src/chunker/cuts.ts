/**
 * The cheap half of chunking: choosing the cuts among the candidates that were found part by part, perhaps by several
 * workers at once. It has to go from front to back, since each cut depends on the one before, but it touches
 * nothing except the candidates.
 */

import { DesyncError } from "../core/errors.ts";
import type { ChunkSizes } from "../core/chunk.ts";
import { checkChunkSizes, firstTestedLength, isFixedSize } from "./params.ts";

/** What a scan found in one part of a blob. Plain data, to be posted between threads. */
export interface ScannedPart {
  /** Where in the blob the part begins, in bytes. */
  start: number;
  /** Where it ends. */
  end: number;
  /** Its candidates, ascending, counted from `start`: 1 means a cut may be after the part's first byte. */
  positions: Uint32Array;
}

/** Turns the candidates of one blob into its cuts. All parts have to be given, in order and without gaps. */
export class Cutter {
  readonly #max: number;
  readonly #first: number;
  readonly #fixed: boolean;
  /** Where the chunk that is not decided yet starts. */
  #chunkStart: number;
  /** Up to where the parts reach that were given. */
  #known: number;

  /**
   * Begins a blob that is to be cut by these sizes.
   *
   * @param start Where its first part and its first chunk begin.
   * @throws {DesyncError} `usage` if no chunks can be made with them.
   */
  constructor(sizes: ChunkSizes, start: number = 0) {
    checkChunkSizes(sizes);
    this.#chunkStart = this.#known = start;
    this.#max = sizes.max;
    this.#fixed = isFixedSize(sizes);
    this.#first = firstTestedLength(sizes);
  }

  /** Whether candidates matter. With a fixed chunk size nothing needs to be scanned. */
  get needsCandidates(): boolean {
    return !this.#fixed;
  }

  /**
   * Takes the next part.
   *
   * @returns the cuts decided by it, ascending: offsets in the blob just past a chunk's last byte.
   * @throws {DesyncError} `usage` if the part does not begin where the last one ended.
   */
  push(part: ScannedPart): number[] {
    const { start, end, positions } = part;
    if (start !== this.#known || end < start) {
      throw new DesyncError("usage", {
        action: "cut",
        subject: "chunks",
        reason: `bytes ${start} to ${end} were given where those from ${this.#known} on were due`,
      });
    }
    const cuts: number[] = [];
    let next = 0;
    while (true) {
      const earliest = this.#chunkStart + this.#first;
      while (next < positions.length && start + positions[next] < earliest) next++;
      const candidate = next < positions.length ? start + positions[next] : Infinity;
      const cut = Math.min(candidate, this.#chunkStart + this.#max);
      // Nothing of this part needs to be kept then: a candidate in reach of this chunk would have become its end.
      if (cut > end) break;
      cuts.push(cut);
      this.#chunkStart = cut;
    }
    this.#known = end;
    return cuts;
  }

  /**
   * Ends the blob: what is left over is its last chunk.
   *
   * @param size Size of the blob, in bytes.
   * @returns the cuts that no part had decided; taken together, all cuts end with `size`. None if the blob is empty.
   * @throws {DesyncError} `usage` if candidates matter and the parts do not reach up to `size`, or beyond.
   */
  finish(size: number): number[] {
    if (this.#known !== size && !(this.#fixed && this.#known < size)) {
      throw new DesyncError("usage", {
        action: "cut",
        subject: "chunks",
        reason: `the parts given reach up to byte ${this.#known} of ${size}`,
      });
    }
    const cuts = this.push({ start: this.#known, end: size, positions: new Uint32Array(0) });
    if (this.#chunkStart < size) {
      cuts.push(size);
      this.#chunkStart = size;
    }
    return cuts;
  }
}

/**
 * Guesses the chunks of a part, for those who do not know its past and so cannot know its cuts: they are what follows
 * if the part's first candidate is a cut. Where that is wrong, the guess and the truth still meet after a few chunks
 * of usual data, and from a common cut on they are the same.
 *
 * @returns ascending positions, counted from the part's start; a chunk lies between each and the next. None in a part
 *          without candidates.
 * @throws {DesyncError} `usage` if no chunks can be made with these sizes.
 */
export function guessCuts(part: ScannedPart, sizes: ChunkSizes): number[] {
  const { start, positions } = part;
  const first = start === 0 ? 0 : positions.at(0); // a blob's start is as good as a cut
  if (first === undefined) return [];
  const rest = { start: first, end: part.end - start, positions: positions.map((at) => at - first) };
  return [first, ...new Cutter(sizes, first).push(rest)];
}
