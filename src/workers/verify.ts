/** In a worker: every chunk of a part of a local store, read and checked. */
import { type ChunkId, MAX_CHUNK_SIZE, type StoredForm } from "../core/chunk.ts";
import { freeBytes } from "../core/bytes.ts";
import { openChunk, unreadableChunk } from "../codec/open_chunk.ts";
import { DesyncError, messageOf } from "../core/errors.ts";
import type { ChunkDirectory } from "../deno/store/chunk_directory.ts";
import { listChunks, removeFile, removeStaleFiles } from "../deno/store/directory_listing.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import type { InvalidChunk, VerifyResult, VerifyTask } from "../transfer/messages.ts";

/**
 * Judges the chunks below the task's `abcd` directories, as `chunks` reads them. What is not named like a chunk is left
 * alone.
 */
export function verifyDirectories(task: VerifyTask, chunks: ChunkDirectory): VerifyResult {
  const invalid: InvalidChunk[] = [];
  const unreadable: string[] = [];
  let otherDigest = 0;
  let count = 0;
  let storedBytes = 0;
  let staleFiles = 0;
  for (const prefix of task.prefixes) {
    for (const { id, form, isFile } of listChunks(task.directory, prefix, chunks.suffix)) {
      const path = chunks.pathOf(id, form);
      try {
        const bytes = check(chunks, task, id, form);
        // It is already gone, or a dangling symlink.
        if (bytes === null && isFile) continue;
        if (bytes === null) throw new DesyncError("invalid-chunk", { reason: "it is a symlink to nothing" });
        storedBytes += bytes;
      } catch (error) {
        if (!(error instanceof DesyncError)) throw error;
        if (error.code === "invalid-chunk") {
          invalid.push(judge(path, { id, form, reason: messageOf(error), removed: false }, task.remove));
        } else if (error.code === "wrong-digest") otherDigest++;
        else unreadable.push(messageOf(unreadableChunk(id, task.directory, error)));
      }
      count++;
    }
    if (task.remove) staleFiles += removeStaleFiles(task.directory, prefix).files;
  }
  return { chunks: count, storedBytes, invalid, unreadable, otherDigest, staleFiles };
}

/**
 * Bytes of the chunk's file, `null` when it is already gone. Throws `invalid-chunk` when it is not what its name says.
 */
function check(chunks: ChunkDirectory, task: VerifyTask, id: ChunkId, form: StoredForm): number | null {
  const stored = chunks.readForm(id, form, MAX_CHUNK_SIZE);
  if (stored === null) return null;
  const { bytes } = openChunk(nativeCodec, stored, { id, digest: task.digest });
  if (form === "compressed") freeBytes(bytes);
  return stored.bytes.length;
}

function judge(path: string, chunk: InvalidChunk, remove: boolean): InvalidChunk {
  if (!remove) return chunk;
  const problem = removeFile(path);
  if (problem === undefined) return { ...chunk, removed: true };
  return { ...chunk, reason: `${chunk.reason}; it could not be removed: ${problem}` };
}
