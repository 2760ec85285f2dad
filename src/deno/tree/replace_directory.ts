/**
 * A directory of the target that makes way for a file, symlink, pipe, socket or device of the archive.
 *
 * GNU tar refuses to replace one that is not empty unless it is given `--recursive-unlink`; casync and desync remove
 * it. Here it is as with GNU tar, and nothing that is mounted is ever emptied: neither another file system nor a
 * directory that is mounted at a second place.
 */
import { DesyncError } from "../../core/errors.ts";
import { fileError } from "../files/file_errors.ts";
import { mountedAt, refuseMountAt, refuseMountsIn, removeDirectory } from "./remove_directory.ts";
import { errorCode } from "../system/error_code.ts";
import type { Handle, TreeSystem } from "./tree_system.ts";
import { untarTemporaryName } from "./stale_entries.ts";
import { closeWritable, openWritable, type WritableDirectory } from "./writable_directory.ts";

/** What is to be replaced by what. */
interface Replacement {
  readonly parent: Handle;
  /** What is complete and gets the name. */
  readonly temporary: Uint8Array;
  readonly name: Uint8Array;
  /** For messages. */
  readonly path: string;
  /** Whether the directory may have something in it. */
  readonly recursive: boolean;
}

const encoder = new TextEncoder();

/**
 * Moves the directory aside, gives its name away, and then removes it. Throws `cause` when it is no directory, and `io`
 * with nothing changed when it must not be replaced.
 */
export function replaceDirectory(system: TreeSystem, replacement: Replacement, cause: unknown): void {
  const { parent, temporary, name, path } = replacement;
  check(system, replacement, cause);
  const asideName = untarTemporaryName();
  const aside = encoder.encode(asideName);
  try {
    system.rename(parent, name, aside);
  } catch (error) {
    throw errorCode(error) === "EBUSY" ? mountedAt(path) : error;
  }
  try {
    system.rename(parent, temporary, name);
  } catch (error) {
    system.rename(parent, aside, name);
    throw error;
  }
  const asidePath = path.slice(0, path.lastIndexOf("/") + 1) + asideName;
  try {
    removeDirectory(system, parent, aside, asidePath);
  } catch (error) {
    throw fileError("remove", `all of ${asidePath}, which was ${path}`, error);
  }
}

/** Throws unless the directory may go. It is left as it is. */
function check(system: TreeSystem, { parent, name, path, recursive }: Replacement, cause: unknown): void {
  let opened: WritableDirectory;
  try {
    opened = openWritable(system, parent, name);
  } catch (error) {
    throw ["ENOTDIR", "ELOOP"].includes(errorCode(error)) ? cause : error;
  }
  try {
    refuseMountAt(system, parent, opened.handle, path);
    if (!recursive && system.list(opened.handle).length > 0) {
      throw new DesyncError("io", {
        action: "replace",
        subject: path,
        reason: "it is a directory that is not empty",
        hint: "give --recursive-unlink to remove it",
      });
    }
    refuseMountsIn(system, opened.handle, path);
  } finally {
    closeWritable(system, opened);
  }
}
