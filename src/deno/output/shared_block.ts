/** What of files the file system can keep once. */
import { removeQuietly } from "../files/remove_quietly.ts";
import { Reflink } from "./reflink.ts";
import { aliasName } from "./temporary_names.ts";

/**
 * Bytes of a block, whole ones of which files in the directory can share with this file; `undefined` when they cannot.
 * Tried with a temporary file, since file systems that can do it for some files cannot for others.
 */
export function sharedBlock(path: string, directory: string): number | undefined {
  const temporary = `${directory}/${aliasName()}`;
  try {
    const { size, blksize: block, isFile, dev } = Deno.statSync(path);
    if (!isFile || block === null || size < block || Deno.statSync(directory).dev !== dev) return undefined;
    Deno.openSync(temporary, { createNew: true, write: true }).close();
    using pair = Reflink.open(path, temporary);
    return pair?.clone(0, 0, block) ? block : undefined;
  } catch {
    return undefined;
  } finally {
    removeQuietly(temporary);
  }
}
