/** Reads the parts of xz's container, one behind the other. All methods throw a plain error where the bytes end. */
import { viewOf } from "../../core/bytes.ts";
import { crc32 } from "./crc.ts";

/** Bytes of a number at most. */
const MOST_NUMBER_BYTES = 9;
const MORE_FOLLOW = 0x80;

/** Everything in the container begins at a multiple of so many bytes. */
const ALIGNMENT = 4;

/** A place in bytes. */
export class XzReader {
  /** All bytes. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** Begins at the first byte. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /** Where the next byte is. */
  get at(): number {
    return this.#at;
  }

  /** Goes on from there. */
  moveTo(at: number): void {
    this.#at = at;
  }

  /** Whether there are no more bytes. */
  get isAtEnd(): boolean {
    return this.#at === this.bytes.length;
  }

  /** The next byte, which is not taken. */
  peek(): number {
    this.#need(1);
    return this.bytes[this.#at];
  }

  /** The next byte. */
  byte(): number {
    const byte = this.peek();
    this.#at++;
    return byte;
  }

  /** So many bytes. */
  take(count: number): Uint8Array {
    this.#need(count);
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  /** A number of 32 bits. */
  uint32(): number {
    this.#need(4);
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  /** A number of 7 bits in each byte. Beyond 2^53 it is not exact, and larger than anything it is compared with. */
  number(): number {
    let value = 0;
    for (let i = 0; i < MOST_NUMBER_BYTES; i++) {
      const byte = this.byte();
      value += (byte & ~MORE_FOLLOW) * 2 ** (7 * i);
      if (byte < MORE_FOLLOW) {
        if (byte === 0 && i > 0) break;
        return value;
      }
    }
    throw new Error("a number in it is invalid");
  }

  /** Throws a plain error, unless exactly these bytes come. */
  expect(bytes: readonly number[]): void {
    for (const byte of bytes) if (this.byte() !== byte) throw new Error("something else follows it");
  }

  /** Zeros up to a multiple of four bytes. */
  padding(): void {
    while (this.#at % ALIGNMENT !== 0) if (this.byte() !== 0) throw new Error("its padding is not zeros");
  }

  /** The CRC32 of all bytes from `from` on up to here. */
  sumFrom(from: number): void {
    const sum = crc32(this.bytes.subarray(from, this.#at));
    if (this.uint32() !== sum) throw new Error("a checksum of its headers is wrong");
  }

  #need(count: number): void {
    if (this.bytes.length - this.#at < count) throw new Error("it ends too early");
  }
}
