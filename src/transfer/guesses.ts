/**
 * Chunks that workers guessed and hashed while they looked for places to cut. Which guesses were right turns out
 * afterwards; the others cost time and nothing else.
 */
import { ID_BYTES } from "../core/chunk.ts";
import type { GuessedChunks } from "./messages.ts";

/** Bytes hashed in vain that are put up with in any case, and for each byte of use. */
const VAIN_BYTES = 16 * 1024 * 1024;
const VAIN_SHARE = 1 / 4;

/** Keeps account of whether guessing pays: there is data for which every guess is wrong. */
export class Guesswork {
  #hashed = 0;
  #used = 0;

  /** Whether chunks of further parts should be guessed. */
  get pays(): boolean {
    return this.#hashed - this.#used <= VAIN_BYTES + VAIN_SHARE * this.#used;
  }

  /** Takes the guesses for a part that begins at `start` of the blob. */
  look(start: number, guessed: GuessedChunks): Guesses {
    this.#hashed += guessed.hashedBytes;
    return new Guesses(start, guessed, (bytes) => this.#used += bytes);
  }
}

/** The guesses for one part, compared with the chunks that it has, which come in order. */
export class Guesses {
  readonly #start: number;
  readonly #guessed: GuessedChunks;
  readonly #use: (bytes: number) => void;
  #next = 0;

  constructor(start: number, guessed: GuessedChunks, use: (bytes: number) => void) {
    this.#start = start;
    this.#guessed = guessed;
    this.#use = use;
  }

  /** The id of the chunk [start, end) of the blob, `undefined` if that chunk was not guessed. */
  idOf(start: number, end: number): Uint8Array | undefined {
    const { starts, ends, ids } = this.#guessed;
    while (this.#next < starts.length && this.#start + starts[this.#next] < start) this.#next++;
    const i = this.#next;
    if (i >= starts.length || this.#start + starts[i] !== start || this.#start + ends[i] !== end) {
      return undefined;
    }
    this.#use(end - start);
    return ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES);
  }
}
