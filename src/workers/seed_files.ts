/** In a worker: the files of seeds, opened once each. */
import { errorToWire, type WireError } from "../core/errors.ts";
import { files } from "../deno/files/file_calls.ts";
import { fileError } from "../deno/files/file_errors.ts";
import { inspectSource } from "../deno/files/source_file.ts";
import type { SeedFile } from "../transfer/messages.ts";

/** What is open, or why it cannot be read. */
type Opened = number | WireError;

/** One set for each worker. */
export class SeedFiles {
  readonly #files = new Map<string, Opened>();
  #buffer = new Uint8Array(0);

  /** Bytes of a seed, valid until the next call, fewer than `size` at its end; or why they cannot be had. */
  read(seed: SeedFile, offset: number, size: number): Uint8Array | WireError {
    if (this.#buffer.length < size) this.#buffer = new Uint8Array(size);
    return this.readInto(this.#buffer.subarray(0, size), seed, offset);
  }

  /** The same for as many bytes as `target` has, which are put there. */
  readInto(target: Uint8Array, seed: SeedFile, offset: number): Uint8Array | WireError {
    const file = this.#open(seed);
    if (typeof file !== "number") return file;
    let length = 0;
    try {
      while (length < target.length) {
        const read = files().read(file, target.subarray(length), offset + length);
        if (read === 0) break;
        length += read;
      }
    } catch (error) {
      return this.#failed(seed, error);
    }
    return target.subarray(0, length);
  }

  /** Closes them. */
  release(): void {
    for (const file of this.#files.values()) if (typeof file === "number") files().close(file);
    this.#files.clear();
  }

  #open(seed: SeedFile): Opened {
    let file = this.#files.get(seed.path);
    if (file !== undefined) return file;
    try {
      inspectSource(seed.path);
      // What has become a named pipe meanwhile does not keep us waiting.
      file = files().open(seed.path, { noWait: true });
    } catch (error) {
      return this.#failed(seed, error);
    }
    this.#files.set(seed.path, file);
    return file;
  }

  /** A disk that fails takes its time for each read: no more is asked of it. */
  #failed({ path, displayName }: SeedFile, error: unknown): WireError {
    const file = this.#files.get(path);
    if (typeof file === "number") files().close(file);
    const problem = errorToWire(fileError("read", displayName, error));
    this.#files.set(path, problem);
    return problem;
  }
}
