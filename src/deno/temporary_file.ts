/** A file that is built beside another and takes its place when it is complete. */
import { basename, dirname, join, resolve } from "node:path";

/** As much of the target's name goes into the temporary one: with up to 3 bytes each, it stays below 255 bytes. */
const NAME_PART = 60;

/** A path in the same folder that nothing has. */
export function temporaryBeside(path: string): string {
  const name = `.tmp-desync-${basename(path).slice(0, NAME_PART)}-${crypto.randomUUID()}`;
  return join(dirname(resolve(path)), name);
}

/** The permissions of a file that is there, for the one that replaces it; `undefined` where there are none to keep. */
export function permissionsOf(path: string): number | undefined {
  try {
    const { mode } = Deno.statSync(path);
    return mode === null || Deno.build.os === "windows" ? undefined : mode & 0o777;
  } catch {
    return undefined;
  }
}

/** Removes a file that may not have been made, or be gone. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Nothing is left to remove.
  }
}
