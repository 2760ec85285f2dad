/**
 * SHA-256 and SHA-512/256 in WebAssembly: digests of JavaScript take up to 30 times as long, since it has no integers of
 * 64 bits. Both are one algorithm with words of 32 and of 64 bits, and so is this: a module is assembled here for either.
 *
 * Source: FIPS 180-4, sections 4.1 and 6; the WebAssembly core specification 2.0, section 5, for the encoding.
 */
import { viewOf } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import { roundConstants, type Variant, VARIANTS } from "./sha2_variants.ts";

/** Computes a digest. */
export type Sha2Kernel = (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;

/** The module's memory: the state, the constants, then the blocks. */
const STATE_AT = 0;
const CONSTANTS_AT = 128;
const DATA_AT = 1024;
/** Bytes that are hashed by one call: a part of a chunk that stays in a processor's nearer caches. */
const DATA_BYTES = 3 * 65536;
const PAGES = 4;

/** Compiles the digest. `undefined` where WebAssembly or its SIMD is missing, or not allowed by a page's policy. */
export function compileSha2(name: DigestName): Sha2Kernel | undefined {
  const variant = VARIANTS[name];
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(variant)));
    const { buffer } = exports.memory as { buffer: ArrayBuffer };
    const hash = exports.hash as (end: number) => void;
    const constants = new DataView(buffer, CONSTANTS_AT);
    roundConstants(variant).forEach((value, i) => {
      if (variant.bits === 64) constants.setBigUint64(8 * i, value, true);
      else constants.setUint32(4 * i, Number(value >> 32n), true);
    });
    return (bytes) => digest(variant, buffer, hash, bytes);
  } catch {
    return undefined;
  }
}

function digest(
  { bits, initial }: Variant,
  memory: ArrayBuffer,
  hash: (end: number) => void,
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const word = bits / 8;
  const state = new DataView(memory, STATE_AT, 8 * word);
  const data = new Uint8Array(memory, DATA_AT);
  const block = 16 * word;
  for (let i = 0; i < 8; i++) {
    if (bits === 64) state.setBigUint64(8 * i, initial[i], true);
    else state.setUint32(4 * i, Number(initial[i >> 1] >> BigInt(32 - 32 * (i & 1)) & 0xffffffffn), true);
  }
  let at = 0;
  for (; bytes.length - at >= DATA_BYTES; at += DATA_BYTES) {
    data.set(bytes.subarray(at, at + DATA_BYTES));
    hash(DATA_AT + DATA_BYTES);
  }
  // The rest, a bit that is set, zeros, and the number of bits, which is the last two words.
  const rest = bytes.length - at;
  const end = Math.ceil((rest + 1 + 2 * word) / block) * block;
  data.set(bytes.subarray(at));
  data.fill(0, rest, end);
  data[rest] = 0x80;
  viewOf(data).setBigUint64(end - 8, 8n * BigInt(bytes.length));
  hash(DATA_AT + end);
  const result = new Uint8Array(32);
  const view = viewOf(result);
  for (let i = 0; i < 32; i += word) {
    if (bits === 64) view.setBigUint64(i, state.getBigUint64(i, true));
    else view.setUint32(i, state.getUint32(i, true));
  }
  return result;
}

// The opcodes that are used; those of 32 and 64 bits have others.
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE] = [0x20, 0x21, 0x22];
const [LOOP, BR_IF, BR, END, BLOCK, NOTHING] = [0x03, 0x0d, 0x0c, 0x0b, 0x02, 0x40];
const [I32, I64] = [0x7f, 0x7e];
const [I32_CONST, I32_ADD, I32_EQ, I32_LT_U] = [0x41, 0x6a, 0x46, 0x49];
const SIMD = 0xfd;

/** The module: a memory, and a function that hashes the blocks from `DATA_AT` up to an address. */
function assemble(variant: Variant): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
  const name = (text: string) => sized([...text].map((character) => character.charCodeAt(0)));
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, I32, 0]), // the type of a function: an i32, no result
    ...section(3, [1, 0]),
    ...section(5, [1, 0, PAGES]),
    ...section(7, [2, ...name("memory"), 2, 0, ...name("hash"), 0, 0]),
    ...section(10, [1, ...sized(hashFunction(variant))]),
  ]);
}

