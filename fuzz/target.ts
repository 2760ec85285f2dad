/** What is fuzzed: a decoder, what it may do with any bytes at all, and what makes good inputs for it. */
import type { ErrorCode } from "../src/core/errors.ts";
import type { Random } from "../tests/support/random.ts";

/** One decoder. */
export interface Target {
  /** Its word on the command line; `testdata/fuzz/<name>.txt` has its corpus. */
  readonly name: string;
  /** The codes that its errors may have. Anything else that is thrown is a finding. */
  readonly codes: readonly ErrorCode[];
  /** Buffers that one input may have it allocate, besides 64 bytes for each of its own. Default: 1 MiB. */
  readonly freeBytes?: number;
  /**
   * Decodes the bytes. Returns how that went, as one of few words: other words are other ways through the decoder. Throws
   * the decoder's own error, which is judged elsewhere, and any other error for what must not be.
   */
  check(input: Uint8Array): string | Promise<string>;
  /** Inputs to begin with. */
  seeds(): Uint8Array[];
  /** Words of the format. */
  readonly words?: readonly Uint8Array[];
  /** The pieces that the format is made of, to be left out, repeated and moved. Joined they are the input again. */
  split?(input: Uint8Array): Uint8Array[];
  /** Makes lengths and sums right again, so that what lies behind their checks is reached. May change the input. */
  repair?(input: Uint8Array, random: Random): Uint8Array;
}

const encoder = new TextEncoder();

/** Texts as bytes. */
export function words(...texts: string[]): Uint8Array[] {
  return texts.map((text) => encoder.encode(text));
}

/** Lines with what ends them. */
export function splitLines(input: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const end = input.indexOf(0x0a, at) + 1 || input.length;
    lines.push(input.subarray(at, end));
    at = end;
  }
  return lines;
}

/** The bytes in pieces, always the same ones for the same bytes: from one byte to many. */
export function inPieces(input: Uint8Array): Uint8Array[] {
  let state = input.length + 1;
  for (let i = 0; i < input.length; i += 7) state = Math.imul(state ^ input[i], 0x01000193) >>> 0;
  const most = input.length > 300 ? [40, 700][state % 2] : [1, 7, 40, 300][state % 4];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const end = Math.min(input.length, at + 1 + (state >>> 8) % most);
    pieces.push(input.subarray(at, end));
    at = end;
  }
  return pieces;
}
