/** Which old chunks are like a new one: those that share the most sampled shingles with it, together. */

/** Old chunks for one new one: with fewer much is lost, more bring nothing. */
const MOST_CHOSEN = 4;
/** Samples that an old chunk has to share, besides those of chunks that were chosen before. */
const LEAST_VOTES = 2;
/** Old chunks with one sample that get a vote, and so many that it says nothing. */
const MOST_VOTED = 8;
const MOST_SHARING = 32;
/** A vote counts so much; a chunk beside one that was chosen before gets a little more. */
const VOTE = 4;
const NEIGHBOUR_BONUS = 3;

const HALF_BITS = 16;
const HALVES = 2 ** HALF_BITS;

/** The samples of old chunks, to be filled in the order of the chunks and then searched: 8 bytes for each. */
export class Likeness {
  #keys: Uint32Array = new Uint32Array(HALVES);
  #chunks: Uint32Array = new Uint32Array(HALVES);
  #count = 0;
  #chunkCount = 0;
  /** For each upper half of a key where its entries begin, once they are sorted. */
  #starts: Uint32Array | undefined;
  #votes = new Uint32Array(0);

  /** Adds an old chunk: its number is how many were added before. */
  add(samples: Uint32Array): void {
    while (this.#count + samples.length > this.#keys.length) {
      this.#keys = grown(this.#keys);
      this.#chunks = grown(this.#chunks);
    }
    this.#keys.set(samples, this.#count);
    this.#chunks.fill(this.#chunkCount, this.#count, this.#count + samples.length);
    this.#count += samples.length;
    this.#chunkCount++;
  }

  /** The old chunks that a new one with these samples is like, by their numbers, the best first. Nothing can be added any more. */
  choose(samples: Uint32Array): number[] {
    this.#starts ??= this.#sort();
    const at = new Uint32Array(samples.length);
    const end = new Uint32Array(samples.length);
    for (let i = 0; i < samples.length; i++) {
      const [first, count] = this.#find(samples[i]);
      at[i] = first;
      end[i] = count > MOST_SHARING ? first : first + Math.min(count, MOST_VOTED);
    }
    const chosen: number[] = [];
    while (chosen.length < MOST_CHOSEN) {
      const best = this.#elect(at, end, chosen);
      if (best === undefined) break;
      chosen.push(best);
      // What it has needs no other chunk.
      for (let i = 0; i < at.length; i++) {
        for (let k = at[i]; k < end[i]; k++) if (this.#chunks[k] === best) end[i] = at[i];
      }
    }
    return chosen;
  }

  #elect(at: Uint32Array, end: Uint32Array, chosen: readonly number[]): number | undefined {
    const votes = this.#votes;
    const voted: number[] = [];
    for (let i = 0; i < at.length; i++) {
      for (let k = at[i]; k < end[i]; k++) {
        const chunk = this.#chunks[k];
        if (votes[chunk]++ === 0) voted.push(chunk);
      }
    }
    let best: number | undefined;
    let most = 0;
    for (const chunk of voted) {
      const isBeside = chosen.some((other) => Math.abs(other - chunk) === 1);
      const value = votes[chunk] * VOTE + (isBeside ? NEIGHBOUR_BONUS : 0);
      const isMore = value > most || value === most && best !== undefined && chunk < best;
      if (isMore && votes[chunk] >= LEAST_VOTES) {
        best = chunk;
        most = value;
      }
    }
    for (const chunk of voted) votes[chunk] = 0;
    return best;
  }

  /** Where the entries with that key begin, and how many there are. */
  #find(key: number): [first: number, count: number] {
    const starts = this.#starts!;
    let low = starts[key >>> HALF_BITS];
    let high = starts[(key >>> HALF_BITS) + 1];
    const end = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    let count = 0;
    while (count <= MOST_SHARING && low + count < end && this.#keys[low + count] === key) count++;
    return [low, count];
  }

  /** Sorts the entries by their keys, those of one key by their chunks, each once. Returns where each upper half begins. */
  #sort(): Uint32Array {
    this.#votes = new Uint32Array(this.#chunkCount);
    for (const shift of [0, HALF_BITS]) this.#sortByHalf(shift);
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const isSame = kept > 0 && this.#keys[kept - 1] === this.#keys[i] &&
        this.#chunks[kept - 1] === this.#chunks[i];
      if (isSame) continue;
      this.#keys[kept] = this.#keys[i];
      this.#chunks[kept++] = this.#chunks[i];
    }
    this.#count = kept;
    const starts = new Uint32Array(HALVES + 1);
    for (let i = 0; i < kept; i++) starts[(this.#keys[i] >>> HALF_BITS) + 1]++;
    for (let half = 0; half < HALVES; half++) starts[half + 1] += starts[half];
    return starts;
  }

  /** A pass of a radix sort: entries whose halves are equal keep their order. */
  #sortByHalf(shift: number): void {
    const next = new Uint32Array(HALVES + 1);
    for (let i = 0; i < this.#count; i++) next[(this.#keys[i] >>> shift) % HALVES + 1]++;
    for (let half = 0; half < HALVES; half++) next[half + 1] += next[half];
    const keys = new Uint32Array(this.#count);
    const chunks = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      const to = next[(this.#keys[i] >>> shift) % HALVES]++;
      keys[to] = this.#keys[i];
      chunks[to] = this.#chunks[i];
    }
    this.#keys = keys;
    this.#chunks = chunks;
  }
}

function grown(numbers: Uint32Array): Uint32Array {
  const larger = new Uint32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
