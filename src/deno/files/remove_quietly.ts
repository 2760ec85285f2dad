/** Removes a file that may not have been made, or be gone. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Nothing is left to remove.
  }
}
