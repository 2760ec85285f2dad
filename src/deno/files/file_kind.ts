/** What a file is. */
import { fileError, isNotFound } from "./file_errors.ts";

/** In the words of messages: "a file", "a named pipe" … */
export function kindOfFile({ isFile, isDirectory, isFifo, isSocket }: Deno.FileInfo): string {
  if (isFile) return "a file";
  if (isDirectory) return "a directory";
  if (isFifo) return "a named pipe";
  return isSocket ? "a socket" : "a device";
}

/** Whether there is a directory of this name, symlinks followed. Throws what the system says when it cannot be asked. */
export function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** The same for what the user named: errors say what it is for, such as "read". Throws `io`. */
export function isNamedDirectory(action: string, path: string): boolean {
  try {
    return isDirectory(path);
  } catch (error) {
    throw fileError(action, path, error);
  }
}

/** Whether there is anything of this name that can be looked at, symlinks followed. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether there is a file or block device of this name, symlinks followed. */
export function isFile(path: string): boolean {
  try {
    const { isFile, isBlockDevice } = Deno.statSync(path);
    return isFile || isBlockDevice === true;
  } catch {
    return false;
  }
}
