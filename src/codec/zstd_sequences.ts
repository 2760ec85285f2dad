/**
 * The sequences of a compressed block of zstd: what they would make, known before anything is copied.
 *
 *     0  number of sequences: a byte; from 128 on two (less 0x8000), 255 and two more (plus 0x7f00)
 *     …  modes: bits 7-6 literal lengths, 5-4 offsets, 3-2 match lengths (predefined, one symbol, described, as before)
 *     …  the symbols or tables that the modes ask for, in this order
 *     …  bits, read backwards: the three states, and for each sequence the rest of its offset, match length and literal
 *        length, and of the next states (literal lengths, match lengths, offsets)
 *
 * Source: RFC 8878, sections 3.1.1.3.2 and 3.1.1.5.
 */
import {
  type FseLimits,
  type FseTable,
  fseTable,
  lastBit,
  readBits,
  readFseTable,
  singleSymbol,
} from "./fse_table.ts";

/** One of the three kinds of code. */
interface Kind {
  readonly limits: FseLimits;
  readonly predefined: FseTable;
}

/** Shifts the number of bits that are added beyond the largest number that they are added to. */
const BITS_AT = 20;

/** By code: what it stands for, and above {@linkcode BITS_AT} how many bits are read and added. */
function lengthCodes(first: number, bits: readonly number[]): Int32Array {
  const codes = new Int32Array(bits.length);
  let base = first;
  for (let code = 0; code < bits.length; code++) {
    codes[code] = base | (bits[code] << BITS_AT);
    base += 1 << bits[code];
  }
  return codes;
}

