/** Parts of a file that nothing was written to: they read as zeros, which is known without reading them. */
import { RawFile } from "../system/libc.ts";

/** Bytes that `blocks` of a file count. */
const BLOCK_BYTES = 512;

/** The holes of an open file, as the file system reports them. What is written to one meanwhile may not be noticed. */
export class Holes implements Disposable {
  readonly #raw: RawFile | null;
  /** The part that was looked at last: it ends where data begins. */
  #hole = { start: 0, end: 0 };

  /** With `null` there are none. The file is closed with this. */
  constructor(raw: RawFile | null) {
    this.#raw = raw;
  }

  /** Those of what the path leads to. None where that takes all of its bytes on the disk, and where the system does not report them. */
  static of(path: string): Holes {
    return new Holes(maySpareRoom(path) ? RawFile.openToRead(path) : null);
  }

  /** Whether all of that lies in one hole. */
  covers(offset: number, length: number): boolean {
    if (this.#raw === null) return false;
    if (offset < this.#hole.start || offset >= this.#hole.end) {
      this.#hole = { start: offset, end: this.#raw.nextData(offset) ?? offset };
    }
    return offset + length <= this.#hole.end;
  }

  [Symbol.dispose](): void {
    this.#raw?.[Symbol.dispose]();
  }
}

function maySpareRoom(path: string): boolean {
  try {
    const { isFile, blocks, size } = Deno.statSync(path);
    return isFile && blocks !== null && blocks * BLOCK_BYTES < size;
  } catch {
    return false;
  }
}
