/** What lies in a directory. */

import { join } from "node:path";

/** Paths of all files in a directory and below, relative to it, in order. */
export function filesIn(directory: string): string[] {
  const names: string[] = [];
  for (const entry of Deno.readDirSync(directory)) {
    if (entry.isDirectory) {
      names.push(...filesIn(join(directory, entry.name)).map((n) => `${entry.name}/${n}`));
    } else names.push(entry.name);
  }
  return names.sort();
}

/** The same with what is in each of them, for comparing directories as a whole. */
export function contentOf(directory: string): Record<string, Uint8Array> {
  return Object.fromEntries(
    filesIn(directory).map((name) => [name, Deno.readFileSync(join(directory, name))]),
  );
}
