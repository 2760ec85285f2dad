/** A file of this machine, read at any place. */
import { PIECE_BYTES } from "../../core/bytes.ts";
import type { RandomAccess } from "../../stores/byte_source.ts";
import { fileError } from "./file_errors.ts";
import { SourceFile } from "./source_file.ts";

/**
 * Reads parts of a file.
 *
 * @example The first bytes of a file
 * ```ts
 * import { FileAccess } from "@desync/desync/deno";
 *
 * using file = FileAccess.open("testdata/tree.catar");
 * if ((await file?.read(0, 16))?.length !== 16) throw new Error("a part is missing");
 * ```
 */
export class FileAccess implements RandomAccess, Disposable {
  readonly size: number;
  readonly #file: SourceFile;

  private constructor(file: SourceFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** `null` when it is no regular file. Throws `missing-file` or `io` when it cannot be opened. */
  static open(path: string): FileAccess | null {
    try {
      // Opening a pipe would wait for a writer.
      const { isFile, size } = Deno.statSync(path);
      return isFile ? new FileAccess(new SourceFile(path), size) : null;
    } catch (error) {
      throw fileError("read", path, error);
    }
  }

  /** Throws `io` when there are not so many bytes any more. */
  read(offset: number, length: number): Promise<Uint8Array> {
    return Promise.try(() => {
      const bytes = new Uint8Array(length);
      this.#file.read(bytes, offset);
      return bytes;
    });
  }

  /** The bytes from `start` up to but without `end`. */
  async *pieces(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end;) {
      const piece = await this.read(at, Math.min(PIECE_BYTES, end - at));
      yield piece;
      at += piece.length;
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
