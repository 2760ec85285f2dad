/** A file of the target that is left alone as long as the archive's bytes turn out to be its own. */
import { createHash, type Hash } from "node:crypto";
import { PIECE_BYTES } from "../../../core/bytes.ts";
import { DesyncError } from "../../../core/errors.ts";
import type { Handle, TreeSystem } from "../tree_system.ts";
import type { NewFile } from "./new_file.ts";
import { sameBytes } from "./same_bytes.ts";

/** Bytes of the archive that are kept while they are compared. */
const KEPT_BYTES = 1024 * 1024;

/** Compares the bytes as they come. Of a large file only a digest of what was compared is kept. */
export class KeptFile {
  /** The open file. */
  readonly handle: Handle;
  readonly #system: TreeSystem;
  #size = 0;
  #kept: Uint8Array[] = [];
  #hash: Hash | undefined;
  #buffer = new Uint8Array(0);

  /** Compares with a file that is open for reading. */
  constructor(system: TreeSystem, handle: Handle) {
    this.#system = system;
    this.handle = handle;
  }

  /** Whether the file has these bytes next. After `false` it is not to be asked again. */
  matches(bytes: Uint8Array): boolean {
    if (this.#buffer.length < bytes.length) this.#buffer = new Uint8Array(bytes.length);
    const there = this.#buffer.subarray(0, this.#read(this.#buffer.subarray(0, bytes.length), this.#size));
    if (!sameBytes(bytes, there)) return false;
    this.#size += bytes.length;
    if (this.#hash !== undefined) this.#hash.update(bytes);
    else {
      this.#kept.push(bytes.slice());
      if (this.#size > KEPT_BYTES) {
        this.#hash = createHash("sha256");
        for (const piece of this.#kept.splice(0)) this.#hash.update(piece);
      }
    }
    return true;
  }

  /** Writes all that matched. Throws `io` when the file has changed since. */
  copyTo(file: NewFile): void {
    if (this.#hash === undefined) {
      for (const piece of this.#kept) file.write(piece);
      return;
    }
    const hash = createHash("sha256");
    for (let at = 0; at < this.#size;) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, this.#size - at));
      if (this.#read(piece, at) < piece.length) break;
      hash.update(piece);
      file.write(piece);
      at += piece.length;
    }
    if (sameBytes(hash.digest(), this.#hash.digest())) return;
    throw new DesyncError("io", { reason: "another program is writing to it", hint: "run this again" });
  }

  /** What cannot be read is not what the archive has. */
  #read(bytes: Uint8Array, offset: number): number {
    try {
      return this.#system.read(this.handle, bytes, offset);
    } catch {
      return 0;
    }
  }
}
