/** Removes directories with all that is in them, but never what is mounted in one. */
import { DesyncError } from "../../core/errors.ts";
import { escapeName } from "../../formats/archive/node_text.ts";
import { errorCode } from "../system/error_code.ts";
import type { Handle, TreeSystem } from "./tree_system.ts";
import { closeWritable, openWritable, type WritableDirectory } from "./writable_directory.ts";

/**
 * Removes a directory and what is in it, never beyond a symlink or a mount, whenever it came there: a mount point is
 * busy, which the system says before it says that it is not empty. Throws `cause` where one is given and it is no
 * directory.
 */
export function removeDirectory(
  system: TreeSystem,
  parent: Handle,
  name: Uint8Array,
  path: string,
  cause?: unknown,
): void {
  try {
    return system.removeDirectory(parent, name);
  } catch (error) {
    if (errorCode(error) === "EBUSY") throw mountedAt(path);
    if (errorCode(error) === "ENOTDIR") throw cause ?? error;
    if (!["ENOTEMPTY", "EEXIST", "EACCES", "EPERM"].includes(errorCode(error))) throw error;
  }
  const directory = openWritable(system, parent, name);
  try {
    refuseMountAt(system, parent, directory.handle, path);
    for (const child of system.list(directory.handle)) {
      try {
        system.unlink(directory.handle, child);
      } catch (error) {
        removeDirectory(system, directory.handle, child, `${path}/${escapeName(child)}`, error);
      }
    }
  } catch (error) {
    closeWritable(system, directory);
    throw error;
  }
  system.close(directory.handle);
  system.removeDirectory(parent, name);
}

/** Throws when an open directory is the root of another file system than the one that it is opened from. */
export function refuseMountAt(system: TreeSystem, parent: Handle, directory: Handle, path: string): void {
  const [outer, inner] = [system.stat(parent), system.stat(directory)];
  if (outer?.device !== inner?.device || outer?.mount !== inner?.mount) throw mountedAt(path);
}

/**
 * Throws when something is mounted at the directory or below. It is left as it is. Throws `cause` when it is no directory.
 */
export function refuseMounts(
  system: TreeSystem,
  parent: Handle,
  name: Uint8Array,
  path: string,
  cause: unknown,
): void {
  let opened: WritableDirectory;
  try {
    opened = openWritable(system, parent, name);
  } catch (error) {
    throw ["ENOTDIR", "ELOOP"].includes(errorCode(error)) ? cause : error;
  }
  try {
    refuseMountAt(system, parent, opened.handle, path);
    refuseMountsIn(system, opened.handle, path);
  } finally {
    closeWritable(system, opened);
  }
}

/** Throws when something is mounted below the open directory. */
export function refuseMountsIn(system: TreeSystem, directory: Handle, path: string): void {
  for (const name of system.list(directory)) {
    try {
      const childPath = `${path}/${escapeName(name)}`;
      refuseMounts(system, directory, name, childPath, NOT_A_DIRECTORY);
    } catch (error) {
      if (error !== NOT_A_DIRECTORY) throw error;
    }
  }
}

const NOT_A_DIRECTORY = new Error("not a directory");

/** The error for a directory that cannot go, since something is mounted there. */
export function mountedAt(path: string): DesyncError {
  return new DesyncError("io", {
    action: "remove",
    subject: path,
    reason: "a file system is mounted there",
    hint: "unmount it first",
  });
}
