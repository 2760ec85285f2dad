/** Writing a file whole or not at all. */
import { basename, dirname, join, resolve } from "node:path";
import { fileError, isNotFound } from "./file_errors.ts";

/** Writes the bytes beside `path` and renames them over it. What is no regular file (a pipe, a device) is written to. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  try {
    if (isSpecial(path)) return Deno.writeFileSync(path, bytes);
    const temporary = join(
      dirname(resolve(path)),
      `.tmp-${basename(path).slice(0, 60)}-${crypto.randomUUID()}`,
    );
    try {
      Deno.writeFileSync(temporary, bytes, { createNew: true });
      Deno.renameSync(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  } catch (error) {
    throw fileError(`write ${path}`, error);
  }
}

function isSpecial(path: string): boolean {
  try {
    const info = Deno.statSync(path);
    return !info.isFile && !info.isDirectory;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not made.
  }
}
