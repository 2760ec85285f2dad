/**
 * LZMA: literals and matches. What comes next:
 *
 *     0        a literal: 8 bits, predicted by the byte before, and behind a match by the byte that the match had next
 *     1 0      a match: length, distance
 *     1 1 0 0  the byte at the last distance
 *     1 1 0 1  a match with the last distance: length
 *     1 1 1 …  a match with the one before (0), before that (1 0) or before that (1 1): length
 *
 * The dictionary is the content itself, as far as it is made: it needs no memory of its own, however large it should be.
 *
 * Source: LZMA specification (LZMA SDK 24.09, DOC/lzma-specification.txt).
 */
import { BitDecoder } from "./bit_decoder.ts";

/** States say what the last few were: a literal (below 7), a match and so on. */
const STATES = 12;
const LITERAL_STATES = 7;
/** Positions that are told apart. */
const POSITIONS = 16;

/** Where the probabilities are: for the bits above by state, and with the position where both matter. */
const IS_MATCH = 0;
const IS_LONG = IS_MATCH + STATES * POSITIONS;
const IS_REPEATED = IS_LONG + STATES * POSITIONS;
const IS_OLDER = IS_REPEATED + STATES;
const IS_OLDEST = IS_OLDER + STATES;
const IS_LAST = IS_OLDEST + STATES;
/** For distances: slots by the length, the rest of small ones, the lowest bits of large ones. */
const SLOTS = IS_LAST + STATES;
const SLOT_BITS = 6;
const LENGTHS_WITH_SLOTS = 4;
const DISTANCES = SLOTS + (LENGTHS_WITH_SLOTS << SLOT_BITS);
const ALIGNMENT = DISTANCES + 115;
const ALIGNMENT_BITS = 4;
/** For lengths of matches: two bits say which of three trees. */
const LENGTHS = ALIGNMENT + (1 << ALIGNMENT_BITS);
const SHORT = 2;
const SHORT_BITS = 3;
const MIDDLE = SHORT + (POSITIONS << SHORT_BITS);
const LARGE = MIDDLE + (POSITIONS << SHORT_BITS);
const LARGE_BITS = 8;
const REPEATED_LENGTHS = LENGTHS + LARGE + (1 << LARGE_BITS);
/** For literals, by their context. */
const LITERALS = REPEATED_LENGTHS + LARGE + (1 << LARGE_BITS);
const LITERAL = 0x300;

/** LZMA2 has contexts of so many bits at most. */
const MAX_CONTEXT_BITS = 4;
const PROPERTIES = 9 * 5 * 5;

const MIN_MATCH = 2;
/** Slots of distances below are the distance itself; below the second, the rest is a tree. */
const FIRST_SLOT_WITH_REST = 4;
const FIRST_SLOT_WITH_DIRECT_BITS = 14;

/** Decodes what LZMA2's chunks hold, one after the other, into one output. */
export class LzmaDecoder {
  readonly #output: Uint8Array;
  readonly #bits = new BitDecoder(LITERALS + (LITERAL << MAX_CONTEXT_BITS));
  /** Where the dictionary begins. */
  #start = 0;
  #contextBits = 0;
  #literalMask = 0;
  #positionMask = 0;
  #state = 0;
  /** The last four distances, less 1. */
  #distances = [0, 0, 0, 0];

  /** The output is as large as the content. */
  constructor(output: Uint8Array) {
    this.#output = output;
  }

  /** Matches never begin before `at` in the output from now on. */
  resetDictionary(at: number): void {
    this.#start = at;
  }

  /** Begins anew. */
  resetState(): void {
    this.#bits.reset();
    this.#state = 0;
    this.#distances = [0, 0, 0, 0];
  }

  /** Sets what predicts. Throws a plain error when there is no such thing. */
  setProperties(properties: number): void {
    const contextBits = properties % 9;
    const literalBits = Math.floor(properties / 9) % 5;
    if (properties >= PROPERTIES || contextBits + literalBits > MAX_CONTEXT_BITS) {
      throw new Error("the properties of LZMA are invalid");
    }
    this.#contextBits = contextBits;
    this.#literalMask = (1 << literalBits) - 1;
    this.#positionMask = (1 << Math.floor(properties / 45)) - 1;
  }

