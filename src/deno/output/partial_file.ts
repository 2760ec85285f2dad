/**
 * The file that an interrupted run leaves beside its target for the next one. Its name is known beforehand, so another user
 * may have put something there, and two runs may want it: it is used only if it is a file of this user's that no other
 * user could open, and by the run that holds its lock. A lock ends with its run, however that ends.
 */
import { basename, dirname, join, resolve } from "../system/paths.ts";
import { mayRead, mayWrite } from "../system/permitted.ts";
import { tryLock } from "./file_lock.ts";
import { isPartialName, temporaryPrefix } from "./temporary_names.ts";
import { removeQuietly } from "../files/remove_quietly.ts";
import { isStale } from "../files/stale.ts";

/** What shows that two files were made by the same user in the same way. */
type Made = Pick<Deno.FileInfo, "dev" | "uid" | "mode">;

/** Whether there are any here: Windows keeps all other threads from a locked file, and Deno before 2.7 can only wait for one. */
export const mayHavePartialFiles: boolean = Deno.build.os !== "windows" &&
  "tryLockSync" in Deno.FsFile.prototype;

/** A partial file that this run has locked. */
export interface PartialFile {
  readonly file: Deno.FsFile;
  /** Closing it ends the lock: that of the other would, but only when the disk has what was written to it last. */
  readonly lock: Deno.FsFile;
}

/**
 * Makes a file that only this user may open, and locks it. `undefined` where there is something of that name already, and
 * where the file system has no locks.
 */
export function createPartialFile(path: string): PartialFile | undefined {
  let lock: Deno.FsFile;
  try {
    lock = Deno.openSync(path, { createNew: true, read: true, write: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
  const state = tryLock(lock);
  // Between the two calls, another run may have taken it for a left one.
  const file = state === "locked" ? openAgain(path, lock) : undefined;
  if (file !== undefined) return { file, lock };
  if (state === "unsupported") removeQuietly(path);
  lock.close();
  return undefined;
}

/** Opens what the path leads to, if that is the file that is open already. */
function openAgain(path: string, open: Deno.FsFile): Deno.FsFile | undefined {
  if (!isAt(path, open)) return undefined;
  const file = Deno.openSync(path, { read: true, write: true });
  const [one, other] = [file.statSync(), open.statSync()];
  if (one.dev === other.dev && one.ino === other.ino) return file;
  file.close();
  return undefined;
}

/**
 * Opens and locks what an earlier run left there. `undefined` for everything else: what is not a file, belongs to another
 * user, has other names, may be opened by others, or is in use. `own` was made just now, for this user alone.
 */
export function openPartialFile(path: string, own: Made): PartialFile | undefined {
  try {
    // Opening another's named pipe would wait for its other end.
    if (!isLeft(Deno.lstatSync(path), own)) return undefined;
    const lock = Deno.openSync(path, { read: true, write: true });
    const isOurs = isLeft(lock.statSync(), own) && tryLock(lock) === "locked";
    const file = isOurs ? openAgain(path, lock) : undefined;
    if (file !== undefined) return { file, lock };
    lock.close();
  } catch {
    // It is gone, or may not be opened.
  }
  return undefined;
}

/**
 * The size of what an earlier run left there, if the next one could go on with it. Nothing is changed, and it is not kept
 * from others. Throws nothing.
 */
export function sizeOfPartialFile(path: string): number | undefined {
  if (!mayHavePartialFiles) return undefined;
  try {
    const { dev } = Deno.lstatSync(dirname(path));
    const info = Deno.lstatSync(path);
    const own = { dev, uid: Deno.uid(), mode: info.mode };
    if (!isLeft(info, own) || ((info.mode ?? 0) & 0o077) !== 0) return undefined;
    using file = Deno.openSync(path, { read: true });
    return tryLock(file) === "locked" && isAt(path, file) ? info.size : undefined;
  } catch {
    return undefined;
  }
}

function isLeft(info: Deno.FileInfo, own: Made): boolean {
  // A file system that gives all files the same mode gave it to `own`, too.
  return isOwn(info, own) && info.nlink === 1 && info.mode === own.mode;
}

function isOwn({ isFile, dev, uid }: Deno.FileInfo, own: Made): boolean {
  return isFile && dev === own.dev && uid === own.uid;
}

/** Removes what is there if it is a file of this user's that no run holds. */
export function removeUnusable(path: string, own: Made): void {
  try {
    if (isOwn(Deno.lstatSync(path), own)) removeUnheld(path, false);
  } catch {
    // There is nothing.
  }
}

/** Removes all that interrupted runs left for a target that is complete now. */
export function removePartialFilesOf(target: string): void {
  const directory = dirname(resolve(target));
  // The user is never asked for a permission.
  if (!mayRead(directory) || !mayWrite(directory)) return;
  removePartialFiles(directory, temporaryPrefix(basename(target)), { all: true });
}

/**
 * Removes partial files in a directory whose names begin so and that no run holds: those of the name `except` and young
 * ones only where `all` says so.
 */
export function removePartialFiles(
  directory: string,
  prefix: string,
  { except, all }: { readonly except?: string; readonly all: boolean },
): void {
  try {
    for (const { name, isFile } of Deno.readDirSync(directory)) {
      if (!isFile || name === except || !isPartialName(name, prefix)) continue;
      const path = join(directory, name);
      const stale = isStale(Deno.lstatSync(path).mtime);
      if (all || stale) removeUnheld(path, stale);
    }
  } catch {
    // A user who may not list the directory may still write into it; and another program may have removed it first.
  }
}

/** Removes the file if no run has locked it, or if that cannot be known of a stale one. */
function removeUnheld(path: string, stale: boolean): void {
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    const lock = tryLock(file);
    if ((lock === "locked" || lock === "unsupported" && stale) && isAt(path, file)) removeQuietly(path);
  } catch {
    // It belongs to another user, or is gone.
  }
}

/** Whether the path still leads to the open file: the run that had the lock before may have renamed or removed it. */
function isAt(path: string, file: Deno.FsFile): boolean {
  try {
    const [there, open] = [Deno.lstatSync(path), file.statSync()];
    return there.isFile && there.dev === open.dev && there.ino === open.ino;
  } catch {
    return false;
  }
}
