/** A file that is built beside another and takes its place when it is complete. */
import { basename, dirname, join, resolve } from "../system/paths.ts";
import { files } from "../files/file_calls.ts";
import { abortable } from "../../core/abortable.ts";
import { type FileRights, giveRights, rightsOf } from "./file_rights.ts";
import { syncDirectory, syncFile } from "./sync.ts";
import {
  createPartialFile,
  mayHavePartialFiles,
  openPartialFile,
  type PartialFile,
  removePartialFiles,
  removeUnusable,
} from "./partial_file.ts";
import { partialPath, removeStaleFilesOf, temporaryPrefix } from "./temporary_names.ts";
import { removeQuietly } from "../files/remove_quietly.ts";

/** The steps in the life of such a file. All throw what the system says. */
export class TemporaryFile {
  readonly #target: string;
  readonly #directory: string;
  readonly #prefix: string;
  /** What ends the name of a file that the next run may go on with, where there is to be one. */
  readonly #key: string | undefined;
  #path: string;
  #isPartial = false;
  #old: FileRights | undefined;
  #made: Deno.FileInfo | undefined;
  /** Open until it has its place: only a descriptor that was open before is certain to report what the disk did not take. */
  #file: Deno.FsFile | undefined;
  /** What keeps other runs from a partial file. */
  #lock: Deno.FsFile | undefined;

  /**
   * Makes nothing yet, but removes what killed runs left of the same target long ago. With a `key` of what it is to become
   * ({@linkcode partialKey}), {@linkcode createOrResume} may be called, and what runs left for any other goes at once.
   */
  constructor(target: string, key?: string) {
    this.#target = target;
    this.#key = key;
    this.#directory = dirname(resolve(target));
    this.#prefix = temporaryPrefix(basename(target));
    removeStaleFilesOf(this.#directory, this.#prefix);
    const except = key === undefined ? undefined : this.#prefix + key;
    removePartialFiles(this.#directory, this.#prefix, { except, all: key !== undefined });
    this.#path = this.#freshPath();
  }

  #freshPath(): string {
    return join(this.#directory, this.#prefix + crypto.randomUUID());
  }

  /** Where it is. */
  get path(): string {
    return this.#path;
  }

  /** Whether {@linkcode keep} leaves it to the next run. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  /**
   * Opens what an earlier run left for the next one, or makes a file that can be left so, for us alone. Where that cannot
   * be done, or another run is writing it, it is {@linkcode create}d.
   */
  createOrResume(): { readonly file: Deno.FsFile; readonly resumed: boolean } {
    if (this.#key !== undefined && mayHavePartialFiles) {
      const path = partialPath(this.#target, this.#key);
      const made = createPartialFile(path);
      if (made !== undefined) return { file: this.#usePartial(path, made), resumed: false };
      // Only a file of ours says as whom we write, and with which modes.
      this.#createNew(0o600);
      const own = this.#made!;
      this.remove();
      const left = openPartialFile(path, own);
      if (left !== undefined) return { file: this.#usePartial(path, left), resumed: true };
      removeUnusable(path, own);
      const again = createPartialFile(path);
      if (again !== undefined) return { file: this.#usePartial(path, again), resumed: false };
    }
    return { file: this.create(), resumed: false };
  }

  #usePartial(path: string, { file, lock }: PartialFile): Deno.FsFile {
    this.#path = path;
    this.#isPartial = true;
    this.#file = file;
    this.#lock = lock;
    this.#made = file.statSync();
    this.#old = rightsOf(this.#target, this.#made.uid);
    return file;
  }

  /** Closes it, for the next run to go on with. */
  keep(): void {
    this.#close();
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
    const file = Deno.openSync(this.#path, { createNew: true, write: true, mode });
    this.#file = file;
    this.#made = file.statSync();
    return file;
  }

  /**
   * Renames it over the target, with the rights that the target has now, or had. With `sync`, its bytes are on the
   * disk before it has the name, and the name is when this ends.
   */
  async replaceTarget(sync: boolean, signal?: AbortSignal): Promise<void> {
    const rights = rightsOf(this.#target, this.#made?.uid ?? null) ?? this.#old ??
      (this.#isPartial ? this.#rightsOfNewFiles() : undefined);
    if (rights !== undefined) this.#giveRights(rights);
    const file = this.#file;
    if (sync && file !== undefined) await abortable(() => syncFile(file), signal);
    // Whoever has the lock of a partial file may rename it; Windows renames no open file.
    if (!this.#isPartial) this.#close();
    Deno.renameSync(this.path, this.#target);
    this.#close();
    if (sync) await syncDirectory(dirname(resolve(this.#target)));
  }

  /** Those that a file gets here which no other one has to be like: from the umask, and from the directory's access list. */
  #rightsOfNewFiles(): FileRights | undefined {
    const path = this.#freshPath();
    using file = Deno.openSync(path, { createNew: true, write: true, mode: 0o666 });
    removeQuietly(path);
    const { uid, gid, mode } = file.statSync();
    return uid === null || gid === null || mode === null ? undefined : { uid, gid, mode: mode & 0o777 };
  }

  #giveRights(rights: FileRights): void {
    const file = files().open(this.path, { noFollow: true });
    try {
      const { dev, ino } = files().info(file);
      if (dev !== this.#made?.dev || ino !== this.#made.ino) {
        throw new Error(`${this.path} was replaced while it was being written`);
      }
      giveRights(file, rights);
    } finally {
      files().close(file);
    }
  }

  /** Closes and removes it, if it is there. */
  remove(): void {
    // The name of a partial file is this run's as long as it has the lock; Windows removes no open file.
    if (this.#isPartial) removeQuietly(this.path);
    this.#close();
    if (!this.#isPartial) removeQuietly(this.path);
  }

  #close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#lock?.close();
    this.#lock = undefined;
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
