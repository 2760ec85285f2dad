/** Removes the chunks of a store that are not needed. */
import type { ChunkId } from "../core/chunk.ts";
import { DEFAULT_LIMITS } from "../stores/wrappers/limiter.ts";
import type { ListedChunk, ManagedChunkStore, StaleFiles } from "../stores/store.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import type { Progress } from "../core/progress.ts";

/** What {@linkcode pruneStore} may be given. */
export interface PruneOptions {
  /** Remove nothing, only count. */
  readonly dryRun?: boolean;
  /**
   * Chunks that may have been put into the store after this moment stay, where the store knows: those of a version whose
   * index is not written yet. It is what `Date.now()` said before the indexes were read. Default: no chunk stays for that.
   */
  readonly startedAt?: number;
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Counts the chunks that are removed, and the bytes that they took. How many there will be is not known before. */
  readonly progress?: Progress;
}

/** What was removed, or would be. */
export interface PruneSummary {
  /** Chunks that are needed. */
  kept: number;
  /** Chunks that are not needed by what is known, but were put there meanwhile. */
  recent: number;
  /** Chunks that were removed. */
  removed: number;
  /** Bytes that they took. */
  removedBytes: number;
  /** What killed writers left in the store, in one where they leave anything. */
  stale: StaleFiles;
}

/**
 * Removes every chunk whose id is not in `keep`, in whatever form it is stored, and what killed writers left long ago.
 * Throws what the store throws, and `interrupted`.
 *
 * @example Keep what two indexes name
 * ```ts
 * import { MemoryStore, parseIndex, pruneStore } from "@desync/desync";
 *
 * const store = new MemoryStore(); // new LocalStore("/srv/store")
 * const keep = new Set<string>();
 * for (const file of ["casync-blob.caibx", "tree.caidx"]) {
 *   const index = parseIndex(await Deno.readFile(`testdata/${file}`));
 *   for (let i = 0; i < index.count; i++) keep.add(index.id(i));
 * }
 * const { removed } = await pruneStore(store, keep, { dryRun: true });
 * if (removed !== 0) throw new Error("it was empty");
 * ```
 */
export async function pruneStore(
  store: ManagedChunkStore,
  keep: ReadonlySet<ChunkId>,
  options: PruneOptions = {},
): Promise<PruneSummary> {
  const { dryRun = false, startedAt = Infinity, signal, progress } = options;
  const { location, directory, concurrency = DEFAULT_LIMITS } = store.properties;
  const summary: PruneSummary = {
    kept: 0,
    recent: 0,
    removed: 0,
    removedBytes: 0,
    stale: { files: 0, bytes: 0 },
  };
  // A directory of this machine does one thing after the other.
  const most = directory === undefined ? concurrency.start : 1;
  const count = (storedBytes: number) => {
    summary.removed++;
    summary.removedBytes += storedBytes;
    progress?.add({ kind: "store", location }, 1, storedBytes, storedBytes);
  };
  const remove = async (chunk: ListedChunk, signal: AbortSignal) => {
    // A directory looks when it is asked, and after the removal there is nothing to look at.
    const { storedBytes } = chunk;
    if (!dryRun) await store.remove(chunk.id, { form: chunk.form, signal });
    count(storedBytes);
  };
  for await (const page of store.list({ signal })) {
    const unknown = page.filter(({ id }) => !keep.has(id));
    const unneeded = unknown.filter(({ storedAt = -Infinity }) => storedAt <= startedAt);
    summary.kept += page.length - unknown.length;
    summary.recent += unknown.length - unneeded.length;
    if (dryRun || store.removeAll === undefined) await forEachConcurrent(unneeded, most, signal, remove);
    else {
      const sizes = unneeded.map(({ storedBytes }) => storedBytes);
      if (unneeded.length > 0) await store.removeAll(unneeded, { signal });
      sizes.forEach(count);
    }
  }
  summary.stale = await store.removeStale?.({ dryRun, signal }) ?? summary.stale;
  return summary;
}
