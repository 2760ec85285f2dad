/**
 * LZMA2: chunks of LZMA, or of bytes as they are, each with its sizes.
 *
 *     0  control: 0 ends it; 1 and 2 are bytes as they are; from 0x80 on LZMA, its bits 4-0 the top of the size
 *     1  size - 1 of the content: 2 bytes, the upper one first
 *     3  LZMA only: size - 1 of its data, likewise
 *     5  LZMA from 0xc0 on only: properties (pb * 5 + lp) * 9 + lc
 *     …  the data
 *
 * Control 1 and from 0xe0 on: the dictionary begins here. From 0xa0 on: the decoder begins anew. From 0xc0 on: so, with
 * other properties.
 *
 * Source: LZMA SDK 24.09 (Lzma2Dec.c).
 */

/** One chunk. */
export interface Lzma2Chunk {
  /** Whether its data are LZMA, and not the content itself. */
  readonly isLzma: boolean;
  /** Where its data begin. */
  readonly at: number;
  /** Where they end. */
  readonly end: number;
  /** Bytes of its content. */
  readonly size: number;
  /** Whether nothing before it is repeated from here on. */
  readonly resetsDictionary: boolean;
  /** Whether the decoder begins anew. */
  readonly resetsState: boolean;
  /** The properties that the decoder gets, `undefined` where it keeps those it has. */
  readonly properties: number | undefined;
}

const END = 0;
const RAW_AND_RESET = 1;
const RAW = 2;
const LZMA = 0x80;
const RESETS_STATE = 0xa0;
const HAS_PROPERTIES = 0xc0;
const RESETS_DICTIONARY = 0xe0;

/**
 * LZMA makes of a byte 7091 at most: 273 take 14 bits that are all as expected, each of which costs log2(2048 / 2017) bits.
 * A claim beyond that is a lie.
 */
const MAX_RATIO = 8192;

/**
 * The chunks from byte `at` on. What it returns is where they end. Throws a plain error when they are not complete, or do
 * not begin as they must; nothing else of their data is looked at.
 */
export function* lzma2Chunks(bytes: Uint8Array, at: number): Generator<Lzma2Chunk, number> {
  let hasDictionary = false;
  let hasProperties = false;
  while (true) {
    const control = bytes[at++];
    if (control === END) return at;
    const isLzma = control >= LZMA;
    if (!isLzma && control > RAW) throw new Error("a chunk of LZMA2 is of an unknown kind");
    const resetsDictionary = control === RAW_AND_RESET || control >= RESETS_DICTIONARY;
    if (resetsDictionary) [hasDictionary, hasProperties] = [true, false];
    const properties = control >= HAS_PROPERTIES ? bytes[at + 4] : undefined;
    hasProperties ||= properties !== undefined;
    if (!hasDictionary || (isLzma && !hasProperties)) throw new Error("LZMA2 does not begin as it must");
    const high = isLzma ? (control & 0x1f) << 16 : 0;
    const size = (high | (bytes[at] << 8) | bytes[at + 1]) + 1;
    const stored = isLzma ? ((bytes[at + 2] << 8) | bytes[at + 3]) + 1 : size;
    at += isLzma ? 4 : 2;
    if (properties !== undefined) at++;
    const end = at + stored;
    // Where a byte is missing, so is the end.
    if (!(end < bytes.length)) throw new Error("it ends too early");
    if (size > stored * MAX_RATIO) throw new Error("a chunk of LZMA2 cannot have that size");
    const resetsState = control >= RESETS_STATE;
    yield { isLzma, at, end, size, resetsDictionary, resetsState, properties };
    at = end;
  }
}
