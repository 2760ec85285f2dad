/** Numbers of a delta file: seven bits a byte, the lowest first, the top bit set but in the last (LEB128). */
import { concat } from "../core/bytes.ts";
import { invalidDelta } from "./invalid_delta.ts";

const CONTINUES = 0x80;
/** Whole numbers are exact up to here. */
const MOST = Number.MAX_SAFE_INTEGER;

/** Reads numbers and bytes one after the other. Throws `invalid-delta`, never reads beyond the end. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether all has been read. */
  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    if (this.isAtEnd) throw endsEarly();
    return this.#bytes[this.#at++];
  }

  /** A number of at most `most`. */
  number(most: number = MOST): number {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      if (scale > MOST) throw invalidDelta("a number is too large");
      const byte = this.byte();
      const low = byte & 0x7f;
      // A number has one way to be written.
      if (scale > 1 && byte === 0) throw invalidDelta("a number is longer than it needs to be");
      if (low > (most - value) / scale) throw invalidDelta("a number is too large");
      value += low * scale;
      if ((byte & CONTINUES) === 0) return value;
    }
  }

  /** A number that may be negative: 0, -1, 1, -2 … are written as 0, 1, 2, 3 … */
  signed(): number {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The next so many bytes, not copied. */
  bytes(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw endsEarly();
    return this.#bytes.subarray(this.#at, this.#at += length);
  }
}

/** Writes what {@linkcode VarintReader} reads. */
export class VarintWriter {
  readonly #pieces: Uint8Array[] = [];
  #numbers: number[] = [];

  byte(value: number): void {
    this.#numbers.push(value);
  }

  number(value: number): void {
    let rest = value;
    for (; rest >= CONTINUES; rest = Math.floor(rest / 128)) this.byte(rest % 128 + CONTINUES);
    this.byte(rest);
  }

  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  bytes(bytes: Uint8Array): void {
    this.#flush();
    this.#pieces.push(bytes);
  }

  /** All that was written. */
  build(): Uint8Array<ArrayBuffer> {
    this.#flush();
    return concat(this.#pieces);
  }

  #flush(): void {
    this.#pieces.push(Uint8Array.from(this.#numbers));
    this.#numbers = [];
  }
}

function endsEarly(): Error {
  return invalidDelta("its table ends too early");
}
