/** The temporary names of entries that are being unpacked, and the removal of stale ones. */
import { isTemporaryName } from "../output/temporary_names.ts";
import { isStale } from "../files/stale.ts";
import type { DirectoryEntry, Handle, TreeSystem } from "./tree_system.ts";

const PREFIX = ".tmp-untar-";
const decoder = new TextDecoder();

/** A name that nothing has. */
export function untarTemporaryName(): string {
  return PREFIX + crypto.randomUUID();
}

/** Whether an entry is being unpacked, or was by a run that was killed. */
export function isTemporaryEntry(name: Uint8Array): boolean {
  return isTemporaryName(decoder.decode(name), PREFIX);
}

/** Removes stale entries of an open directory, as far as that is possible. */
export function removeStaleEntries(system: TreeSystem, directory: Handle): void {
  for (const name of listQuietly(system, directory)) {
    if (!isTemporaryEntry(name)) continue;
    try {
      removeIfStale(system, { directory, name });
    } catch {
      // It is another's, or was removed meanwhile.
    }
  }
}

/** Another run may have given its file the time of the archive just now: only the time of the change counts. */
function removeIfStale(system: TreeSystem, entry: DirectoryEntry): void {
  const changed = Number((system.stat(entry)?.changed ?? 0n) / 1_000_000n);
  if (changed <= 0 || !isStale(new Date(changed))) return;
  try {
    system.unlink(entry.directory, entry.name);
  } catch {
    // A directory, which was made to see whether names that differ in case are the same.
    system.removeDirectory(entry.directory, entry.name);
  }
}

function listQuietly(system: TreeSystem, directory: Handle): Uint8Array[] {
  try {
    return system.list(directory);
  } catch {
    // A directory that may not be listed may still be written into.
    return [];
  }
}
