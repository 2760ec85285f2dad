/**
 * The blocks of SHA-512 for four messages side by side, as machine code for x86-64 with AVX2: a vector has the same word of
 * each. A processor with AVX-512VL rotates and combines in one instruction each. Where one message takes all that the
 * processor has in waiting for itself, four take hardly longer.
 *
 * Source: FIPS 180-4, sections 4.1.3 and 6.4.2.
 */
import { roundConstants, VARIANTS } from "../../../codec/sha2_variants.ts";
import { MachineCode, type Memory, R10, R8, R9, RAX, RCX, RDI, RDX, RSI } from "./machine_code.ts";

export const LANES = 4;
export const BLOCK_BYTES = 128;
const VECTOR_BYTES = 32;
const ROUNDS = 80;
/** Words of the message that are kept. */
const WORDS = 16;

/** What the code works on, a memory of so many bytes, and where in it things are. */
export const WORK = {
  /** Eight vectors: word i of each lane. */
  state: 0,
  /** Where the next block of each lane is: an address each. */
  blocks: 256,
  /** How many blocks of each are to be hashed: at least one. */
  count: 288,
  /** The order in which the bytes of two words are read. */
  order: 320,
  /** The last sixteen words of the messages, a vector for each. */
  words: 352,
  /** Those of the rounds, a vector for each. */
  constants: 864,
  bytes: 864 + ROUNDS * VECTOR_BYTES,
} as const;

/** Registers of the state; the others are free. */
const STATE = [0, 1, 2, 3, 4, 5, 6, 7];
const [T0, T1, T2, T3, T4, T5, T6] = [8, 9, 10, 11, 12, 13, 14];
const ORDER = 15;
const POINTERS = [RSI, RDX, RCX, R8];

/** The truth tables of {@linkcode MachineCode.combine}: of three bits the sum, what the first chooses, what most have. */
const [PARITY, CHOICE, MAJORITY] = [0x96, 0xca, 0xe8];

const VARIANT = VARIANTS["sha512-256"];
/** Bits by which words are rotated, and by which the last is shifted in the message's functions. */
const [SUM_0, SUM_1] = VARIANT.sums;
const [MESSAGE_0, MESSAGE_1] = VARIANT.mixes;

/** Fills what is the same for all messages. */
export function prepareWork(work: Uint8Array): void {
  for (let i = 0; i < VECTOR_BYTES; i++) work[WORK.order + i] = (i & 8) + 7 - (i & 7);
  const view = new DataView(work.buffer, work.byteOffset);
  roundConstants(VARIANT).forEach((constant, round) => {
    for (let lane = 0; lane < LANES; lane++) {
      view.setBigUint64(WORK.constants + round * VECTOR_BYTES + 8 * lane, constant, true);
    }
  });
}

/** The code of a function whose argument is the memory {@linkcode WORK}. It goes on from the state that it finds there. */
export function assembleLanes(hasTernary: boolean): Uint8Array<ArrayBuffer> {
  const code = new MachineCode();
  const functions = hasTernary ? TERNARY : PLAIN;
  POINTERS.forEach((pointer, lane) => code.loadGeneral(pointer, at(WORK.blocks + 8 * lane)));
  code.loadGeneral(R9, at(WORK.count));
  STATE.forEach((register, i) => code.load(register, at(WORK.state + i * VECTOR_BYTES)));
  const nextBlock = code.position;
  readBlock(code);
  code.addressOf(RAX, at(WORK.constants));
  rounds(code, functions, word);
  code.setNumber(R10, ROUNDS / WORDS - 1);
  const nextRounds = code.position;
  code.addNumber(RAX, WORDS * VECTOR_BYTES);
  rounds(code, functions, (i) => nextWord(code, functions, i));
  code.repeatFrom(nextRounds, R10);
  STATE.forEach((register, i) => {
    code.add(register, register, at(WORK.state + i * VECTOR_BYTES));
    code.store(at(WORK.state + i * VECTOR_BYTES), register);
  });
  code.repeatFrom(nextBlock, R9);
  code.return();
  return code.bytes;
}

function at(offset: number): Memory {
  return { base: RDI, offset };
}

function word(i: number): Memory {
  return at(WORK.words + i % WORDS * VECTOR_BYTES);
}

