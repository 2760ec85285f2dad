/** A file that is being written under a temporary name, front to back. */
import { HOLE_BLOCK, splitZeros } from "../../output/zero_runs.ts";
import type { Handle, TreeSystem } from "../tree_system.ts";
import { sameBytes } from "./same_bytes.ts";

/**
 * Takes the bytes of a file. Zeros become holes. Over a clone of an older version only the blocks that differ are written,
 * so that the others stay shared.
 */
export class NewFile {
  /** The open file. */
  readonly handle: Handle;
  readonly #system: TreeSystem;
  /** Bytes so far. */
  #size = 0;
  /** Those up to the last that was written: zeros are not. */
  #written = 0;
  /** Bytes that the file had before. */
  readonly #cloned: number;
  #old = new Uint8Array(0);

  /** Writes to a file that was created, and has `cloned` bytes of an older version. */
  constructor(system: TreeSystem, handle: Handle, cloned = 0) {
    this.#system = system;
    this.handle = handle;
    this.#cloned = cloned;
  }

  /** Writes the next bytes. */
  write(bytes: Uint8Array): void {
    const over = Math.min(bytes.length, Math.max(0, this.#cloned - this.#size));
    if (over > 0) this.#writeOver(bytes.subarray(0, over));
    if (over < bytes.length) this.#append(bytes.subarray(over));
  }

  /** Gives the file its size, when all its bytes have come. */
  finish(): void {
    if (this.#written < this.#size || this.#cloned > this.#size) this.#system.extend(this.handle, this.#size);
  }

  #append(bytes: Uint8Array): void {
    const start = this.#size;
    splitZeros(bytes, start, (from, to) => {
      this.#system.write(this.handle, bytes.subarray(from, to), start + from);
      this.#written = start + to;
    });
    this.#size += bytes.length;
  }

  /** Writes where the clone has something else. It is read, not believed: the older version may have changed just before. */
  #writeOver(bytes: Uint8Array): void {
    const start = this.#size;
    if (this.#old.length < bytes.length) this.#old = new Uint8Array(bytes.length);
    const old = this.#old.subarray(0, bytes.length);
    const known = this.#system.read(this.handle, old, start);
    const isSame = (from: number, to: number) =>
      to <= known && sameBytes(bytes.subarray(from, to), old.subarray(from, to));
    this.#size = this.#written = start + bytes.length;
    if (isSame(0, bytes.length)) return;
    let changedFrom = -1;
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(at + HOLE_BLOCK - (start + at) % HOLE_BLOCK, bytes.length);
      const same = isSame(at, end);
      if (!same && changedFrom < 0) changedFrom = at;
      if (same && changedFrom >= 0) {
        this.#system.write(this.handle, bytes.subarray(changedFrom, at), start + changedFrom);
        changedFrom = -1;
      }
      at = end;
    }
    if (changedFrom >= 0) this.#system.write(this.handle, bytes.subarray(changedFrom), start + changedFrom);
  }
}