function hashFunction({ bits, rounds, sums, mixes }: Variant): number[] {
  const wide = bits === 64;
  const type = wide ? I64 : I32;
  const word = bits / 8;
  const [ADD, AND, XOR, SHR, ROTR] = wide ? [0x7c, 0x83, 0x85, 0x88, 0x8a] : [0x6a, 0x71, 0x73, 0x76, 0x78];
  const [CONST, LOAD, STORE] = wide ? [0x42, 0x29, 0x37] : [0x41, 0x28, 0x36];
  const align = wide ? 3 : 2;

  // Locals: the parameter, the block's address, that of the round's constants; then words.
  const [end, at, constants] = [0, 1, 2];
  /** The variables a … h. Each round they change places: in the eighth they are back. */
  const state = (round: number, which: number) => 3 + ((which - round) & 7);
  /** The last 16 words of the schedule. */
  const w = (i: number) => 11 + (i & 15);
  const [sum, vector] = [27, 28];

  const get = (local: number) => [LOCAL_GET, local];
  const constant = (value: number) => [CONST, ...signed(value)];
  const address = (value: number) => [I32_CONST, ...signed(value)];
  /** The value rotated by some numbers, and by another or shifted, xor-ed. */
  const rotations = (local: number, [a, b, c]: readonly [number, number, number], last: number) => [
    ...[...get(local), ...constant(a), ROTR],
    ...[...get(local), ...constant(b), ROTR, XOR],
    ...[...get(local), ...constant(c), last, XOR],
  ];

  const code: number[] = [];
  const add = (...bytes: readonly number[]) => code.push(...bytes);
  add(...address(DATA_AT), LOCAL_SET, at);
  for (let i = 0; i < 8; i++) add(...address(STATE_AT + i * word), LOAD, align, 0, LOCAL_SET, state(0, i));
  add(LOOP, NOTHING); // for each block
  // Its words, of which 16 bytes are turned around at a time.
  const perVector = 16 / word;
  const turned = Array.from({ length: 16 }, (_, i) => i - i % word + (word - 1 - i % word));
  for (let i = 0; i < 16; i++) {
    if (i % perVector === 0) {
      add(...get(at), SIMD, 0x00, 0, ...unsigned(i * word), LOCAL_TEE, vector, ...get(vector));
      add(SIMD, 0x0d, ...turned, LOCAL_SET, vector); // i8x16.shuffle
    }
    add(...get(vector), SIMD, wide ? 0x1d : 0x1b, i % perVector, LOCAL_SET, w(i)); // extract_lane
  }
  add(...address(CONSTANTS_AT), LOCAL_SET, constants);
  add(BLOCK, NOTHING, LOOP, NOTHING); // for each 16 rounds
  for (let t = 0; t < 16; t++) {
    const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, which) => state(t, which));
    // T1 = h + Σ1(e) + Ch(e, f, g) + K + W, where Ch is g ^ (e & (f ^ g)).
    add(...get(h), ...rotations(e, sums[1], ROTR), ADD);
    add(...get(g), ...get(e), ...get(f), ...get(g), XOR, AND, XOR, ADD);
    add(...get(constants), LOAD, align, ...unsigned(t * word), ADD, ...get(w(t)), ADD, LOCAL_TEE, sum);
    add(...get(d), ADD, LOCAL_SET, d);
    // T1 + Σ0(a) + Maj(a, b, c), where Maj is (a & b) ^ (c & (a ^ b)).
    add(...get(sum), ...rotations(a, sums[0], ROTR), ADD);
    add(...get(a), ...get(b), AND, ...get(c), ...get(a), ...get(b), XOR, AND, XOR, ADD, LOCAL_SET, h);
  }
  add(...get(constants), ...address(16 * word), I32_ADD, LOCAL_TEE, constants);
  add(...address(CONSTANTS_AT + rounds * word), I32_EQ, BR_IF, 1);
  for (let t = 0; t < 16; t++) {
    add(...get(w(t)), ...rotations(w(t + 1), mixes[0], SHR), ADD);
    add(...get(w(t + 9)), ADD, ...rotations(w(t + 14), mixes[1], SHR), ADD, LOCAL_SET, w(t));
  }
  add(BR, 0, END, END);
  for (let i = 0; i < 8; i++) {
    add(...address(STATE_AT + i * word), ...get(state(0, i)));
    add(...address(STATE_AT + i * word), LOAD, align, 0, ADD, LOCAL_TEE, state(0, i), STORE, align, 0);
  }
  add(...get(at), ...address(16 * word), I32_ADD, LOCAL_TEE, at, ...get(end), I32_LT_U, BR_IF, 0, END, END);
  return [3, 2, I32, 25, type, 1, 0x7b, ...code]; // the locals: 8 + 16 + 1 words and a vector
}

function sized(content: readonly number[]): number[] {
  return [...unsigned(content.length), ...content];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...unsigned(value >> 7)];
}

function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 127] : [value & 127 | 128, ...signed(value >> 7)];
}