const none = (count: number): number[] => new Array(count).fill(0);
const LITERAL_BITS = [...none(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const MATCH_BITS = [...none(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const LITERAL_CODES = lengthCodes(0, LITERAL_BITS);
const MATCH_CODES = lengthCodes(3, MATCH_BITS);
const MIN_MATCH = 3;

// deno-fmt-ignore
const LITERALS: Kind = {
  limits: { accuracy: 9, symbol: LITERAL_BITS.length - 1 },
  predefined: fseTable(6, [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
  ]),
};
// deno-fmt-ignore
const MATCHES: Kind = {
  limits: { accuracy: 9, symbol: MATCH_BITS.length - 1 },
  predefined: fseTable(6, [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ]),
};
// deno-fmt-ignore
const OFFSETS: Kind = {
  limits: { accuracy: 8, symbol: 31 },
  predefined: fseTable(5, [
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
  ]),
};

/** What an offset's code stands for: a 1 and that many bits behind it. */
function readOffset(view: DataView, at: number, bits: number): number {
  if (bits <= 25) return (1 << bits) + readBits(view, at, bits);
  return 2 ** bits + readBits(view, at, 16) + 0x10000 * readBits(view, at + 16, bits - 16);
}

/** What sequences take from those of blocks before. */
export class SequenceHistory {
  /** Whether there are tables of a block before. */
  hasTables = false;
  literals: FseTable = LITERALS.predefined;
  offsets: FseTable = OFFSETS.predefined;
  matches: FseTable = MATCHES.predefined;
  /** The last three offsets, which short codes stand for. */
  recent: [number, number, number] = [1, 4, 8];
}

/** What a block's sequences have to do with. */
export interface SequenceRoom {
  /** Literals in the block. */
  readonly literals: number;
  /** Bytes that the block may make. */
  readonly blockMax: number;
  /** Bytes that the frame has made before this block. */
  readonly before: number;
}

/**
 * Bytes that the block makes whose sequences begin at byte `at` of `view` and end before `end`. `history` becomes that
 * for the next block. Throws a plain error when something is damaged, or makes more than there is room for.
 */
export function readSequences(
  view: DataView,
  at: number,
  end: number,
  room: SequenceRoom,
  history: SequenceHistory,
): number {
  const { literals, blockMax } = room;
  if (at >= end) throw new Error("its sequences end too early");
  let count = view.getUint8(at++);
  if (count === 255) {
    count = view.getUint16(at, true) + 0x7f00;
    at += 2;
  } else if (count >= 128) count = ((count - 128) << 8) | view.getUint8(at++);
  if (count === 0) {
    if (at !== end) throw new Error("something follows its literals");
    if (literals > blockMax) throw new Error("a block is too large");
    return literals;
  }
  if (literals + count * MIN_MATCH > blockMax) throw new Error("a block is too large");
  const start = readTables(view, at, end, history);
  const size = runSequences(view, start, end, count, room, history);
  if (size > blockMax) throw new Error("a block is too large");
  return size;
}

/** Reads the modes at byte `at` and the tables behind them into `history`, returns where the bits begin: before `end`. */
function readTables(view: DataView, at: number, end: number, history: SequenceHistory): number {
  const modes = view.getUint8(at++);
  if ((modes & 3) !== 0) throw new Error("its sequences are of an unknown kind");
  const tableOf = (kind: Kind, mode: number, previous: FseTable): FseTable => {
    if (mode === 0) return kind.predefined;
    if (mode === 1) {
      const symbol = view.getUint8(at++);
      if (symbol > kind.limits.symbol) throw new Error("its sequences have an unknown code");
      return singleSymbol(symbol);
    }
    if (mode === 2) {
      const read = readFseTable(view, at, end, kind.limits);
      at = read.end;
      return read.table;
    }
    if (!history.hasTables) throw new Error("a table is used again, and there is none");
    return previous;
  };
  history.literals = tableOf(LITERALS, modes >> 6, history.literals);
  history.offsets = tableOf(OFFSETS, (modes >> 4) & 3, history.offsets);
  history.matches = tableOf(MATCHES, (modes >> 2) & 3, history.matches);
  history.hasTables = true;
  if (at >= end) throw new Error("its sequences end too early");
  return at;
}

/** What {@linkcode readSequences} returns, of `count` sequences whose bits begin at byte `at`. */
function runSequences(
  view: DataView,
  at: number,
  end: number,
  count: number,
  room: SequenceRoom,
  history: SequenceHistory,
): number {
  const { literals, before } = room;
  const { literals: literalTable, offsets: offsetTable, matches: matchTable } = history;
  const start = at * 8;
  const literalStates = literalTable.states;
  const offsetStates = offsetTable.states;
  const matchStates = matchTable.states;
  let bit = lastBit(view, end) - literalTable.accuracy - offsetTable.accuracy - matchTable.accuracy;
  if (bit < start) throw new Error("its sequences end too early");
  let match = matchStates[readBits(view, bit, matchTable.accuracy)];
  let next = bit + matchTable.accuracy;
  let offset = offsetStates[readBits(view, next, offsetTable.accuracy)];
  next += offsetTable.accuracy;
  let literal = literalStates[readBits(view, next, literalTable.accuracy)];

  let [recent1, recent2, recent3] = history.recent;
  let made = before;
  let used = 0;
  for (let left = count - 1;; left--) {
    const literalCode = LITERAL_CODES[literal & 0xff];
    const matchCode = MATCH_CODES[match & 0xff];
    const offsetBits = offset & 0xff;
    const matchBits = matchCode >>> BITS_AT;
    const literalBits = literalCode >>> BITS_AT;
    bit -= offsetBits + matchBits + literalBits;
    if (bit < start) throw new Error("its sequences end too early");

    let length = literalCode & ((1 << BITS_AT) - 1);
    if (literalBits > 0) length += readBits(view, bit, literalBits);
    used += length;
    made += length;
    const code = readOffset(view, bit + literalBits + matchBits, offsetBits);
    if (code > 3) {
      recent3 = recent2;
      recent2 = recent1;
      recent1 = code - 3;
    } else {
      // Without literals 1 would repeat the match before: the codes stand for the next ones then.
      const index = length === 0 ? code : code - 1;
      if (index > 0) {
        const again = index === 1 ? recent2 : index === 2 ? recent3 : recent1 - 1;
        if (index > 1) recent3 = recent2;
        recent2 = recent1;
        recent1 = again;
      }
    }
    if (recent1 > made || recent1 === 0) throw new Error("it refers to what is not there");
    made += matchCode & ((1 << BITS_AT) - 1);
    if (matchBits > 0) made += readBits(view, bit + literalBits, matchBits);

    if (left === 0) break;
    const literalNext = (literal >> 8) & 15;
    const matchNext = (match >> 8) & 15;
    const offsetNext = (offset >> 8) & 15;
    bit -= literalNext + matchNext + offsetNext;
    if (bit < start) throw new Error("its sequences end too early");
    // Of the 26 bits that they may be, 25 can be read at once.
    offset = offsetStates[(offset >>> 16) + readBits(view, bit, offsetNext)];
    const both = readBits(view, bit + offsetNext, literalNext + matchNext);
    match = matchStates[(match >>> 16) + (both & ((1 << matchNext) - 1))];
    literal = literalStates[(literal >>> 16) + (both >> matchNext)];
  }
  if (bit !== start) throw new Error("something is left of its sequences");
  if (used > literals) throw new Error("it has fewer literals than its sequences take");
  history.recent = [recent1, recent2, recent3];
  return literals - used + (made - before);
}
