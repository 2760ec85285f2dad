/** Writing a file whole or not at all. */
import { dirname, resolve } from "node:path";
import { DesyncError } from "../errors.ts";
import { isDevicePath } from "./device_path.ts";
import { fileError, isNotFound } from "./file_errors.ts";
import { permissionsOf, removeQuietly, temporaryBeside } from "./temporary_file.ts";

/** Whether what is there is written to instead of being replaced: a pipe, a device, `/dev/stdout`. */
export function isSpecialPlace(path: string): boolean {
  try {
    return isSpecial(path);
  } catch (error) {
    throw fileError(`write ${path}`, error);
  }
}

/** Throws when there is no folder for the file, or a folder in its place: to be told before hours of work are lost. */
export function checkPlace(path: string): void {
  try {
    if (isSpecial(path)) return;
    if (isFolder(path)) throw new DesyncError("usage", `Cannot write ${path}: it is a folder`);
    const folder = dirname(resolve(path));
    if (!isFolder(folder)) {
      throw new DesyncError("missing-file", `Cannot write ${path}: there is no folder ${folder}`);
    }
  } catch (error) {
    throw fileError(`write ${path}`, error);
  }
}

/** A file that is written piece by piece beside the one whose place it takes in the end. */
export class WholeFile implements Disposable {
  /** Where it is until then. */
  readonly temporary: string;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #open = true;

  /** Throws `missing-file` or `io` when nothing can be written there, `usage` for a folder. */
  constructor(path: string) {
    checkPlace(path);
    this.#path = path;
    this.temporary = temporaryBeside(path);
    this.#file = this.#writing(() => Deno.openSync(this.temporary, { write: true, createNew: true }));
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#writing(() => this.#file.writeSync(bytes.subarray(at)));
  }

  /** Gives the file its name, with the permissions of the one that had it. */
  commit(): void {
    this.#close();
    this.#writing(() => {
      const mode = permissionsOf(this.#path);
      if (mode !== undefined) Deno.chmodSync(this.temporary, mode);
      Deno.renameSync(this.temporary, this.#path);
    });
  }

  /** Removes it unless it has got its name. */
  [Symbol.dispose](): void {
    this.#close();
    removeQuietly(this.temporary);
  }

  #close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }

  #writing<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileError(`write ${this.#path}`, error);
    }
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function isSpecial(path: string): boolean {
  // Links to what is open already, perhaps a file: the link itself is not to be replaced.
  if (isDevicePath(path)) return true;
  try {
    const info = Deno.statSync(path);
    return !info.isFile && !info.isDirectory;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
