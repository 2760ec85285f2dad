/** Which old chunks are like a new one: those that share the most sampled shingles with it, together. */
import { freeBytes } from "../core/bytes.ts";

/** Old chunks for one new one: with fewer much is lost, more bring nothing. */
const MOST_CHOSEN = 4;
/**
 * Samples that an old chunk has to share, besides those of chunks that were chosen before; and one in so many of its own. What
 * shares less saves less than it costs: zstd takes longer to look at an old byte than to compress a new one.
 */
const LEAST_VOTES = 4;
const LEAST_SHARE = 100;
/** Old chunks with one sample that get a vote, and so many that it says nothing. */
const MOST_VOTED = 8;
const MOST_SHARING = 32;
/** A vote counts so much; a chunk beside one that was chosen before gets a little more. */
const VOTE = 4;
const NEIGHBOUR_BONUS = 3;

/** Bits of a key that a pass of the sort looks at: so few that what it counts stays near the processor. */
const DIGIT_BITS = 11;

/** The samples of old chunks, to be filled in the order of the chunks and then searched: 12 bytes for each, 20 while sorted. */
export class Likeness {
  /** Of each chunk, until they are sorted. */
  #added: Uint32Array[] = [];
  /** How many samples each chunk has. */
  #sizes: number[] = [];
  #sorted: Sorted | undefined;
  #votes = new Uint32Array(0);

  /** Adds an old chunk: its number is how many were added before. */
  add(samples: Uint32Array): void {
    this.#added.push(samples);
    this.#sizes.push(samples.length);
  }

  /** The old chunks that a new one with these samples is like, by their numbers, the best first. Nothing can be added any more. */
  choose(samples: Uint32Array): number[] {
    const { chunks } = this.#sorted ??= this.#sort();
    const { at, end } = this.#findAll(samples);
    const votes = this.#votes;
    const voted: number[] = [];
    for (let i = 0; i < at.length; i++) {
      for (let k = at[i]; k < end[i]; k++) if (votes[chunks[k]]++ === 0) voted.push(chunks[k]);
    }
    const chosen: number[] = [];
    while (chosen.length < MOST_CHOSEN) {
      const best = this.#elect(voted, chosen);
      if (best === undefined) break;
      chosen.push(best);
      // What it has needs no other chunk.
      for (let i = 0; i < at.length; i++) {
        for (let k = at[i]; k < end[i]; k++) {
          if (chunks[k] !== best) continue;
          for (let other = at[i]; other < end[i]; other++) votes[chunks[other]]--;
          end[i] = at[i];
        }
      }
    }
    for (const chunk of voted) votes[chunk] = 0;
    return chosen;
  }

  #elect(voted: readonly number[], chosen: readonly number[]): number | undefined {
    let best: number | undefined;
    let most = 0;
    for (const chunk of voted) {
      const votes = this.#votes[chunk];
      if (votes < LEAST_VOTES || votes * LEAST_SHARE < this.#sizes[chunk]) continue;
      const isBeside = chosen.some((other) => Math.abs(other - chunk) === 1);
      const value = votes * VOTE + (isBeside ? NEIGHBOUR_BONUS : 0);
      if (value > most || value === most && best !== undefined && chunk < best) {
        best = chunk;
        most = value;
      }
    }
    return best;
  }

  /** For each sample where the entries begin and end that vote. */
  #findAll(samples: Uint32Array): { at: Uint32Array; end: Uint32Array } {
    const { keys, starts, shift } = this.#sorted!;
    const at = new Uint32Array(samples.length);
    const end = new Uint32Array(samples.length);
    for (let i = 0; i < samples.length; i++) {
      const key = samples[i];
      const last = starts[(key >>> shift) + 1];
      let first = starts[key >>> shift];
      for (let high = last; first < high;) {
        const middle = (first + high) >>> 1;
        if (keys[middle] < key) first = middle + 1;
        else high = middle;
      }
      let behind = first;
      while (behind < last && keys[behind] === key && behind - first <= MOST_SHARING) behind++;
      at[i] = first;
      end[i] = behind - first > MOST_SHARING ? first : Math.min(behind, first + MOST_VOTED);
    }
    return { at, end };
  }

  /** Sorts the entries by their keys, those of one key by their chunks, each once. */
  #sort(): Sorted {
    this.#votes = new Uint32Array(this.#sizes.length);
    const { keys, chunks } = this.#sortedEntries();
    const { length } = keys;
    // About one entry for each start.
    const bits = Math.max(1, Math.floor(Math.log2(Math.max(2, length))));
    const shift = 32 - bits;
    const starts = new Uint32Array(2 ** bits + 1);
    for (const key of keys) starts[(key >>> shift) + 1]++;
    for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
    return { keys, chunks, starts, shift };
  }

  #sortedEntries(): Entries {
    const count = this.#sizes.reduce((sum, size) => sum + size, 0);
    let from: Entries = { keys: new Uint32Array(count), chunks: new Uint32Array(count) };
    let at = 0;
    for (const [chunk, samples] of this.#added.entries()) {
      from.keys.set(samples, at);
      from.chunks.fill(chunk, at, at + samples.length);
      at += samples.length;
    }
    this.#added = [];
    let to: Entries = { keys: new Uint32Array(count), chunks: new Uint32Array(count) };
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      sortByDigit(from, to, shift);
      [from, to] = [to, from];
    }
    // The garbage collector does not see how large they are.
    for (const { buffer } of [to.keys, to.chunks]) freeBytes(new Uint8Array(buffer));
    const kept = withoutRepeats(from.keys, from.chunks);
    return { keys: from.keys.subarray(0, kept), chunks: from.chunks.subarray(0, kept) };
  }
}

/** Samples, and for each the number of its chunk. */
interface Entries {
  readonly keys: Uint32Array<ArrayBuffer>;
  readonly chunks: Uint32Array<ArrayBuffer>;
}

/** The entries in order, and for each value of the upper bits of keys, `key >>> shift`, where they begin. */
interface Sorted extends Entries {
  readonly starts: Uint32Array;
  readonly shift: number;
}

/** A pass of a radix sort: entries whose digits are equal keep their order. */
function sortByDigit(from: Entries, to: Entries, shift: number): void {
  const mask = 2 ** DIGIT_BITS - 1;
  const next = new Uint32Array(mask + 2);
  const { keys, chunks } = from;
  for (let i = 0; i < keys.length; i++) next[(keys[i] >>> shift & mask) + 1]++;
  for (let digit = 0; digit <= mask; digit++) next[digit + 1] += next[digit];
  for (let i = 0; i < keys.length; i++) {
    const at = next[keys[i] >>> shift & mask]++;
    to.keys[at] = keys[i];
    to.chunks[at] = chunks[i];
  }
}

/** Moves what differs from the entry before it to the front, and returns how many these are. */
function withoutRepeats(keys: Uint32Array, chunks: Uint32Array): number {
  let kept = 0;
  for (let i = 0; i < keys.length; i++) {
    if (kept > 0 && keys[kept - 1] === keys[i] && chunks[kept - 1] === chunks[i]) continue;
    keys[kept] = keys[i];
    chunks[kept++] = chunks[i];
  }
  return kept;
}
