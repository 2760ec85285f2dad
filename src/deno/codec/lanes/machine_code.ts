/**
 * The few instructions of x86-64 that lanes need, as bytes. Vectors have 256 bits, and are the registers ymm0 to ymm15.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: chapters 2.1 and 2.3 (VEX), 2.7 (EVEX)
 * and the instructions' own pages.
 */

/** General registers that a function may change, by their numbers. */
export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RSI = 6;
/** The first argument of a function. */
export const RDI = 7;
export const R8 = 8;
export const R9 = 9;
export const R10 = 10;

/** Memory: so many bytes behind where a general register points. */
export interface Memory {
  readonly base: number;
  readonly offset: number;
}

/** Opcode maps. */
const [MAP_0F, MAP_0F38, MAP_0F3A] = [1, 2, 3];
/** Prefixes that are part of the opcode. */
const [PREFIX_66, PREFIX_F3] = [1, 2];

/** Code that is being written, instruction by instruction; the target comes first, as in Intel's manuals. */
export class MachineCode {
  readonly #bytes: number[] = [];

  /** All of it. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }

  /** Where the next instruction begins. */
  get position(): number {
    return this.#bytes.length;
  }

  /** vmovdqu: a vector from memory. */
  load(target: number, from: Memory): void {
    this.#vex(MAP_0F, PREFIX_F3, 0x6f, target, 0, from);
  }

  /** vmovdqu: a vector into memory. */
  store(to: Memory, source: number): void {
    this.#vex(MAP_0F, PREFIX_F3, 0x7f, source, 0, to);
  }

  /** vmovdqa. */
  move(target: number, source: number): void {
    this.#vex(MAP_0F, PREFIX_66, 0x6f, target, 0, source);
  }

  /** vpaddq: sums of words of 64 bits. */
  add(target: number, a: number, b: number | Memory): void {
    this.#vex(MAP_0F, PREFIX_66, 0xd4, target, a, b);
  }

  /** vpxor. */
  xor(target: number, a: number, b: number): void {
    this.#vex(MAP_0F, PREFIX_66, 0xef, target, a, b);
  }

  /** vpand. */
  and(target: number, a: number, b: number): void {
    this.#vex(MAP_0F, PREFIX_66, 0xdb, target, a, b);
  }

  /** vpor. */
  or(target: number, a: number, b: number): void {
    this.#vex(MAP_0F, PREFIX_66, 0xeb, target, a, b);
  }

  /** vpsrlq: words of 64 bits, shifted to the right. */
  shiftRight(target: number, source: number, bits: number): void {
    this.#vex(MAP_0F, PREFIX_66, 0x73, 2, target, source);
    this.#bytes.push(bits);
  }

  /** vpsllq: the same to the left. */
  shiftLeft(target: number, source: number, bits: number): void {
    this.#vex(MAP_0F, PREFIX_66, 0x73, 6, target, source);
    this.#bytes.push(bits);
  }

  /** vpshufb: the bytes of each half in the order that `order` has. */
  shuffle(target: number, source: number, order: number): void {
    this.#vex(MAP_0F38, PREFIX_66, 0x00, target, source, order);
  }

  /** vpunpcklqdq: the first words of the halves of both. */
  firstWords(target: number, a: number, b: number): void {
    this.#vex(MAP_0F, PREFIX_66, 0x6c, target, a, b);
  }

  /** vpunpckhqdq: the second words of the halves of both. */
  secondWords(target: number, a: number, b: number): void {
    this.#vex(MAP_0F, PREFIX_66, 0x6d, target, a, b);
  }

  /** vperm2i128: the first halves of both, or the second. */
  halves(target: number, a: number, b: number, which: "first" | "second"): void {
    this.#vex(MAP_0F3A, PREFIX_66, 0x46, target, a, b);
    this.#bytes.push(which === "first" ? 0x20 : 0x31);
  }

  /** vprorq, of AVX-512VL: words of 64 bits, rotated to the right. */
  rotateRight(target: number, source: number, bits: number): void {
    this.#evex(MAP_0F, 0x72, 0, target, source);
    this.#bytes.push(bits);
  }

  /** vpternlogq, of AVX-512VL: bit `4 t + 2 a + b` of `table` for the bits t, a and b of the target and the others. */
  combine(target: number, a: number, b: number, table: number): void {
    this.#evex(MAP_0F3A, 0x25, target, a, b);
    this.#bytes.push(table);
  }

  /** mov: a general register from memory. */
  loadGeneral(target: number, from: Memory): void {
    this.#general(0x8b, target, from);
  }

  /** lea: where that memory is. */
  addressOf(target: number, of: Memory): void {
    this.#general(0x8d, target, of);
  }

  /** add: a number to a general register. */
  addNumber(target: number, number: number): void {
    this.#bytes.push(0x48 | target >> 3, 0x81, 0xc0 | target & 7);
    this.#push32(number);
  }

  /** mov: a number into a general register. */
  setNumber(target: number, number: number): void {
    this.#bytes.push(0x40 | target >> 3, 0xb8 | target & 7);
    this.#push32(number);
  }

  /** dec and jnz: goes back to a position until the register, made one less each time, is 0. */
  repeatFrom(position: number, register: number): void {
    this.#bytes.push(0x48 | register >> 3, 0xff, 0xc8 | register & 7, 0x0f, 0x85);
    // Counted from the next instruction on.
    this.#push32(position - (this.position + 4));
  }

  /** vzeroupper and ret: the end of a function that used vectors. */
  return(): void {
    this.#bytes.push(0xc5, 0xf8, 0x77, 0xc3);
  }

  /** An instruction with a VEX prefix of three bytes. */
  #vex(map: number, prefix: number, opcode: number, reg: number, second: number, rm: number | Memory): void {
    const base = typeof rm === "number" ? rm : rm.base;
    this.#bytes.push(
      0xc4,
      inverted(reg >> 3, 1) << 7 | 1 << 6 | inverted(base >> 3, 1) << 5 | map,
      inverted(second, 4) << 3 | 1 << 2 | prefix,
      opcode,
    );
    this.#operands(reg, rm);
  }

  /** One with an EVEX prefix: between registers, words of 64 bits, no mask. */
  #evex(map: number, opcode: number, reg: number, second: number, rm: number): void {
    this.#bytes.push(
      0x62,
      inverted(reg >> 3, 1) << 7 | 1 << 6 | inverted(rm >> 3, 1) << 5 | 1 << 4 | map,
      1 << 7 | inverted(second, 4) << 3 | 1 << 2 | PREFIX_66,
      1 << 5 | 1 << 3,
      opcode,
    );
    this.#operands(reg, rm);
  }

  /** One with a REX prefix, between a general register of 64 bits and memory. */
  #general(opcode: number, reg: number, memory: Memory): void {
    this.#bytes.push(0x48 | reg >> 3 << 2 | memory.base >> 3, opcode);
    this.#operands(reg, memory);
  }

  /** The byte ModRM, and an offset of 32 bits. */
  #operands(reg: number, rm: number | Memory): void {
    if (typeof rm === "number") {
      this.#bytes.push(0xc0 | (reg & 7) << 3 | rm & 7);
      return;
    }
    this.#bytes.push(0x80 | (reg & 7) << 3 | rm.base & 7);
    this.#push32(rm.offset);
  }

  #push32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push(value >> shift & 0xff);
  }
}

/** These prefixes hold the bits of registers inverted. */
function inverted(value: number, bits: number): number {
  return ~value & (1 << bits) - 1;
}
