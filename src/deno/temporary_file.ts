/** A file that is built beside another and takes its place when it is complete. */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { orInterrupted } from "../or_interrupted.ts";
import { type FileRights, giveRights, rightsOf } from "./file_rights.ts";
import { syncDirectory, syncFile } from "./sync.ts";

/** A name as long as this goes into the temporary one: with up to 3 bytes each, that stays below 255 bytes. */
const NAME_PART = 60;

/** Nobody writes a file for so long without a byte: a temporary one that is older was left by a writer that is gone. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

/** What `crypto.randomUUID` gives. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const UUID_LENGTH = 36;

/** Whether a name is a temporary one: the prefix, and what makes it unlike all others. */
export function isTemporaryName(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && UUID.test(name.slice(prefix.length));
}

/** The steps in the life of such a file. All throw what the system says. */
export class TemporaryFile {
  readonly path: string;
  readonly #target: string;
  #old: FileRights | undefined;
  #made: Deno.FileInfo | undefined;
  /** Open until it has its place: only who had it open before is certain to be told what the disk did not take. */
  #file: Deno.FsFile | undefined;

  /** Makes nothing yet, but removes what killed runs left of the same target long ago. */
  constructor(target: string) {
    const folder = dirname(resolve(target));
    const prefix = `.tmp-desync-${namePart(basename(target))}-`;
    removeLeftovers(folder, prefix);
    this.path = join(folder, prefix + crypto.randomUUID());
    this.#target = target;
  }

  /** Makes the file, to be closed by this: for us alone where it is to get another's rights, else with what the umask leaves. */
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
   * Renames it over the target, with the rights that the target has by now, or had. With `sync`, its bytes are on the disk
   * before it has the name, and the name is when this ends.
   */
  async takePlace(sync: boolean, signal?: AbortSignal): Promise<void> {
    const rights = rightsOf(this.#target, this.#made?.uid ?? null) ?? this.#old;
    if (rights !== undefined) this.#giveRights(rights);
    const file = this.#file;
    if (sync && file !== undefined) await orInterrupted(() => syncFile(file), signal);
    this.#close();
    Deno.renameSync(this.path, this.#target);
    if (sync) await syncDirectory(dirname(resolve(this.#target)));
  }

  #giveRights(rights: FileRights): void {
    const file = openSync(this.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { dev, ino } = fstatSync(file);
      if (dev !== this.#made?.dev || ino !== this.#made.ino) {
        throw new Error(`${this.path} is another file by now`);
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

/** Whether a temporary file that was last changed then was left by a killed run. */
export function isLeftover(mtime: Date | null): boolean {
  return mtime !== null && Date.now() - mtime.getTime() >= LEFTOVER_AGE_MS;
}

/** Removes a file that may not have been made, or be gone. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Nothing is left to remove.
  }
}

/** No other name's: what is too long is told apart by its digest. */
function namePart(name: string): string {
  if (name.length <= NAME_PART) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 16);
  return `${name.slice(0, NAME_PART - digest.length - 1).toWellFormed()}~${digest}`;
}

const ALIAS_PREFIX = ".tmp-desync-~";

/** Another name for a file, until it is complete: none of another target's, which a later run may take for stale. */
export function aliasName(): string {
  return ALIAS_PREFIX + crypto.randomUUID();
}

/** Removes the aliases that killed runs left in a directory long ago, and the temporary files of these. */
export function removeAliasLeftovers(folder: string): void {
  const temporary = `.tmp-desync-${ALIAS_PREFIX}`;
  const isAlias = (name: string) =>
    isTemporaryName(name, ALIAS_PREFIX) ||
    name.startsWith(temporary) && isTemporaryName(name, name.slice(0, temporary.length + UUID_LENGTH + 1));
  // An alias has the time of the file that it is a second name of: only that of the last change of anything counts.
  removeOld(folder, isAlias, ({ ctime }) => ctime);
}

function removeLeftovers(folder: string, prefix: string): void {
  removeOld(folder, (name) => isTemporaryName(name, prefix), ({ mtime }) => mtime);
}

function removeOld(
  folder: string,
  isOurs: (name: string) => boolean,
  timeOf: (info: Deno.FileInfo) => Date | null,
): void {
  try {
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      if (!isFile || !isOurs(name)) continue;
      const path = join(folder, name);
      if (isLeftover(timeOf(Deno.lstatSync(path)))) removeQuietly(path);
    }
  } catch {
    // Whoever may not list the folder may still write into it; and another may have removed it first.
  }
}
