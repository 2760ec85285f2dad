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

/** The words of each quarter of a double round: the columns of four rows, then their diagonals. */
// deno-fmt-ignore
const QUARTERS: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];

/** Both out of a key of 32 bytes and a nonce of 24. */
export function extendNonce(key: Uint8Array, nonce: Uint8Array): KeyAndNonce {
  const words = Uint32Array.of(...CONSTANTS, ...wordsOf(key), ...wordsOf(nonce.subarray(0, HASHED_BYTES)));
  for (let round = 0; round < DOUBLE_ROUNDS; round++) {
    for (const [a, b, c, d] of QUARTERS) {
      mix(words, a, b, d, 16);
      mix(words, c, d, b, 12);
      mix(words, a, b, d, 8);
      mix(words, c, d, b, 7);
    }
  }
  const own = new Uint8Array(32);
  [...words.subarray(0, 4), ...words.subarray(12)].forEach((word, i) =>
    viewOf(own).setUint32(4 * i, word, true)
  );
  const rest = new Uint8Array(12);
  rest.set(nonce.subarray(HASHED_BYTES), 4);
  return { key: own, nonce: rest };
}

/** One line of ChaCha's quarter round (RFC 8439, 2.1). */
function mix(words: Uint32Array, sum: number, added: number, turned: number, by: number): void {
  words[sum] += words[added];
  const word = words[turned] ^ words[sum];
  words[turned] = (word << by) | (word >>> (32 - by));
}

function wordsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / 4 }, (_, i) => viewOf(bytes).getUint32(4 * i, true));
}
