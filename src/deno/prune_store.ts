/** Removes from a local store what nobody names. */
import type { ChunkId } from "../chunk.ts";
import { DesyncError } from "../errors.ts";
import { Turns } from "../jobs/turns.ts";
import { ChunkFolder } from "./chunk_folder.ts";
import { isNotFound } from "./file_errors.ts";
import { listChunks, removeFile, removeLeftovers, storePrefixes } from "./folder_listing.ts";

/** How to prune. */
export interface PruneOptions {
  /** Only count. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
}

/** What was done, or would be. */
export interface PruneSummary {
  kept: number;
  removed: number;
  removedBytes: number;
  /** Old temporary files of killed writers. */
  leftovers: number;
  leftoverBytes: number;
}

/** Removes every chunk that is not in `keep`, and old temporary files; nothing that is not named like a chunk. */
export async function pruneStore(
  folder: string,
  keep: ReadonlySet<ChunkId>,
  options: PruneOptions,
): Promise<PruneSummary> {
  const summary: PruneSummary = { kept: 0, removed: 0, removedBytes: 0, leftovers: 0, leftoverBytes: 0 };
  const chunks = new ChunkFolder(folder);
  const turns = new Turns(options.signal);
  for (const prefix of storePrefixes(folder)) {
    await turns.pass();
    for (const { id, form, isFile } of listChunks(folder, prefix)) {
      // A directory may have any number of them.
      if (turns.over) await turns.pass();
      if (!isFile) continue;
      if (keep.has(id)) {
        summary.kept++;
        continue;
      }
      const path = chunks.pathOf(id, form);
      const bytes = sizeOf(path);
      const problem = options.dryRun ? undefined : removeFile(path);
      if (problem !== undefined) {
        throw new DesyncError("io", `Cannot remove chunk ${id} from ${folder}: ${problem}`);
      }
      summary.removed++;
      summary.removedBytes += bytes;
    }
    const { files, bytes } = removeLeftovers(folder, prefix, options.dryRun);
    summary.leftovers += files;
    summary.leftoverBytes += bytes;
  }
  return summary;
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (isNotFound(error)) return 0;
    throw error;
  }
}
