/**
 * Directories of the target opened so that things can be made in them: a run before may have restored a mode of 0555.
 */
import { errorCode } from "../system/error_code.ts";
import type { DirectoryEntry, Handle, TreeSystem } from "./tree_system.ts";

/** An open directory, and the permissions that it had before it was made one that we can write into. */
export interface WritableDirectory {
  readonly handle: Handle;
  readonly oldMode?: number;
}

/** The open directory, made writable for its owner as far as that can be done. */
export function makeWritable(system: TreeSystem, handle: Handle): WritableDirectory {
  if (Deno.build.os === "windows") return { handle };
  const oldMode = system.stat(handle)?.mode;
  if (oldMode === undefined || (oldMode & 0o700) === 0o700) return { handle };
  // It may be another's: then the first thing that cannot be made in it is reported.
  return addOwnerRights(system, handle, oldMode) ? { handle, oldMode } : { handle };
}

/** Opens a directory that exists. Fails with `ENOTDIR` or `ELOOP` for anything else. */
export function openWritable(system: TreeSystem, parent: Handle, name: Uint8Array): WritableDirectory {
  try {
    return makeWritable(system, system.openDirectory(parent, name));
  } catch (error) {
    if (errorCode(error) !== "EACCES") throw error;
    // It may not even be read.
    const entry = { directory: parent, name };
    const oldMode = system.stat(entry)?.mode;
    if (oldMode === undefined || !addOwnerRights(system, entry, oldMode)) throw error;
    return { handle: system.openDirectory(parent, name), oldMode };
  }
}

/** Closes a directory that keeps the permissions that it had. */
export function closeWritable(system: TreeSystem, { handle, oldMode }: WritableDirectory): void {
  try {
    if (oldMode !== undefined) system.setMode(handle, oldMode);
  } catch {
    // Another error is the one to report, or none.
  }
  system.close(handle);
}

function addOwnerRights(system: TreeSystem, what: Handle | DirectoryEntry, mode: number): boolean {
  try {
    system.setMode(what, mode | 0o700);
    return true;
  } catch {
    return false;
  }
}
