/** Locks that end with the file, however the program ends. Other programs need not heed them. */

/** Deno has it since 2.7; the types of an older one lack it. */
interface LockableFile {
  tryLockSync?(exclusive: boolean): boolean;
}

/**
 * Locks the file for this run alone, without waiting. `unsupported` where the file system, or this version of Deno, has no
 * locks.
 */
export function tryLock(file: Deno.FsFile & LockableFile): "locked" | "held" | "unsupported" {
  try {
    if (file.tryLockSync === undefined) return "unsupported";
    return file.tryLockSync(true) ? "locked" : "held";
  } catch {
    return "unsupported";
  }
}
