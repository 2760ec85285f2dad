/**
 * SHA-256 and SHA-512/256 in plain JavaScript, for where neither the platform's nor WebAssembly may be used. Words of 64 bits
 * are pairs of 32, the higher first.
 *
 * Source: FIPS 180-4, sections 4.1, 5 and 6.
 */
import { viewOf } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import { roundConstants, VARIANTS } from "./sha2_variants.ts";

/** Takes a block into the state. */
type TakeBlock = (state: Int32Array, data: DataView, at: number) => void;

const takers = new Map<DigestName, TakeBlock>();

/** The digest of some bytes. */
export function digestByScript(name: DigestName, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { bits, initial } = VARIANTS[name];
  let take = takers.get(name);
  if (take === undefined) takers.set(name, take = bits === 64 ? words64() : words32());
  const state = new Int32Array(halves(initial));
  const block = 2 * bits;
  const data = viewOf(bytes);
  let at = 0;
  for (; bytes.length - at >= block; at += block) take(state, data, at);
  // The rest, a bit that is set, zeros, and the number of bits, which is the last two words.
  const rest = bytes.subarray(at);
  const last = new Uint8Array(Math.ceil((rest.length + 1 + bits / 4) / block) * block);
  last.set(rest);
  last[rest.length] = 0x80;
  const view = viewOf(last);
  view.setBigUint64(last.length - 8, 8n * BigInt(bytes.length));
  for (let from = 0; from < last.length; from += block) take(state, view, from);
  const result = new Uint8Array(32);
  state.subarray(0, 8).forEach((word, i) => viewOf(result).setInt32(4 * i, word));
  return result;
}

/** Both halves of each, the higher first. */
function halves(values: readonly bigint[]): number[] {
  return values.flatMap((value) => [Number(value >> 32n), Number(value & 0xffffffffn)]);
}

function words32(): TakeBlock {
  const constants = Int32Array.from(halves(roundConstants(VARIANTS["sha256"])).filter((_, i) => i % 2 === 0));
  const w = new Int32Array(64);
  return (state, data, at) => {
    for (let t = 0; t < 16; t++) w[t] = data.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15], y = w[t - 2];
      const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
      const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    let a = state[0], b = state[1], c = state[2], d = state[3];
    let e = state[4], f = state[5], g = state[6], h = state[7];
    for (let t = 0; t < 64; t++) {
      const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
      const t1 = h + s1 + (g ^ (e & (f ^ g))) + constants[t] + w[t] | 0;
      const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
      const t2 = s0 + ((a & b) ^ (c & (a ^ b)));
      h = g;
      g = f;
      f = e;
      e = d + t1 | 0;
      d = c;
      c = b;
      b = a;
      a = t1 + t2 | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  };
}

/** What is carried out of the sum of lower halves. */
function carry(sum: number): number {
  return sum / 0x1_0000_0000 | 0;
}

function words64(): TakeBlock {
  const all = halves(roundConstants(VARIANTS["sha512-256"]));
  const kh = Int32Array.from(all.filter((_, i) => i % 2 === 0));
  const kl = Uint32Array.from(all.filter((_, i) => i % 2 === 1));
  const wh = new Int32Array(80);
  const wl = new Uint32Array(80);
  return (state, data, at) => {
    for (let t = 0; t < 16; t++) {
      wh[t] = data.getInt32(at + 8 * t);
      wl[t] = data.getInt32(at + 8 * t + 4);
    }
    for (let t = 16; t < 80; t++) {
      const xh = wh[t - 15], xl = wl[t - 15], yh = wh[t - 2], yl = wl[t - 2];
      const s0h = (xh >>> 1 | xl << 31) ^ (xh >>> 8 | xl << 24) ^ xh >>> 7;
      const s0l = (xl >>> 1 | xh << 31) ^ (xl >>> 8 | xh << 24) ^ (xl >>> 7 | xh << 25);
      const s1h = (yh >>> 19 | yl << 13) ^ (yl >>> 29 | yh << 3) ^ yh >>> 6;
      const s1l = (yl >>> 19 | yh << 13) ^ (yh >>> 29 | yl << 3) ^ (yl >>> 6 | yh << 26);
      const low = wl[t - 16] + (s0l >>> 0) + wl[t - 7] + (s1l >>> 0);
      wl[t] = low;
      wh[t] = wh[t - 16] + s0h + wh[t - 7] + s1h + carry(low);
    }
    let ah = state[0], al = state[1], bh = state[2], bl = state[3];
    let ch = state[4], cl = state[5], dh = state[6], dl = state[7];
    let eh = state[8], el = state[9], fh = state[10], fl = state[11];
    let gh = state[12], gl = state[13], hh = state[14], hl = state[15];
    for (let t = 0; t < 80; t++) {
      const s1h = (eh >>> 14 | el << 18) ^ (eh >>> 18 | el << 14) ^ (el >>> 9 | eh << 23);
      const s1l = (el >>> 14 | eh << 18) ^ (el >>> 18 | eh << 14) ^ (eh >>> 9 | el << 23);
      const chosen = gl ^ (el & (fl ^ gl));
      const t1l = (hl >>> 0) + (s1l >>> 0) + (chosen >>> 0) + kl[t] + wl[t];
      const t1h = hh + s1h + (gh ^ (eh & (fh ^ gh))) + kh[t] + wh[t] + carry(t1l) | 0;
      const s0h = (ah >>> 28 | al << 4) ^ (al >>> 2 | ah << 30) ^ (al >>> 7 | ah << 25);
      const s0l = (al >>> 28 | ah << 4) ^ (ah >>> 2 | al << 30) ^ (ah >>> 7 | al << 25);
      const majority = (al & bl) ^ (cl & (al ^ bl));
      hh = gh, hl = gl, gh = fh, gl = fl, fh = eh, fl = el;
      let low = (dl >>> 0) + (t1l >>> 0);
      eh = dh + t1h + carry(low) | 0;
      el = low | 0;
      low = (t1l >>> 0) + (s0l >>> 0) + (majority >>> 0);
      const high = t1h + s0h + ((ah & bh) ^ (ch & (ah ^ bh))) + carry(low) | 0;
      dh = ch, dl = cl, ch = bh, cl = bl, bh = ah, bl = al;
      ah = high;
      al = low | 0;
    }
    add(state, 0, ah, al);
    add(state, 2, bh, bl);
    add(state, 4, ch, cl);
    add(state, 6, dh, dl);
    add(state, 8, eh, el);
    add(state, 10, fh, fl);
    add(state, 12, gh, gl);
    add(state, 14, hh, hl);
  };
}

function add(state: Int32Array, at: number, high: number, low: number): void {
  const sum = (state[at + 1] >>> 0) + (low >>> 0);
  state[at] += high + carry(sum);
  state[at + 1] = sum;
}
