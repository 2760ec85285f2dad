/** The blob under construction, as a worker sees it: written in any order, straight to the right place. */
import { equalBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import type { TargetInfo } from "../../transfer/messages.ts";
import { files } from "../files/file_calls.ts";
import { isIdentified } from "../files/file_identity.ts";
import { Holes } from "../files/holes.ts";
import { RawFile } from "../system/libc.ts";
import { HOLE_BLOCK, splitZeros } from "./zero_runs.ts";

/** No shorter run of zeros is made a hole, as in casync: punching one takes 0.15 ms on ext4. */
const LEAST_BLOCKS = 3;

const ZEROS: Uint8Array = new Uint8Array(16 * HOLE_BLOCK);

/** The error for an output that another program has replaced: what is there now is that program's. */
export function replacedMeanwhile(): DesyncError {
  const reason = "another program replaced it while it was being written";
  return new DesyncError("io", { reason, hint: "run this again to continue" });
}

/** A file that exists, open for writing and reading at any place. */
export class TargetFile {
  readonly #fd: number;
  readonly #raw: RawFile | null;
  readonly #sparse: boolean;
  readonly #resumed: boolean;
  readonly #holes: Holes;
  /** What is where zeros should be. */
  #found: Uint8Array | undefined;

  /**
   * With `sparse`, zeros become holes: the file reads as zeros wherever nothing has been written, unless it is `resumed`.
   * Throws `io` when another file than the identified one is there.
   */
  constructor(path: string, { sparse, resumed, identity }: Omit<TargetInfo, "path" | "displayName">) {
    // Another user who may write into the directory may have put a link in its place. What is written in place may be reached
    // by one: for that the identity has to do.
    this.#fd = files().open(path, { write: true, noFollow: sparse });
    if (identity !== undefined && !isIdentified(files().info(this.#fd), identity)) {
      files().close(this.#fd);
      throw replacedMeanwhile();
    }
    this.#raw = sparse ? RawFile.open(path) : null;
    this.#holes = this.#raw === null ? Holes.of(path) : new Holes(this.#raw);
    this.#sparse = sparse;
    this.#resumed = resumed;
  }

  /**
   * Whether the system says that nothing was written there: it reads as zeros then. False if it does not say. What was written
   * after the first call may not be noticed.
   */
  isHole(offset: number, length: number): boolean {
    return this.#holes.covers(offset, length);
  }

  /** Writes all bytes at `offset`, leaving holes for zeros in a sparse file. In others, holes that are there stay. */
  write(bytes: Uint8Array, offset: number): void {
    splitZeros(
      bytes,
      offset,
      (from, to) => this.#writeFully(bytes.subarray(from, to), offset + from),
      (from, to) => {
        if (this.#sparse) this.#leaveHole(offset + from, offset + to);
        else this.#writeZeros(offset + from, offset + to);
      },
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

  /** Makes it zeros where something else is: what is right, maybe a hole, is not written. */
  #writeZeros(start: number, end: number): void {
    for (let at = start; at < end; at += ZEROS.length) {
      const zeros = ZEROS.subarray(0, Math.min(ZEROS.length, end - at));
      const found = this.read((this.#found ??= new Uint8Array(ZEROS.length)).subarray(0, zeros.length), at);
      if (!equalBytes(found, zeros)) this.#writeFully(zeros, at);
    }
  }

  /** What is there now: as much of `buffer` as the file fills. */
  read(buffer: Uint8Array, offset: number): Uint8Array {
    let length = 0;
    while (length < buffer.length) {
      const read = files().read(this.#fd, buffer.subarray(length), offset + length);
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  }

  close(): void {
    files().close(this.#fd);
    this.#holes[Symbol.dispose]();
  }

  #writeFully(bytes: Uint8Array, offset: number): void {
    let written = 0;
    while (written < bytes.length) {
      written += files().write(this.#fd, bytes.subarray(written), offset + written);
    }
  }
}
