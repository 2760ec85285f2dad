/**
 * What chunks are like: hashes of a few of their shingles (all stretches of 32 bytes), chosen by their content alone, so that
 * the same bytes give the same hashes wherever they lie.
 *
 * A. Broder, "On the resemblance and containment of documents" (1997). The rolling hash that chooses is the gear hash of W. Xia
 * et al., "Ddelta: A deduplication-inspired fast delta compression approach" (2014), by the words of the chunker: each step moves
 * up by a bit what was before, so that a byte leaves the 32 bits by itself.
 */
import { BYTE_WORDS } from "../chunker/buzhash.ts";
import { viewOf } from "../core/bytes.ts";

/** Bytes of a shingle: as many as a word has bits, so that the hash depends on all of them and on no others. */
const SHINGLE_BYTES = 32;
/** What a word of a shingle is multiplied by: odd numbers, a different one for each word, which need not wait for each other. */
const [F0, F1, F2, F3] = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f];
const [F4, F5, F6, F7] = [0x165667b1, 0xcc9e2d51, 0x1b873593, 0xe6546b65];

/** Bytes that are hashed before their samples are taken: a multiple of four. */
const BLOCK_BYTES = 16 * 1024;
/** Where samples of a block end. One that is not kept is overwritten by the next: that takes no jump, which would be guessed wrong. */
const ends = new Uint32Array(BLOCK_BYTES + 1);

/**
 * Hashes of about one shingle in `2 ** sampleBits`, in order; one that repeats the one before it is left out. `sampleBits` is
 * from 1 to 31.
 */
export function sketch(bytes: Uint8Array, sampleBits: number): Uint32Array {
  const view = viewOf(bytes);
  const shift = 32 - sampleBits;
  let keys = new Uint32Array(2 * (bytes.length >>> sampleBits) + 16);
  let kept = 0;
  let last = -1;
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, bytes.length);
    const count = findEnds(bytes, view, start, end, shift);
    if (kept + count > keys.length) keys = withRoomFor(keys, kept + count);
    for (let i = 0; i < count; i++) {
      if (ends[i] < SHINGLE_BYTES) continue;
      const key = keyOf(view, ends[i] - SHINGLE_BYTES);
      if (key !== last) keys[kept++] = last = key;
    }
  }
  return keys.slice(0, kept);
}

/** Puts into `ends` where shingles end that are sampled, and returns how many. Four bytes at a time. */
function findEnds(bytes: Uint8Array, view: DataView, start: number, end: number, shift: number): number {
  const words = BYTE_WORDS;
  const found = ends;
  let count = 0;
  let hash = 0;
  let i = Math.max(0, start - (SHINGLE_BYTES - 1));
  for (; i < start; i++) hash = (hash << 1) + words[bytes[i]] | 0;
  for (; i + 4 <= end; i += 4) {
    const four = view.getInt32(i, true);
    const first = (hash << 1) + words[four & 255] | 0;
    const second = (first << 1) + words[four >>> 8 & 255] | 0;
    const third = (second << 1) + words[four >>> 16 & 255] | 0;
    hash = (third << 1) + words[four >>> 24] | 0;
    found[count] = i + 1;
    count += isZero(first >>> shift);
    found[count] = i + 2;
    count += isZero(second >>> shift);
    found[count] = i + 3;
    count += isZero(third >>> shift);
    found[count] = i + 4;
    count += isZero(hash >>> shift);
  }
  for (; i < end; i++) {
    hash = (hash << 1) + words[bytes[i]] | 0;
    found[count] = i + 1;
    count += isZero(hash >>> shift);
  }
  return count;
}

/** 1 for zero, 0 for what is less than 2 ** 31. */
function isZero(number: number): number {
  return number - 1 >>> 31;
}

function keyOf(view: DataView, at: number): number {
  const words = Math.imul(view.getInt32(at, true), F0) + Math.imul(view.getInt32(at + 4, true), F1) +
      Math.imul(view.getInt32(at + 8, true), F2) + Math.imul(view.getInt32(at + 12, true), F3) +
      Math.imul(view.getInt32(at + 16, true), F4) + Math.imul(view.getInt32(at + 20, true), F5) +
      Math.imul(view.getInt32(at + 24, true), F6) + Math.imul(view.getInt32(at + 28, true), F7) | 0;
  return Math.imul(words ^ words >>> 15, F0) >>> 0;
}

function withRoomFor(keys: Uint32Array<ArrayBuffer>, count: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * count);
  larger.set(keys);
  return larger;
}
