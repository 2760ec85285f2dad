/** The file that a blob is built in, in the browser's private file system: for one web worker, which alone may write to it. */
import type { Codec } from "../codec/codec.ts";
import { toHex } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import { fileFailure } from "./file_failure.ts";
import type { AccessHandle, AccessibleFile } from "./file_system.ts";
import type { Probed, ProbedChunk, WrittenPiece } from "./tasks.ts";

/** Browsers that do not know it let one alone open the file. */
const SHARED = { mode: "readwrite-unsafe" } as const;

/** The file, open. */
export class OutputFile {
  /** Whether something may have been written to it before. */
  readonly resumed: boolean;
  readonly #handle: AccessHandle;
  readonly #codec: Codec;
  #buffer = new Uint8Array(0);

  private constructor(handle: AccessHandle, codec: Codec, resumed: boolean) {
    this.#handle = handle;
    this.#codec = codec;
    this.resumed = resumed;
  }

  /** Opens it, and gives it its size; `share`: others may {@linkcode join}, where the browser can do that. Throws `io`. */
  static async open(
    file: AccessibleFile,
    { size, share, codec }: { readonly size: number; readonly share: boolean; readonly codec: Codec },
  ): Promise<{ readonly output: OutputFile; readonly shared: boolean }> {
    let handle: AccessHandle | undefined;
    try {
      handle = await file.createSyncAccessHandle(share ? SHARED : undefined);
      const resumed = handle.getSize() > 0;
      handle.truncate(size);
      const output = new OutputFile(handle, codec, resumed);
      return { output, shared: share && await canShare(file) };
    } catch (error) {
      handle?.close();
      throw fileFailure("write", file.name, error);
    }
  }

  /** Opens it besides others that write to it. Throws `io`. */
  static async join(file: AccessibleFile, codec: Codec): Promise<OutputFile> {
    try {
      return new OutputFile(await file.createSyncAccessHandle(SHARED), codec, false);
    } catch (error) {
      throw fileFailure("write", file.name, error);
    }
  }

  /** Writes bytes to their places. Throws `io`. */
  write(pieces: readonly WrittenPiece[]): void {
    try {
      for (const { bytes, offsets } of pieces) {
        for (const offset of offsets) this.#writeAt(bytes, offset);
      }
    } catch (error) {
      throw fileFailure("write", "the blob", error);
    }
  }

  #writeAt(bytes: Uint8Array, offset: number): void {
    const written = this.#handle.write(bytes, { at: offset });
    // A full disk shows by this where it is not an error.
    if (written !== bytes.length) throw new DOMException("not all of it was written", "QuotaExceededError");
  }

  /** Looks where the chunks are, and copies them to where they are not. */
  probe(digest: DigestName, chunks: readonly ProbedChunk[]): Probed {
    return chunks.map((chunk) => {
      const { offsets, copyFrom } = chunk;
      const there = this.resumed ? offsets.filter((offset) => this.#has(digest, chunk, offset)) : [];
      if (there.length === offsets.length) return "in place";
      const from = there[0] ?? copyFrom;
      const bytes = from === undefined ? undefined : this.#read(digest, chunk, from);
      if (bytes === undefined) return "missing";
      this.write([{ bytes, offsets: offsets.filter((offset) => !there.includes(offset)) }]);
      return "copied";
    });
  }

  #has(digest: DigestName, chunk: ProbedChunk, offset: number): boolean {
    return this.#read(digest, chunk, offset) !== undefined;
  }

  /** The chunk's bytes if they are there; they hold until the next are read. */
  #read(
    digest: DigestName,
    { id, size, isZeros }: ProbedChunk,
    offset: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    if (this.#buffer.length < size) this.#buffer = new Uint8Array(size);
    const bytes = this.#buffer.subarray(0, size);
    if (this.#handle.read(bytes, { at: offset }) !== size) return undefined;
    // What has not been written is zeros, which need no digest.
    if (!isZeros && bytes.every((byte) => byte === 0)) return undefined;
    return toHex(this.#codec.digest(digest, bytes)) === id ? bytes : undefined;
  }

  /** Leaves it to the others. */
  leave(): void {
    this.#handle.close();
  }

  /** Brings what was written to the disk, by others too, and closes it. */
  close(): void {
    try {
      this.#handle.flush();
    } catch (error) {
      throw fileFailure("write", "the blob", error);
    } finally {
      this.#handle.close();
    }
  }
}

/** Whether it can be opened once more. */
async function canShare(file: AccessibleFile): Promise<boolean> {
  try {
    (await file.createSyncAccessHandle(SHARED)).close();
    return true;
  } catch {
    return false;
  }
}
