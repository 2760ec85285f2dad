/** A file of this machine, as a source of bytes. */
import type { ByteSource } from "../../stores/byte_source.ts";
import { FileAccess } from "./file_access.ts";
import { filePieces } from "./file_pieces.ts";

/** Reads the file, or a pipe or device in order. */
export class FileBytes implements ByteSource {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  stream(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<Uint8Array> {
    return filePieces(this.#path, options.signal);
  }

  access(): Promise<FileAccess | null> {
    return Promise.try(() => FileAccess.open(this.#path));
  }
}
