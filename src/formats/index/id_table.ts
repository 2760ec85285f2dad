/** Finds chunk ids among many, without an object for each: a million take 44 MB while the table is in use. */
import { ID_BYTES } from "../../core/chunk.ts";

const WORDS_PER_ID = ID_BYTES / 4;

/** The ids of an index, to look up others. */
export class IdTable {
  /** For each id the number of the first that is the same: its own when there is none before it. */
  readonly first: Int32Array;
  readonly #words: Int32Array;
  /** Places are other ones each time, so that no index can be made to slow its reader down. */
  readonly #factors: Int32Array = crypto.getRandomValues(new Int32Array(WORDS_PER_ID));
  readonly #slots: Int32Array;

  /** Takes 32 bytes for each id. */
  constructor(ids: Uint8Array) {
    const count = ids.length / ID_BYTES;
    this.#words = wordsOf(ids);
    this.#slots = new Int32Array(slotCount(count)).fill(-1);
    this.first = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf(this.#words, i * WORDS_PER_ID);
      if (this.#slots[slot] < 0) this.#slots[slot] = i;
      this.first[i] = this.#slots[slot];
    }
  }

  /** For each of these ids the number of the first in the table that is the same, -1 for one that the table lacks. */
  find(ids: Uint8Array): Int32Array {
    const words = wordsOf(ids);
    const found = new Int32Array(ids.length / ID_BYTES);
    for (let i = 0; i < found.length; i++) found[i] = this.#slots[this.#slotOf(words, i * WORDS_PER_ID)];
    return found;
  }

  /** The slot of the id, or the free one where it belongs. */
  #slotOf(words: Int32Array, at: number): number {
    const last = this.#slots.length - 1;
    let hash = 0;
    for (let i = 0; i < WORDS_PER_ID; i++) hash = (hash + Math.imul(words[at + i], this.#factors[i])) | 0;
    let slot = (hash ^ (hash >>> 15)) & last;
    while (this.#slots[slot] >= 0 && !sameId(this.#words, this.#slots[slot] * WORDS_PER_ID, words, at)) {
      slot = (slot + 1) & last;
    }
    return slot;
  }
}

/** A copy, since the bytes need not begin where words do. */
function wordsOf(ids: Uint8Array): Int32Array {
  return new Int32Array(new Uint8Array(ids).buffer);
}

/** At least twice as many slots as ids, a power of two. */
function slotCount(ids: number): number {
  let count = 16;
  while (count < 2 * ids) count *= 2;
  return count;
}

function sameId(one: Int32Array, a: number, other: Int32Array, b: number): boolean {
  for (let i = 0; i < WORDS_PER_ID; i++) if (one[a + i] !== other[b + i]) return false;
  return true;
}
