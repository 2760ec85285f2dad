/** A file that is built beside another and takes its place when it is complete. */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { abortable } from "../../core/abortable.ts";
import { type FileRights, giveRights, rightsOf } from "./file_rights.ts";
import { syncDirectory, syncFile } from "./sync.ts";
import { removeQuietly, removeStaleFilesOf, temporaryPrefix } from "./temporary_names.ts";

/** The steps in the life of such a file. All throw what the system says. */
export class TemporaryFile {
  readonly path: string;
  readonly #target: string;
  #old: FileRights | undefined;
  #made: Deno.FileInfo | undefined;
  /** Open until it has its place: only a descriptor that was open before is certain to report what the disk did not take. */
  #file: Deno.FsFile | undefined;

  /** Makes nothing yet, but removes what killed runs left of the same target long ago. */
  constructor(target: string) {
    const directory = dirname(resolve(target));
    const prefix = temporaryPrefix(basename(target));
    removeStaleFilesOf(directory, prefix);
    this.path = join(directory, prefix + crypto.randomUUID());
    this.#target = target;
  }

  /**
   * Makes the file, to be closed by this: for us alone where it is to get another's rights, else with what the umask
   * leaves.
   */
  create(): Deno.FsFile {
    if (!isThere(this.#target)) return this.#createNew(0o666);
    const file = this.#createNew(0o600);
    // Only the file says as whom we write: asking for that takes a permission.
    this.#old = rightsOf(this.#target, this.#made!.uid);
    if (this.#old !== undefined) return file;
    this.remove();
    return this.#createNew(0o666);
  }

  #createNew(mode: number): Deno.FsFile {
    const file = Deno.openSync(this.path, { createNew: true, write: true, mode });
    this.#file = file;
    this.#made = file.statSync();
    return file;
  }

  /**
   * Renames it over the target, with the rights that the target has now, or had. With `sync`, its bytes are on the
   * disk before it has the name, and the name is when this ends.
   */
  async replaceTarget(sync: boolean, signal?: AbortSignal): Promise<void> {
    const rights = rightsOf(this.#target, this.#made?.uid ?? null) ?? this.#old;
    if (rights !== undefined) this.#giveRights(rights);
    const file = this.#file;
    if (sync && file !== undefined) await abortable(() => syncFile(file), signal);
    this.#close();
    Deno.renameSync(this.path, this.#target);
    if (sync) await syncDirectory(dirname(resolve(this.#target)));
  }

  #giveRights(rights: FileRights): void {
    const file = openSync(this.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { dev, ino } = fstatSync(file);
      if (dev !== this.#made?.dev || ino !== this.#made.ino) {
        throw new Error(`${this.path} was replaced while it was being written`);
      }
      giveRights(file, rights);
    } finally {
      closeSync(file);
    }
  }

  /** Closes and removes it, if it is there. */
  remove(): void {
    this.#close();
    removeQuietly(this.path);
  }

  #close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