/** Four words of each lane at a time become four vectors; each word has its first byte last. */
function readBlock(code: MachineCode): void {
  code.load(ORDER, at(WORK.order));
  for (let i = 0; i < WORDS; i += LANES) {
    [T0, T1, T2, T3].forEach((row, lane) => {
      code.load(row, { base: POINTERS[lane], offset: 8 * i });
      code.shuffle(row, row, ORDER);
    });
    code.firstWords(T4, T0, T1);
    code.secondWords(T0, T0, T1);
    code.firstWords(T5, T2, T3);
    code.secondWords(T2, T2, T3);
    const columns = [[T4, T5, "first"], [T0, T2, "first"], [T4, T5, "second"], [T0, T2, "second"]] as const;
    columns.forEach(([a, b, which], j) => {
      code.halves(T6, a, b, which);
      code.store(word(i + j), T6);
    });
  }
  for (const pointer of POINTERS) code.addNumber(pointer, BLOCK_BYTES);
}

/** Functions of FIPS 180-4, which leave their results in T0 and use T1 and T2. */
interface Functions {
  /** Of a word of the state: Σ0 or Σ1. */
  readonly sum: (code: MachineCode, x: number, bits: readonly number[]) => void;
  /** Of a word of the message: σ0 or σ1. */
  readonly mix: (code: MachineCode, x: number, bits: readonly number[]) => void;
  /** Of x: y where it has a bit, otherwise z. */
  readonly choice: (code: MachineCode, x: number, y: number, z: number) => void;
  /** What two of them have. */
  readonly majority: (code: MachineCode, x: number, y: number, z: number) => void;
}

/** Sixteen rounds, each with the word that is there. Instead of moving the state by a register, the registers change their names. */
function rounds(
  code: MachineCode,
  { sum, choice, majority }: Functions,
  wordOf: (i: number) => number | Memory,
): void {
  for (let i = 0; i < WORDS; i++) {
    const names = STATE.map((_, name) => STATE[(name - i + WORDS) % STATE.length]);
    const [a, b, c, d, e, f, g, h] = names;
    code.add(h, h, { base: RAX, offset: i * VECTOR_BYTES });
    code.add(h, h, wordOf(i));
    choice(code, e, f, g);
    code.add(h, h, T0);
    sum(code, e, SUM_1);
    code.add(h, h, T0);
    code.add(d, d, h);
    majority(code, a, b, c);
    code.add(h, h, T0);
    sum(code, a, SUM_0);
    code.add(h, h, T0);
  }
}

/** Replaces a word of the message by that of sixteen rounds later. Returns where it is as well. */
function nextWord(code: MachineCode, { mix }: Functions, i: number): number {
  code.load(T3, word(i));
  code.add(T3, T3, word(i + 9));
  for (const [from, bits] of [[i + 1, MESSAGE_0], [i + 14, MESSAGE_1]] as const) {
    code.load(T4, word(from));
    mix(code, T4, bits);
    code.add(T3, T3, T0);
  }
  code.store(word(i), T3);
  return T3;
}

const TERNARY: Functions = {
  sum(code, x, bits) {
    [T0, T1, T2].forEach((target, i) => code.rotateRight(target, x, bits[i]));
    code.combine(T0, T1, T2, PARITY);
  },
  mix(code, x, [first, second, shift]) {
    code.rotateRight(T0, x, first);
    code.rotateRight(T1, x, second);
    code.shiftRight(T2, x, shift);
    code.combine(T0, T1, T2, PARITY);
  },
  choice(code, x, y, z) {
    code.move(T0, x);
    code.combine(T0, y, z, CHOICE);
  },
  majority(code, x, y, z) {
    code.move(T0, x);
    code.combine(T0, y, z, MAJORITY);
  },
};

const PLAIN: Functions = {
  sum: sumOfRotated,
  mix(code, x, [first, second, shift]) {
    sumOfRotated(code, x, [first, second]);
    code.shiftRight(T1, x, shift);
    code.xor(T0, T0, T1);
  },
  choice(code, x, y, z) {
    code.xor(T0, y, z);
    code.and(T0, T0, x);
    code.xor(T0, T0, z);
  },
  majority(code, x, y, z) {
    code.or(T0, x, y);
    code.and(T0, T0, z);
    code.and(T1, x, y);
    code.or(T0, T0, T1);
  },
};

/** The exclusive or of x rotated by so many bits, in T0. */
function sumOfRotated(code: MachineCode, x: number, rotations: readonly number[]): void {
  rotations.forEach((bits, i) => {
    const target = i === 0 ? T0 : T1;
    code.shiftRight(target, x, bits);
    code.shiftLeft(T2, x, 64 - bits);
    if (i > 0) code.xor(T0, T0, T1);
    code.xor(T0, T0, T2);
  });
}
