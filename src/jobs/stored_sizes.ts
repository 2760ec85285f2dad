/** How many bytes chunks take where they are stored: out of a list, or as a store answers. */
import type { ChunkId } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { ChunkStore } from "../stores/store.ts";

/** What a list says about a chunk, in bytes. */
export interface ListedSizes {
  /** Of the chunk itself. */
  readonly uncompressed?: number;
  /** Of what a store has of it. */
  readonly compressed?: number;
}

/** Bytes that the store has of the chunk, `undefined` when it does not say, `null` when it does not have it. */
export async function storedSize(
  store: ChunkStore,
  id: ChunkId,
  signal: AbortSignal | undefined,
): Promise<number | undefined | null> {
  if (store.storedSize !== undefined) return await store.storedSize(id, { signal });
  return await store.has(id, { signal }) ? undefined : null;
}

/**
 * Bytes of the chunk in a list. A size of 0 stands for one that the list's maker did not know. Throws `usage` for another
 * chunk size.
 */
export function listedSize(
  listed: ReadonlyMap<ChunkId, ListedSizes>,
  id: ChunkId,
  size: number,
): number | undefined {
  const sizes = listed.get(id);
  if (sizes !== undefined && sizes.uncompressed !== size) {
    const reason = `chunk ${id} has ${sizes.uncompressed ?? "no"} bytes there and ${size} in the index`;
    throw new DesyncError("usage", { reason, chunk: id });
  }
  return sizes?.compressed || undefined;
}
