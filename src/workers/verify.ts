/** In a worker: every chunk of a part of a local store, read and checked. */
import { MAX_CHUNK_SIZE, type NamedChunk } from "../core/chunk.ts";
import { claimedSize, type OpenedChunk, orItsError, unreadableChunk } from "../codec/open_chunk.ts";
import { DesyncError, messageOf } from "../core/errors.ts";
import type { ChunkDirectory } from "../deno/store/chunk_directory.ts";
import { listChunks, removeFile, removeStaleFiles } from "../deno/store/directory_listing.ts";
import type { InvalidChunk, VerifyResult, VerifyTask } from "../transfer/messages.ts";
import { ChunkGroup } from "./chunk_group.ts";

/**
 * Judges the chunks below the task's `abcd` directories, as `chunks` reads them. What is not named like a chunk is left
 * alone.
 */
export function verifyDirectories(
  task: VerifyTask,
  chunks: ChunkDirectory,
  group: ChunkGroup = new ChunkGroup(),
): VerifyResult {
  const invalid: InvalidChunk[] = [];
  const unreadable: string[] = [];
  let otherDigest = 0;
  let count = 0;
  let storedBytes = 0;
  let staleFiles = 0;
  const judge = (chunk: NamedChunk, bytes: number, opened: OpenedChunk | DesyncError) => {
    count++;
    if (!(opened instanceof DesyncError)) {
      storedBytes += bytes;
    } else if (opened.code === "invalid-chunk") {
      const { id, form } = chunk;
      const path = chunks.pathOf(id, form);
      invalid.push(refuse(path, { id, form, reason: messageOf(opened), removed: false }, task.remove));
    } else if (opened.code === "wrong-digest") otherDigest++;
    else unreadable.push(messageOf(unreadableChunk(chunk.id, task.directory, opened)));
  };
  try {
    for (const prefix of task.prefixes) {
      for (const { id, form, isFile } of listChunks(task.directory, prefix, chunks.suffix)) {
        const stored = orItsError(() => chunks.readForm(id, form, MAX_CHUNK_SIZE));
        const bytes = stored === null || stored instanceof DesyncError ? 0 : stored.bytes.length;
        const finish = (opened: OpenedChunk | DesyncError) => judge({ id, form }, bytes, opened);
        if (stored instanceof DesyncError) group.addError(stored, finish);
        else if (stored !== null) {
          group.makeRoom(claimedSize(stored) ?? 0);
          group.add(stored, { id, digest: task.digest }, { copy: form === "plain" }, finish);
        } else if (!isFile) {
          group.addError(new DesyncError("invalid-chunk", { reason: "it is a symlink to nothing" }), finish);
        }
        // Else it is already gone.
      }
      if (task.remove) staleFiles += removeStaleFiles(task.directory, prefix).files;
    }
  } finally {
    group.open();
  }
  return { chunks: count, storedBytes, invalid, unreadable, otherDigest, staleFiles };
}

function refuse(path: string, chunk: InvalidChunk, remove: boolean): InvalidChunk {
  if (!remove) return chunk;
  const problem = removeFile(path);
  if (problem === undefined) return { ...chunk, removed: true };
  return { ...chunk, reason: `${chunk.reason}; it could not be removed: ${problem}` };
}
