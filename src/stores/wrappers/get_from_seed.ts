/** Chunks out of seeds: whatever is wrong with one, the cache and the stores take over. */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import type { ChunkStore, RequestOptions } from "../store.ts";

/** The chunk as the seed has it, `null` when it does not, or cannot be read. Throws `interrupted` alone. */
export async function getFromSeed(
  seed: ChunkStore,
  id: ChunkId,
  options: RequestOptions,
): Promise<StoredChunk | null> {
  try {
    return await seed.get(id, options);
  } catch (error) {
    if (error instanceof DesyncError && error.code === "interrupted") throw error;
    return null;
  }
}
