/** What a place for indexes is to the rest of the program. */
import { DesyncError } from "../core/errors.ts";
import type { Index } from "../formats/index/index.ts";

/** A place that holds indexes by their names. */
export interface IndexStore {
  /**
   * The index of that name, which is written as in a location: in URLs, percent-encoded. Throws `missing-file`, `io`,
   * `store` or `timeout` when it cannot be read, `invalid-index` when it is something else.
   */
  read(name: string, options?: { readonly signal?: AbortSignal }): Promise<Index>;
}

/** One that takes indexes. */
export interface WritableIndexStore extends IndexStore {
  /** Throws what writing that name would throw, as far as that can be known before. */
  check(name: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Writes the index, whole or not at all. One of that name is replaced. */
  write(name: string, index: Index, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** Whether the store takes indexes. */
export function takesIndexes(store: IndexStore): store is WritableIndexStore {
  return "write" in store;
}

/** Throws `usage` where a location ends without the name of an index. `store` is for the message. */
export function checkIndexName(name: string, store: string, action = "write"): void {
  if (name !== "") return;
  const reason = "the URL has no name of an index";
  throw new DesyncError("usage", { action, subject: store, reason });
}

/** Runs what reads an index. Throws `invalid-index` with its name. */
export async function namingIndex(name: string, read: () => Promise<Index>): Promise<Index> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DesyncError) || error.code !== "invalid-index") throw error;
    throw error.withContext({ action: "use", subject: name });
  }
}
