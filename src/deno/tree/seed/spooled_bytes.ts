/** Bytes that are read again at any place: in memory as long as they are few, then in a temporary file. */
import { SpoolFile } from "../../files/spool_file.ts";

/** Bytes that are kept in memory. */
const IN_MEMORY = 16 * 1024 * 1024;

/** Written front to back, then read. */
export class SpooledBytes implements Disposable {
  #memory = new Uint8Array(64 * 1024);
  #spool: SpoolFile | undefined;
  #size = 0;

  /** Adds bytes at the end. Throws `io` or `missing-file` when the temporary file cannot be made or written. */
  append(bytes: Uint8Array): void {
    if (this.#spool === undefined && this.#size + bytes.length > IN_MEMORY) {
      this.#spool = new SpoolFile();
      this.#spool.append(this.#memory.subarray(0, this.#size));
      this.#memory = new Uint8Array(0);
    }
    if (this.#spool !== undefined) this.#spool.append(bytes);
    else {
      this.#makeRoom(this.#size + bytes.length);
      this.#memory.set(bytes, this.#size);
    }
    this.#size += bytes.length;
  }

  /** Fills `buffer` with the bytes from `offset` on, which must be there. */
  read(buffer: Uint8Array, offset: number): void {
    if (this.#spool !== undefined) this.#spool.read(buffer, offset);
    else buffer.set(this.#memory.subarray(offset, offset + buffer.length));
  }

  [Symbol.dispose](): void {
    this.#spool?.[Symbol.dispose]();
    this.#spool = undefined;
  }

  #makeRoom(size: number): void {
    if (size <= this.#memory.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#memory.length));
    larger.set(this.#memory.subarray(0, this.#size));
    this.#memory = larger;
  }
}
