/** Writing a file whole or not at all. */
import { dirname, resolve } from "node:path";
import { DesyncError } from "../errors.ts";
import { isDevicePath } from "./device_path.ts";
import { fileError, isNotFound } from "./file_errors.ts";
import { permissionsOf, removeQuietly, temporaryBeside } from "./temporary_file.ts";

/**
 * Writes the bytes beside `path` and renames them over it; a file that was there passes its permissions on. What is no
 * regular file (a pipe, a device, `/dev/stdout`) is written to.
 */
export function writeWhole(path: string, bytes: Uint8Array): void {
  try {
    if (isSpecial(path)) return Deno.writeFileSync(path, bytes);
    const temporary = temporaryBeside(path);
    try {
      Deno.writeFileSync(temporary, bytes, { createNew: true });
      const mode = permissionsOf(path);
      if (mode !== undefined) Deno.chmodSync(temporary, mode);
      Deno.renameSync(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
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
