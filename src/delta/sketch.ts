/**
 * What chunks are like: hashes of a few of their shingles (all stretches of 32 bytes), chosen by their content alone, so that
 * the same bytes give the same hashes wherever they lie.
 *
 * A. Broder, "On the resemblance and containment of documents" (1997). The rolling hash that chooses is buzhash, by the words
 * of the chunker.
 */
import { BYTE_WORDS } from "../chunker/buzhash.ts";

/** Bytes of a shingle: as many as a word has bits, so that a byte leaves the rolling hash as it came in. */
const SHINGLE_BYTES = 32;
/** Multiplied by it, the upper bits of the rolling hash depend on all of them. */
const SPREAD = 0x9e3779b1;
/** FNV-1a's prime and offset, for the hashes themselves: of words, with their upper bits brought down. */
const PRIME = 0x01000193;
const OFFSET = 0x811c9dc5;

/** Hashes of about one shingle in `2 ** sampleBits`, in order; one that repeats the one before it is left out. */
export function sketch(bytes: Uint8Array, sampleBits: number): Uint32Array {
  const keys: number[] = [];
  if (bytes.length < SHINGLE_BYTES) return new Uint32Array(0);
  const shift = 32 - sampleBits;
  const words = BYTE_WORDS;
  let hash = 0;
  for (let i = 0; i < SHINGLE_BYTES - 1; i++) hash = (hash << 1 | hash >>> 31) ^ words[bytes[i]];
  let last = -1;
  // Nothing leaves before the first shingle is complete.
  let leaving = 0;
  for (let end = SHINGLE_BYTES - 1; end < bytes.length; end++) {
    hash = (hash << 1 | hash >>> 31) ^ words[bytes[end]] ^ leaving;
    leaving = words[bytes[end - SHINGLE_BYTES + 1]];
    if (Math.imul(hash, SPREAD) >>> shift !== 0) continue;
    const key = keyOf(bytes, end - SHINGLE_BYTES + 1);
    if (key !== last) keys.push(last = key);
  }
  return Uint32Array.from(keys);
}

function keyOf(bytes: Uint8Array, start: number): number {
  let key = OFFSET;
  for (let i = start; i < start + SHINGLE_BYTES; i += 4) {
    const word = bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24;
    key = Math.imul(key ^ word, PRIME);
    key ^= key >>> 15;
  }
  return Math.imul(key, SPREAD) >>> 0;
}
