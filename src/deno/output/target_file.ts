/** The blob under construction, as a worker sees it: written in any order, straight to the right place. */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { equalBytes } from "../../core/bytes.ts";
import { RawFile } from "../system/libc.ts";
import { HOLE_BLOCK, splitZeros } from "./zero_runs.ts";

/** No shorter run of zeros is made a hole, as in casync: punching one takes 0.15 ms on ext4. */
const LEAST_BLOCKS = 3;

const ZEROS: Uint8Array = new Uint8Array(16 * HOLE_BLOCK);

/** A file that exists, open for writing and reading at any place. */
export class TargetFile {
  readonly #fd: number;
  readonly #raw: RawFile | null;
  readonly #sparse: boolean;
  readonly #resumed: boolean;
  /** A part of a resumed file that nothing has been written to. */
  #hole = { start: 0, end: 0 };

  /** With `sparse`, zeros become holes: the file reads as zeros wherever nothing has been written, unless it is `resumed`. */
  constructor(path: string, { sparse, resumed }: { readonly sparse: boolean; readonly resumed: boolean }) {
    // Another user who may write into the directory may have put a link in its place; what is written in place may be one.
    this.#fd = openSync(path, sparse ? constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) : "r+");
    this.#raw = sparse ? RawFile.open(path) : null;
    this.#sparse = sparse;
    this.#resumed = resumed;
  }

  /** Whether the system says that nothing was written there before this run: it reads as zeros then. False if it does not say. */
  isHole(offset: number, length: number): boolean {
    if (offset < this.#hole.start || offset >= this.#hole.end) {
      this.#hole = { start: offset, end: this.#raw?.nextData(offset) ?? offset };
    }
    return offset + length <= this.#hole.end;
  }

  /** Writes all bytes at `offset`, leaving holes for zeros in a sparse file. */
  write(bytes: Uint8Array, offset: number): void {
    if (!this.#sparse) return this.#writeFully(bytes, offset);
    splitZeros(
      bytes,
      offset,
      (from, to) => this.#writeFully(bytes.subarray(from, to), offset + from),
      (from, to) => this.#leaveHole(offset + from, offset + to),
    );
  }

  /** The same where something else may be written already, even in a sparse file. */
  overwrite(bytes: Uint8Array, offset: number): void {
    this.#writeFully(bytes, offset);
  }

  /** What was reserved at the start is given back, as far as that pays. */
  #leaveHole(start: number, end: number): void {
    const [first, last] = [Math.ceil(start / HOLE_BLOCK), Math.floor(end / HOLE_BLOCK)];
    const punched = last - first >= LEAST_BLOCKS &&
      this.#raw?.punchHole(first * HOLE_BLOCK, (last - first) * HOLE_BLOCK);
    if (!this.#resumed) return;
    if (!punched) return this.#writeZeros(start, end);
    this.#writeZeros(start, first * HOLE_BLOCK);
    this.#writeZeros(last * HOLE_BLOCK, end);
  }

  /** Makes it zeros where an earlier run wrote something else. */
  #writeZeros(start: number, end: number): void {
    for (let at = start; at < end; at += ZEROS.length) {
      const zeros = ZEROS.subarray(0, Math.min(ZEROS.length, end - at));
      const found = this.read(new Uint8Array(zeros.length), at);
      if (!equalBytes(found, zeros)) this.#writeFully(zeros, at);
    }
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
