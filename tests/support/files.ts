/** What lies in a folder. */

import { join } from "node:path";

/** Paths of all files in a folder and below, relative to it, in order. */
export function filesIn(folder: string): string[] {
  const names: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) names.push(...filesIn(join(folder, entry.name)).map((n) => `${entry.name}/${n}`));
    else names.push(entry.name);
  }
  return names.sort();
}

/** The same with what is in each of them, for comparing folders as a whole. */
export function contentOf(folder: string): Record<string, Uint8Array> {
  return Object.fromEntries(filesIn(folder).map((name) => [name, Deno.readFileSync(join(folder, name))]));
}
