/** Writing a file whole or not at all. */
import { fileError } from "../files/file_errors.ts";
import { checkOutput } from "./output_checks.ts";
import { TemporaryFile } from "./temporary_file.ts";

/** A file that is written piece by piece beside the one whose place it takes in the end. */
export class WholeFile implements Disposable {
  readonly #path: string;
  readonly #temporary: TemporaryFile;
  readonly #file: Deno.FsFile;
  readonly #sync: boolean;

  /**
   * Throws `missing-file` or `io` when nothing can be written there, `usage` for a directory. With `sync`, a power cut
   * takes nothing away from the finished file.
   */
  constructor(path: string, sync = true) {
    checkOutput(path);
    this.#path = path;
    this.#sync = sync;
    this.#temporary = new TemporaryFile(path);
    this.#file = this.#writing(() => this.#temporary.create());
  }

  /** Where it is until then. */
  get temporary(): string {
    return this.#temporary.path;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#writing(() => this.#file.writeSync(bytes.subarray(at)));
  }

  /** Gives the file its name, with the rights of the one that had it. */
  async commit(signal?: AbortSignal): Promise<void> {
    try {
      await this.#temporary.replaceTarget(this.#sync, signal);
    } catch (error) {
      throw fileError("write", this.#path, error);
    }
  }

  /** Removes it unless it has got its name. */
  [Symbol.dispose](): void {
    this.#temporary.remove();
  }

  #writing<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileError("write", this.#path, error);
    }
  }
}
