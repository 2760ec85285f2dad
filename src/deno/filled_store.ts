/** A store on this machine that a command adds chunks to. */
import type { StoredForm } from "../chunk.ts";
import type { DirectoryDestination } from "../jobs/tasks.ts";
import { checkIdentity, identityOf } from "./directory_identity.ts";
import { LocalStore } from "./local_store.ts";

/** Made at the start, and never again: it has to stay the same directory until all is written. */
export class FilledStore implements Disposable {
  /** What workers need to know. */
  readonly destination: DirectoryDestination;
  /** Held open where that is possible: the system gives its inode's number to no other directory meanwhile. */
  readonly #directory: Deno.FsFile | undefined;

  /**
   * Makes the directory if it does not exist. `level` is zstd's. With `sync`, what is stored is on the disk when the job is
   * over, and no power cut before leaves a part of a chunk under its name.
   */
  constructor(path: string, form: StoredForm, level: number, sync: boolean) {
    const { directory } = new LocalStore(path, { create: true }).properties;
    this.#directory = openDirectory(directory);
    const identity = identityOf(this.#directory?.statSync() ?? Deno.statSync(directory));
    const run = sync ? crypto.randomUUID() : undefined;
    this.destination = { kind: "directory", directory, encoding: { form, level }, identity, run };
  }

  /** Throws `io` when its path no longer leads to it. To be called before success is reported, or an index written. */
  check(): void {
    const { directory, identity } = this.destination;
    if (identity !== undefined) checkIdentity(directory, identity);
  }

  [Symbol.dispose](): void {
    this.#directory?.close();
  }
}

/** `undefined` on Windows, and for a directory that may be written and not listed. */
function openDirectory(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path);
  } catch {
    return undefined;
  }
}
