/**
 * SipHash-2-4: a keyed 64-bit hash of short inputs.
 *
 * Source: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF" (2012), with its test vector. Numbers
 * of 64 bits are pairs of 32-bit halves here, which is several times faster than BigInt.
 */

/** Bytes of a key. */
export const SIPHASH_KEY_BYTES = 16;

/** The hash of the bytes, as the u64 that a little-endian format stores. `key` has 16 bytes. */
export function sipHash(key: Uint8Array, bytes: Uint8Array): bigint {
  const state = new State(key);
  const whole = bytes.length - bytes.length % 8;
  for (let at = 0; at < whole; at += 8) state.absorb(word(bytes, at), word(bytes, at + 4));
  const last = new Uint8Array(8);
  last.set(bytes.subarray(whole));
  last[7] = bytes.length;
  state.absorb(word(last, 0), word(last, 4));
  return state.finish();
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
}

/** v0 to v3 of the paper, each as its low and its high half. */
class State {
  #v0l: number;
  #v0h: number;
  #v1l: number;
  #v1h: number;
  #v2l: number;
  #v2h: number;
  #v3l: number;
  #v3h: number;

  constructor(key: Uint8Array) {
    const [k0l, k0h, k1l, k1h] = [0, 4, 8, 12].map((at) => word(key, at));
    this.#v0l = k0l ^ 0x70736575;
    this.#v0h = k0h ^ 0x736f6d65;
    this.#v1l = k1l ^ 0x6e646f6d;
    this.#v1h = k1h ^ 0x646f7261;
    this.#v2l = k0l ^ 0x6e657261;
    this.#v2h = k0h ^ 0x6c796765;
    this.#v3l = k1l ^ 0x79746573;
    this.#v3h = k1h ^ 0x74656462;
  }

  absorb(low: number, high: number): void {
    this.#v3l ^= low;
    this.#v3h ^= high;
    this.#round();
    this.#round();
    this.#v0l ^= low;
    this.#v0h ^= high;
  }

  finish(): bigint {
    this.#v2l ^= 0xff;
    for (let i = 0; i < 4; i++) this.#round();
    const low = (this.#v0l ^ this.#v1l ^ this.#v2l ^ this.#v3l) >>> 0;
    const high = (this.#v0h ^ this.#v1h ^ this.#v2h ^ this.#v3h) >>> 0;
    return BigInt(high) << 32n | BigInt(low);
  }

  #round(): void {
    let [v0l, v0h] = add(this.#v0l, this.#v0h, this.#v1l, this.#v1h);
    let v1l = (this.#v1l << 13 | this.#v1h >>> 19) ^ v0l;
    let v1h = (this.#v1h << 13 | this.#v1l >>> 19) ^ v0h;
    [v0l, v0h] = [v0h, v0l];
    let [v2l, v2h] = add(this.#v2l, this.#v2h, this.#v3l, this.#v3h);
    let v3l = (this.#v3l << 16 | this.#v3h >>> 16) ^ v2l;
    let v3h = (this.#v3h << 16 | this.#v3l >>> 16) ^ v2h;
    [v0l, v0h] = add(v0l, v0h, v3l, v3h);
    [v3l, v3h] = [(v3l << 21 | v3h >>> 11) ^ v0l, (v3h << 21 | v3l >>> 11) ^ v0h];
    [v2l, v2h] = add(v2l, v2h, v1l, v1h);
    [v1l, v1h] = [(v1l << 17 | v1h >>> 15) ^ v2l, (v1h << 17 | v1l >>> 15) ^ v2h];
    this.#v0l = v0l;
    this.#v0h = v0h;
    this.#v1l = v1l;
    this.#v1h = v1h;
    this.#v2l = v2h;
    this.#v2h = v2l;
    this.#v3l = v3l;
    this.#v3h = v3h;
  }
}

function add(al: number, ah: number, bl: number, bh: number): [low: number, high: number] {
  const low = (al >>> 0) + (bl >>> 0);
  return [low | 0, (ah + bh + (low > 0xffffffff ? 1 : 0)) | 0];
}
