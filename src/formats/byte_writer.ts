/** Numbers and bytes written one after the other, and passed on in pieces of about the same size. */
import { PIECE_BYTES, writeU64 } from "../core/bytes.ts";

/** Collects bytes. What is passed on is never touched again: it belongs to the receiver. */
export class ByteWriter {
  readonly #emit: (piece: Uint8Array<ArrayBuffer>) => void;
  #piece = new Uint8Array(PIECE_BYTES);
  #view = new DataView(this.#piece.buffer);
  #length = 0;
  #emitted = 0;

  /** `emit` gets the pieces. */
  constructor(emit: (piece: Uint8Array<ArrayBuffer>) => void) {
    this.#emit = emit;
  }

  /** Bytes that were written so far, here or elsewhere. */
  get offset(): number {
    return this.#emitted + this.#length;
  }

  /** Writes numbers as little-endian u64. Plain ones must be safe and not negative. */
  u64(...values: (number | bigint)[]): void {
    if (this.#length + 8 * values.length > PIECE_BYTES) this.flush();
    for (const value of values) {
      if (typeof value === "bigint") this.#view.setBigUint64(this.#length, value, true);
      else writeU64(this.#view, this.#length, value);
      this.#length += 8;
    }
  }

  /** Counts bytes that are written elsewhere. */
  skip(length: number): void {
    this.#emitted += length;
  }

  /** Writes the bytes, which may be changed afterwards. */
  bytes(bytes: Uint8Array): void {
    let at = 0;
    while (bytes.length - at > PIECE_BYTES - this.#length) {
      const part = bytes.subarray(at, at + PIECE_BYTES - this.#length);
      this.#piece.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
      this.flush();
    }
    this.#piece.set(at === 0 ? bytes : bytes.subarray(at), this.#length);
    this.#length += bytes.length - at;
  }

  /** Passes on what there is. */
  flush(): void {
    if (this.#length === 0) return;
    this.#emit(this.#piece.subarray(0, this.#length));
    this.#emitted += this.#length;
    this.#length = 0;
    this.#piece = new Uint8Array(PIECE_BYTES);
    this.#view = new DataView(this.#piece.buffer);
  }
}
