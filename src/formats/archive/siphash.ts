/**
 * SipHash-2-4: a keyed 64-bit hash of short inputs.
 *
 * Source: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF" (2012), with its test vector. Numbers
 * of 64 bits are pairs of 32-bit halves here, in variables and not in objects: archives take two hashes for each file.
 */

/** Bytes of a key. */
export const SIPHASH_KEY_BYTES = 16;

/** What the last call of `run` has found. */
let low = 0;
let high = 0;

/** The message of a call, as 32-bit words, two for each of SipHash's own. Grows to the longest. */
let message = new Int32Array(64);

/** A key, prepared for many hashes. */
export class SipKey {
  /** v0 to v3 of the paper before the first word, each as its low and its high half. */
  readonly #start: Int32Array;

  /** `key` has 16 bytes. */
  constructor(key: Uint8Array) {
    const [k0l, k0h, k1l, k1h] = [0, 4, 8, 12].map((at) => word(key, at));
    this.#start = Int32Array.of(
      k0l ^ 0x70736575,
      k0h ^ 0x736f6d65,
      k1l ^ 0x6e646f6d,
      k1h ^ 0x646f7261,
      k0l ^ 0x6e657261,
      k0h ^ 0x6c796765,
      k1l ^ 0x79746573,
      k1h ^ 0x74656462,
    );
  }

  /** The hash of the bytes, as the u64 that a little-endian format stores. */
  hash(bytes: Uint8Array): bigint {
    const words = 2 * Math.floor(bytes.length / 8 + 1);
    if (message.length < words) message = new Int32Array(2 * words);
    const whole = bytes.length >> 2;
    for (let i = 0; i < whole; i++) message[i] = word(bytes, 4 * i);
    for (let i = whole; i < words; i++) message[i] = 0;
    for (let at = 4 * whole; at < bytes.length; at++) message[whole] |= bytes[at] << 8 * (at % 4);
    message[words - 1] |= bytes.length << 24;
    run(this.#start, words);
    return BigInt(high) << 32n | BigInt(low);
  }

  /**
   * Adds the hash of three numbers below 2^64, given by their halves, to a sum: its halves by themselves, each modulo
   * 2^32, which is all that comparing sums takes.
   */
  addHash(sum: Uint32Array, al: number, ah: number, bl: number, bh: number, cl: number, ch: number): void {
    message[0] = al;
    message[1] = ah;
    message[2] = bl;
    message[3] = bh;
    message[4] = cl;
    message[5] = ch;
    message[6] = 0;
    message[7] = 24 << 24;
    run(this.#start, 8);
    sum[0] += low;
    sum[1] += high;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
}

/** Two rounds for each word of the message, and four at the end. */
function run(start: Int32Array, words: number): void {
  let v0l = start[0], v0h = start[1], v1l = start[2], v1h = start[3];
  let v2l = start[4], v2h = start[5], v3l = start[6], v3h = start[7];
  let sum = 0;
  let half = 0;
  for (let at = 0; at <= words; at += 2) {
    const last = at === words;
    const [ml, mh] = last ? [0, 0] : [message[at], message[at + 1]];
    if (last) v2l ^= 0xff;
    v3l ^= ml;
    v3h ^= mh;
    for (let rounds = last ? 4 : 2; rounds > 0; rounds--) {
      sum = (v0l >>> 0) + (v1l >>> 0);
      v0h = v0h + v1h + (sum > 0xffffffff ? 1 : 0) | 0;
      v0l = sum | 0;
      half = v1l;
      v1l = (v1l << 13 | v1h >>> 19) ^ v0l;
      v1h = (v1h << 13 | half >>> 19) ^ v0h;
      half = v0l;
      v0l = v0h;
      v0h = half;
      sum = (v2l >>> 0) + (v3l >>> 0);
      v2h = v2h + v3h + (sum > 0xffffffff ? 1 : 0) | 0;
      v2l = sum | 0;
      half = v3l;
      v3l = (v3l << 16 | v3h >>> 16) ^ v2l;
      v3h = (v3h << 16 | half >>> 16) ^ v2h;
      sum = (v0l >>> 0) + (v3l >>> 0);
      v0h = v0h + v3h + (sum > 0xffffffff ? 1 : 0) | 0;
      v0l = sum | 0;
      half = v3l;
      v3l = (v3l << 21 | v3h >>> 11) ^ v0l;
      v3h = (v3h << 21 | half >>> 11) ^ v0h;
      sum = (v2l >>> 0) + (v1l >>> 0);
      v2h = v2h + v1h + (sum > 0xffffffff ? 1 : 0) | 0;
      v2l = sum | 0;
      half = v1l;
      v1l = (v1l << 17 | v1h >>> 15) ^ v2l;
      v1h = (v1h << 17 | half >>> 15) ^ v2h;
      half = v2l;
      v2l = v2h;
      v2h = half;
    }
    v0l ^= ml;
    v0h ^= mh;
  }
  low = (v0l ^ v1l ^ v2l ^ v3l) >>> 0;
  high = (v0h ^ v1h ^ v2h ^ v3h) >>> 0;
}
