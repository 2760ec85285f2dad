/**
 * Which chunks of a blob come from which place of which seed. Long runs of neighbours are preferred: they are read in
 * order, and a file system can share them.
 */
import type { Index } from "../../formats/index/index.ts";
import { IdTable } from "../../formats/index/id_table.ts";

/** Where a seed should have a chunk. */
export interface SeedPlace {
  /** The number of the seed. */
  readonly seed: number;
  /** Offset in the seed's file. */
  readonly offset: number;
}

/** Neighbouring chunks of the blob that are neighbours in a seed as well. */
export interface SeedRun {
  /** The number of the seed. */
  readonly seed: number;
  /** Chunks [first, end) of the blob's index. */
  readonly first: number;
  readonly end: number;
  /** Where they begin in the seed. */
  readonly from: number;
  /** Where they begin in the blob. */
  readonly to: number;
  /** Their bytes. */
  readonly length: number;
}

/** Places of one chunk that are compared: a seed may repeat a chunk a million times. */
const MOST_COMPARED = 64;
/** Places of one chunk that are tried when it is not where it should be. */
const MOST_PLACES = 3;
const NONE = -1;

/** What comes from seeds: 20 bytes for each chunk of the blob and of the seeds, whatever their number. */
export class Assignment {
  readonly #index: Index;
  readonly #seeds: readonly Index[];
  /** The chunks of all seeds in one row, with a gap behind each seed: where each seed begins there. */
  readonly #starts: number[] = [];
  /** For each chunk of the row the first chunk of the blob that is the same, if any. */
  readonly #same: Int32Array;
  /** For each first chunk of the blob where it is in the row first, and from there on the next place of the same. */
  readonly #head: Int32Array;
  readonly #next: Int32Array;
  /** For each chunk of the blob the first of the same id. */
  readonly #first: Int32Array;
  /** For each chunk of the blob its place in the row. */
  readonly #at: Int32Array;

  /** Decides for all chunks. A seed with other ids (another digest) has none of them. */
  constructor(index: Index, seeds: readonly Index[]) {
    this.#index = index;
    this.#seeds = seeds;
    let row = 0;
    for (const { count } of seeds) {
      this.#starts.push(row);
      row += count + 1;
    }
    const table = new IdTable(index.ids);
    this.#first = table.first;
    this.#same = this.#matchSeeds(table, row);
    this.#head = new Int32Array(index.count).fill(NONE);
    this.#next = new Int32Array(row);
    for (let at = row - 1; at >= 0; at--) {
      const chunk = this.#same[at];
      if (chunk === NONE) continue;
      this.#next[at] = this.#head[chunk];
      this.#head[chunk] = at;
    }
    this.#at = this.#chooseRuns();
  }

  /** Whether a seed has chunk `i` of the blob. */
  has(i: number): boolean {
    return this.#at[i] !== NONE;
  }

  /** Where chunk `i` of the blob should be taken from, and other seeds where it should be as well. */
  places(i: number): SeedPlace[] {
    if (!this.has(i)) return [];
    const places = [this.#place(this.#at[i])];
    let at = this.#head[this.#first[i]];
    for (let n = 0; at !== NONE && n < MOST_COMPARED && places.length < MOST_PLACES; n++) {
      const place = this.#place(at);
      if (places.every(({ seed }) => seed !== place.seed)) places.push(place);
      at = this.#next[at];
    }
    return places;
  }

  /** All that comes from seeds, in the order of the blob. A run ends before a chunk that is left out. */
  *runs(leftOut: (chunk: number) => boolean = () => false): Generator<SeedRun> {
    for (let first = 0; first < this.#at.length;) {
      let end = first + 1;
      if (!this.has(first) || leftOut(first)) {
        first = end;
        continue;
      }
      while (end < this.#at.length && this.#at[end] === this.#at[end - 1] + 1 && !leftOut(end)) end++;
      const { seed, offset } = this.#place(this.#at[first]);
      const to = this.#index.start(first);
      yield { seed, first, end, from: offset, to, length: this.#index.ends[end - 1] - to };
      first = end;
    }
  }

  #matchSeeds(table: IdTable, row: number): Int32Array {
    const same = new Int32Array(row).fill(NONE);
    for (const [number, seed] of this.#seeds.entries()) {
      if (seed.digest !== this.#index.digest) continue;
      const found = table.find(seed.ids);
      for (let i = 0; i < found.length; i++) {
        // An index may lie.
        if (found[i] !== NONE && seed.length(i) !== this.#index.length(found[i])) found[i] = NONE;
      }
      same.set(found, this.#starts[number]);
    }
    return same;
  }

  /** From front to back always the longest run that begins there. */
  #chooseRuns(): Int32Array {
    const chosen = new Int32Array(this.#index.count).fill(NONE);
    /** The place that would continue the last run, had it not been broken. */
    let shift = NaN;
    for (let i = 0; i < chosen.length;) {
      let longest = 0;
      let from = NONE;
      let at = this.#head[this.#first[i]];
      for (let n = 0; at !== NONE && n < MOST_COMPARED; n++, at = this.#next[at]) {
        const length = this.#runLength(i, at);
        if (length < longest || length === longest && this.#shift(i, at) !== shift) continue;
        longest = length;
        from = at;
      }
      if (from === NONE) {
        i++;
        continue;
      }
      shift = this.#shift(i, from);
      for (let k = 0; k < longest; k++) chosen[i + k] = from + k;
      i += longest;
    }
    return chosen;
  }

  /** How many chunks from `i` of the blob on are the same as those from `at` of the row on. */
  #runLength(i: number, at: number): number {
    let length = 0;
    // In the gap behind a seed nothing is the same.
    while (i + length < this.#first.length && this.#same[at + length] === this.#first[i + length]) length++;
    return length;
  }

  /** How far the chunk has moved. */
  #shift(i: number, at: number): number {
    return this.#index.start(i) - this.#place(at).offset;
  }

  #place(at: number): SeedPlace {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#starts[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return { seed: low, offset: this.#seeds[low].start(at - this.#starts[low]) };
  }
}

/** Decides for each chunk of the blob whether one of the seeds has it, and where. */
export function assign(index: Index, seeds: readonly Index[]): Assignment {
  return new Assignment(index, seeds);
}