  /**
   * Decodes the input's bytes from `at` to `end` into the output's from `to` to `toEnd`. Throws a plain error when they do
   * not make exactly these.
   */
  decode(input: Uint8Array, at: number, end: number, to: number, toEnd: number): void {
    const output = this.#output;
    const bits = this.#bits;
    const start = this.#start;
    const contextBits = this.#contextBits;
    const literalMask = this.#literalMask;
    const positionMask = this.#positionMask;
    let state = this.#state;
    let [distance, older, third, fourth] = this.#distances;
    bits.begin(input, at, end);
    // At the end of the data too: what is read beyond is zeros, and shows.
    while (to < toEnd && bits.at <= end) {
      const position = to - start;
      const byPosition = position & positionMask;
      const byBoth = state * POSITIONS + byPosition;
      if (bits.bit(IS_MATCH + byBoth) === 0) {
        const before = position > 0 ? output[to - 1] : 0;
        const context = ((position & literalMask) << contextBits) + (before >> (8 - contextBits));
        const literals = LITERALS + LITERAL * context;
        output[to] = state < LITERAL_STATES
          ? bits.tree(literals, 8)
          : bits.compared(literals, output[to - distance - 1]);
        to++;
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
        continue;
      }
      let length: number;
      if (bits.bit(IS_REPEATED + state) === 0) {
        length = MIN_MATCH + this.#length(LENGTHS, byPosition);
        fourth = third;
        third = older;
        older = distance;
        distance = this.#distance(length);
        state = state < LITERAL_STATES ? 7 : 10;
      } else {
        const isOlder = bits.bit(IS_OLDER + state) === 1;
        if (!isOlder && bits.bit(IS_LONG + byBoth) === 0) {
          length = 1;
          state = state < LITERAL_STATES ? 9 : 11;
        } else {
          if (isOlder) {
            let next = older;
            if (bits.bit(IS_OLDEST + state) === 1) {
              next = third;
              if (bits.bit(IS_LAST + state) === 1) {
                next = fourth;
                fourth = third;
              }
              third = older;
            }
            older = distance;
            distance = next;
          }
          length = MIN_MATCH + this.#length(REPEATED_LENGTHS, byPosition);
          state = state < LITERAL_STATES ? 8 : 11;
        }
      }
      if (distance >= position) throw new Error("a match begins before the content");
      if (length > toEnd - to) throw new Error("a match is longer than the content");
      for (const stop = to + length; to < stop; to++) output[to] = output[to - distance - 1];
    }
    if (to < toEnd || bits.at !== end || !bits.isFinished) {
      throw new Error("LZMA data do not end as they must");
    }
    this.#state = state;
    this.#distances = [distance, older, third, fourth];
  }

  /** How much longer than the shortest one a match is. */
  #length(first: number, byPosition: number): number {
    const bits = this.#bits;
    const tree = byPosition << SHORT_BITS;
    if (bits.bit(first) === 0) return bits.tree(first + SHORT + tree, SHORT_BITS);
    const middle = 1 << SHORT_BITS;
    if (bits.bit(first + 1) === 0) return middle + bits.tree(first + MIDDLE + tree, SHORT_BITS);
    return 2 * middle + bits.tree(first + LARGE, LARGE_BITS);
  }

  /** The distance of a match of that length, less 1: a slot, which has its two highest bits, and the rest. */
  #distance(length: number): number {
    const bits = this.#bits;
    const byLength = Math.min(length - MIN_MATCH, LENGTHS_WITH_SLOTS - 1);
    const slot = bits.tree(SLOTS + (byLength << SLOT_BITS), SLOT_BITS);
    if (slot < FIRST_SLOT_WITH_REST) return slot;
    const restBits = (slot >> 1) - 1;
    const least = (2 | (slot & 1)) << restBits;
    if (slot < FIRST_SLOT_WITH_DIRECT_BITS) {
      return least + bits.reversedTree(DISTANCES + least - slot, restBits);
    }
    const upper = bits.direct(restBits - ALIGNMENT_BITS) << ALIGNMENT_BITS;
    return (least + upper + bits.reversedTree(ALIGNMENT, ALIGNMENT_BITS)) >>> 0;
  }
}
