/**
 * Tables of finite state entropy (FSE): zstd decodes the codes of its sequences and its Huffman weights with them.
 *
 * A table's description:
 *
 *     4 bits   accuracy - 5; the table has 2^accuracy states
 *     …        for each symbol its number of states + 1, in as many bits as what is left needs; 0 is one state with
 *              all of its bits read anew; behind 1 (no state) 2 bits: so many more such symbols, 3 is followed by more
 *     …        up to the next byte
 *
 * All functions here take a view of which the first bytes are the data and at least {@linkcode SPARE_BYTES} more may be
 * read; what is in those does not matter.
 *
 * Source: RFC 8878, section 4.1.1.
 */

/** Numbers are read four bytes at a time. */
export const SPARE_BYTES = 8;

/** How to go on from each state. */
export interface FseTable {
  /** Bits of a state's number. */
  readonly accuracy: number;
  /** By state: bits 7-0 symbol, 11-8 bits to read for the next state, 31-16 what is added to those. */
  readonly states: Int32Array;
}

/** `count` bits (25 at most) from bit `at` on. */
export function readBits(view: DataView, at: number, count: number): number {
  return (view.getUint32(at >> 3, true) >>> (at & 7)) & ((1 << count) - 1);
}

/** The bit behind the last one of a stream that is read backwards and ends before byte `end`: its highest 1 is a mark. */
export function lastBit(view: DataView, end: number): number {
  const last = view.getUint8(end - 1);
  if (last === 0) throw new Error("a bit stream has no end");
  return end * 8 - 1 - (Math.clz32(last) - 24);
}

/** The table of which every state is this symbol. */
export function singleSymbol(symbol: number): FseTable {
  return { accuracy: 0, states: Int32Array.of(symbol) };
}

/** What a table may be at most. */
export interface FseLimits {
  readonly accuracy: number;
  readonly symbol: number;
}

/**
 * The table that is described from byte `at` on, and where its description ends: before `end`. Throws a plain error
 * when it is damaged.
 */
export function readFseTable(
  view: DataView,
  at: number,
  end: number,
  limits: FseLimits,
): { table: FseTable; end: number } {
  const accuracy = (at < end ? view.getUint8(at) & 15 : 0) + 5;
  if (accuracy > limits.accuracy) throw new Error("a table is too large");
  const counts: number[] = [];
  let left = 1 << accuracy;
  let bit = at * 8 + 4;
  while (left > 0) {
    // From 0 to left + 1: the lowest ones take a bit less than the others.
    const width = 32 - Math.clz32(left + 1);
    const half = 1 << (width - 1);
    const short = 2 * half - 2 - left;
    let value = readBits(view, bit, width);
    if ((value & (half - 1)) < short) {
      value &= half - 1;
      bit += width - 1;
    } else {
      if (value >= half) value -= short;
      bit += width;
    }
    counts.push(value - 1);
    left -= Math.abs(value - 1);
    for (let more = value === 1 ? 3 : 0; more === 3;) {
      more = readBits(view, bit, 2);
      bit += 2;
      for (let i = 0; i < more; i++) counts.push(0);
      if (bit > end * 8 || counts.length > limits.symbol) break;
    }
    if (bit > end * 8 || counts.length > limits.symbol + 1) throw new Error("a table is damaged");
  }
  return { table: fseTable(accuracy, counts), end: (bit + 7) >> 3 };
}

/** The table in which each symbol has so many states: -1 is one whose bits are all read anew. */
export function fseTable(accuracy: number, counts: readonly number[]): FseTable {
  const size = 1 << accuracy;
  const states = new Int32Array(size);
  let high = size;
  for (let symbol = 0; symbol < counts.length; symbol++) if (counts[symbol] < 0) states[--high] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let state = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    for (let i = 0; i < counts[symbol]; i++) {
      states[state] = symbol;
      do state = (state + step) & (size - 1); while (state >= high);
    }
  }
  const next = counts.map(Math.abs);
  for (let i = 0; i < size; i++) {
    const symbol = states[i];
    const number = next[symbol]++;
    const bits = accuracy - (31 - Math.clz32(number));
    states[i] = symbol | (bits << 8) | (((number << bits) - size) << 16);
  }
  return { accuracy, states };
}
