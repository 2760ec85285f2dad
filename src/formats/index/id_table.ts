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
  /** Pairs: the number of an id, counted from 1 (0 is free), and its hash: most other ids differ in that already. */
  readonly #slots: Int32Array;

  /** Takes 32 bytes for each id. */
  constructor(ids: Uint8Array) {
    const count = ids.length / ID_BYTES;
    this.#words = wordsOf(ids);
    this.#slots = new Int32Array(2 * slotCount(count));
    this.first = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const hash = this.#hash(this.#words, i * WORDS_PER_ID);
      const slot = this.#slotOf(hash, this.#words, i * WORDS_PER_ID);
      if (this.#slots[slot] === 0) {
        this.#slots[slot] = i + 1;
        this.#slots[slot + 1] = hash;
      }
      this.first[i] = this.#slots[slot] - 1;
    }
  }

  /** For each of these ids the number of the first in the table that is the same, -1 for one that the table lacks. */
  find(ids: Uint8Array): Int32Array {
    const words = wordsOf(ids);
    const found = new Int32Array(ids.length / ID_BYTES);
    for (let i = 0; i < found.length; i++) {
      const at = i * WORDS_PER_ID;
      found[i] = this.#slots[this.#slotOf(this.#hash(words, at), words, at)] - 1;
    }
    return found;
  }

  #hash(words: Int32Array, at: number): number {
    let hash = 0;
    for (let i = 0; i < WORDS_PER_ID; i++) hash = (hash + Math.imul(words[at + i], this.#factors[i])) | 0;
    return hash;
  }

  /** The slot of the id with that hash, or the free one where it belongs. */
  #slotOf(hash: number, words: Int32Array, at: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    let slot = 2 * (hash ^ (hash >>> 15)) & last;
    while (slots[slot] !== 0) {
      if (slots[slot + 1] === hash && sameId(this.#words, (slots[slot] - 1) * WORDS_PER_ID, words, at)) break;
      slot = (slot + 2) & last;
    }
    return slot;
  }
}

/** The ids as words; a copy where they do not begin as words do. */
function wordsOf(ids: Uint8Array): Int32Array {
  const aligned = ids.byteOffset % 4 === 0 ? ids : ids.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
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
