/**
 * What lets ChaCha20 take nonces of 24 bytes, enough to draw them at random: the first 16 and the key make a key for this
 * nonce alone, the last 8 are the nonce under that.
 *
 * Source: draft-irtf-cfrg-xchacha-03 (HChaCha20: section 2.2).
 */
import { viewOf } from "../../core/bytes.ts";

/** Key and nonce as ChaCha20-Poly1305 takes them (RFC 8439). */
export interface KeyAndNonce {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** "expand 32-byte k" */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
const DOUBLE_ROUNDS = 10;
const HASHED_BYTES = 16;

/** Both out of a key of 32 bytes and a nonce of 24. */
export function extendNonce(key: Uint8Array, nonce: Uint8Array): KeyAndNonce {
  const words = new Uint32Array(16);
  words.set(CONSTANTS);
  setWords(words, 4, key);
  setWords(words, 12, nonce.subarray(0, HASHED_BYTES));
  for (let round = 0; round < DOUBLE_ROUNDS; round++) {
    // The columns of four rows, then their diagonals.
    for (let i = 0; i < 4; i++) mix(words, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) mix(words, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
  }
  const own = new Uint8Array(32);
  const view = viewOf(own);
  for (let i = 0; i < 4; i++) {
    view.setUint32(4 * i, words[i], true);
    view.setUint32(16 + 4 * i, words[12 + i], true);
  }
  const rest = new Uint8Array(12);
  rest.set(nonce.subarray(HASHED_BYTES), 4);
  return { key: own, nonce: rest };
}

/** ChaCha's quarter round (RFC 8439, 2.1). It takes words out of the array once: that is most of the time. */
function mix(words: Uint32Array, first: number, second: number, third: number, fourth: number): void {
  let a = words[first];
  let b = words[second];
  let c = words[third];
  let d = words[fourth];
  a = (a + b) | 0;
  d = turned(d ^ a, 16);
  c = (c + d) | 0;
  b = turned(b ^ c, 12);
  a = (a + b) | 0;
  d = turned(d ^ a, 8);
  c = (c + d) | 0;
  b = turned(b ^ c, 7);
  words[first] = a;
  words[second] = b;
  words[third] = c;
  words[fourth] = d;
}

function turned(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** The words in the bytes, put at `first` and after it. */
function setWords(words: Uint32Array, first: number, bytes: Uint8Array): void {
  const view = viewOf(bytes);
  for (let i = 0; 4 * i < bytes.length; i++) words[first + i] = view.getUint32(4 * i, true);
}
