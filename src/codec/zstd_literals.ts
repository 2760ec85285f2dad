/**
 * The literals of a compressed block of zstd: how many there are and where their section ends.
 *
 *     0  bits 1-0 kind (as they are, one that is repeated, with a Huffman tree, with the tree before), 3-2 format
 *     …  20 bits at most: how many; for the Huffman kinds 10, 14 or 18 bits: how many, and as many bits: bytes of them
 *     …  tree (weights as nibbles or by FSE), three sizes of 2 bytes where there are four streams, streams
 *
 * Source: RFC 8878, sections 3.1.1.3.1 and 4.2.1.
 */
import { lastBit, readBits, readFseTable } from "./fse_table.ts";

/** What {@linkcode readLiterals} has found out. */
export interface Literals {
  /** How many bytes they are. */
  readonly count: number;
  /** Where their section ends in the block. */
  readonly end: number;
  /** Whether later blocks have a tree to use again. */
  readonly hasTree: boolean;
}

const RAW = 0;
const REPEATED = 1;
const WITH_TREE = 2;

/**
 * Reads the section's header and its tree, at the start of `view`, whose data ends before `end`. The literals
 * themselves are not decoded. Throws a plain error when something is damaged.
 */
export function readLiterals(view: DataView, end: number, hasTree: boolean): Literals {
  const kind = readBits(view, 0, 2);
  const format = readBits(view, 2, 2);
  if (kind === RAW || kind === REPEATED) {
    const [skip, bits] = (format & 1) === 0 ? [3, 5] : format === 1 ? [4, 12] : [4, 20];
    const count = readBits(view, skip, bits);
    const section = (skip + bits) / 8 + (kind === RAW ? count : 1);
    if (section > end) throw new Error("its literals end too early");
    return { count, end: section, hasTree };
  }
  const bits = [10, 10, 14, 18][format];
  const count = readBits(view, 4, bits);
  const start = (4 + 2 * bits) / 8;
  const section = start + readBits(view, 4 + bits, bits);
  if (section > end) throw new Error("its literals end too early");
  if (kind !== WITH_TREE && !hasTree) throw new Error("a Huffman tree is used again, and there is none");
  const streams = kind === WITH_TREE ? checkTree(view, start, section) : start;
  const least = format === 0 ? 1 : 6 + 4;
  if (streams + least > section) throw new Error("its literals end too early");
  if (format !== 0) {
    let sizes = 6;
    for (let i = 0; i < 3; i++) sizes += view.getUint16(streams + 2 * i, true);
    if (streams + sizes >= section) throw new Error("its literals end too early");
  }
  return { count, end: section, hasTree: true };
}

/** A symbol's weight is 11 at most, and so is the number of bits of any. */
const MAX_BITS = 11;
/** The weight of the last symbol is not written: of 256. */
const MAX_WEIGHTS = 255;

/** Checks the tree from byte `at` on, returns where its description ends: before `end`. */
function checkTree(view: DataView, at: number, end: number): number {
  if (at >= end) throw new Error("its Huffman tree ends too early");
  const header = view.getUint8(at++);
  const nibbles = header - 127;
  const treeEnd = at + (nibbles > 0 ? (nibbles + 1) >> 1 : header);
  if (treeEnd > end) throw new Error("its Huffman tree ends too early");
  const weights = nibbles > 0 ? readNibbles(view, at, nibbles) : readWeights(view, at, treeEnd);
  let sum = 0;
  let longest = 0;
  for (const weight of weights) {
    if (weight > MAX_BITS) throw new Error("its Huffman tree is damaged");
    if (weight > 0) sum += 1 << (weight - 1);
    if (weight === 1) longest++;
  }
  const bits = 32 - Math.clz32(sum);
  const missing = (1 << bits) - sum;
  if (missing === 1) longest++;
  // Of the longest codes, those of weight 1, each tree has two at least: libzstd refuses one that has none.
  if (sum === 0 || bits > MAX_BITS || (missing & (missing - 1)) !== 0 || longest < 2) {
    throw new Error("its Huffman tree is damaged");
  }
  return treeEnd;
}

function readNibbles(view: DataView, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const byte = view.getUint8(at + (i >> 1));
    return (i & 1) === 0 ? byte >> 4 : byte & 15;
  });
}

/** Two states take turns until there are no more bits. Where states need none that would never be: hence the limit. */
function readWeights(view: DataView, at: number, end: number): number[] {
  const { table, end: start } = readFseTable(view, at, end, { accuracy: 6, symbol: MAX_WEIGHTS });
  if (start >= end) throw new Error("its Huffman tree ends too early");
  const { accuracy, states } = table;
  const first = start * 8;
  const weights: number[] = [];
  let bit = lastBit(view, end) - 2 * accuracy;
  if (bit < first) throw new Error("its Huffman tree ends too early");
  let current = states[readBits(view, bit + accuracy, accuracy)];
  let other = states[readBits(view, bit, accuracy)];
  for (;;) {
    weights.push(current & 0xff);
    const bits = (current >> 8) & 15;
    bit -= bits;
    if (bit < first) break;
    if (weights.length >= MAX_WEIGHTS) throw new Error("its Huffman tree is damaged");
    [current, other] = [other, states[(current >>> 16) + readBits(view, bit, bits)]];
  }
  weights.push(other & 0xff);
  if (weights.length > MAX_WEIGHTS) throw new Error("its Huffman tree is damaged");
  return weights;
}
