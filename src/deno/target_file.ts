/** The blob under construction, as a worker sees it: written in any order, straight to the right place. */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { RawFile } from "./libc.ts";

/** Zeros are looked for in aligned blocks of this size; smaller runs are written. */
const HOLE_BLOCK = 16 * 1024;

/** A file that exists, open for writing and reading at any place. */
export class TargetFile {
  readonly #fd: number;
  readonly #raw: RawFile | null;
  readonly #sparse: boolean;

  /** With `sparse`, the file reads as zeros wherever nothing has been written. */
  constructor(path: string, sparse: boolean) {
    // Whoever else may write into the folder may have put a link in its place; what is written in place may be one.
    this.#fd = openSync(path, sparse ? constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) : "r+");
    this.#raw = sparse ? RawFile.open(path) : null;
    this.#sparse = sparse;
  }

  /** Writes all bytes at `offset`, leaving holes for zeros in a sparse file. */
  write(bytes: Uint8Array, offset: number): void {
    if (!this.#sparse) return this.#writeFully(bytes, offset);
    let written = 0;
    let at = firstBlock(offset) - offset;
    while (at + HOLE_BLOCK <= bytes.length) {
      const zeros = zeroBlocks(bytes, at);
      if (zeros > 0) {
        this.#writeFully(bytes.subarray(written, at), offset + written);
        this.#raw?.punchHole(offset + at, zeros);
        written = at + zeros;
      }
      at += zeros + HOLE_BLOCK;
    }
    this.#writeFully(bytes.subarray(written), offset + written);
  }

  /** What is there now: as much of `buffer` as the file fills. */
  read(buffer: Uint8Array, offset: number): Uint8Array {
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(this.#fd, buffer, length, buffer.length - length, offset + length);
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  }

  close(): void {
    closeSync(this.#fd);
    this.#raw?.[Symbol.dispose]();
  }

  #writeFully(bytes: Uint8Array, offset: number): void {
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(this.#fd, bytes, written, bytes.length - written, offset + written);
    }
  }
}

/** The first block that starts at or after the offset. */
function firstBlock(offset: number): number {
  return Math.ceil(offset / HOLE_BLOCK) * HOLE_BLOCK;
}

/** Bytes of whole blocks from `at` on that hold nothing but zeros. */
function zeroBlocks(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end + HOLE_BLOCK <= bytes.length && isZero(bytes, end, end + HOLE_BLOCK)) end += HOLE_BLOCK;
  return end - at;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  // Data that is not zero shows it almost at once, in the middle as well as at the start.
  if (bytes[(from + to) >>> 1] !== 0) return false;
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
