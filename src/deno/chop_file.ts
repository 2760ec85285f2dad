/** The chunks of a file that has an index already, with everything wired: the store and the workers. */
import type { ChunkId } from "../core/chunk.ts";
import type { Index } from "../formats/index/index.ts";
import { chopFile as chop } from "../jobs/chop.ts";
import type { WritableChunkStore } from "../stores/store.ts";
import { WorkerPool } from "../workers/pool.ts";
import { checkUnchanged, inspectSource, sizeToCompare } from "./files/source_file.ts";
import { fillStore, type StoringOptions } from "./store/storing_options.ts";

/** What {@linkcode chopFile} may be given. */
export interface ChopFileOptions extends StoringOptions {
  /** Chunks that are left out: those that the store is known to have, for instance. */
  readonly ignore?: ReadonlySet<ChunkId>;
}

/**
 * Stores the chunks of a file or block device as the index cuts it, each verified before. Returns how many the store
 * lacked.
 *
 * Throws {@linkcode DesyncError}: `mismatch` when the file is not what the index describes, `usage` for what is not a
 * file,
 * `missing-file`, `io`, also when the file changed meanwhile, `interrupted`, and what the store throws.
 *
 * @example Fill a store from a file
 * ```ts
 * import { chopFile, LocalStore, makeFromFile } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const store = new LocalStore(`${directory}/store`, { create: true });
 * const { index } = await makeFromFile("testdata/tree.catar");
 * if (await chopFile(index, "testdata/tree.catar", store) !== index.count) throw new Error("it was empty");
 * if (await chopFile(index, "testdata/tree.catar", store) !== 0) throw new Error("it has all of them");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function chopFile(
  index: Index,
  path: string,
  store: WritableChunkStore,
  options: ChopFileOptions = {},
): Promise<number> {
  const { ignore, threads, signal, progress } = options;
  const source = inspectSource(path);
  using filled = fillStore(store, options);
  using workers = WorkerPool.forBytes(index.size, threads);
  const size = sizeToCompare(source, index);
  const added = await chop(path, size, index, workers, {
    destination: filled.destination,
    ignore,
    signal,
    progress,
  });
  checkUnchanged(path, source);
  filled.check();
  return added;
}
