/** Ids of chunks that indexes and lists name. */
import type { ChunkId } from "../../core/chunk.ts";
import { CHUNKS_PER_CHECK, Yielder } from "../../core/yielder.ts";
import { readIdList } from "./id_list.ts";
import type { Locator } from "../locator.ts";

/** The ids in indexes and in files that list them, one a line. */
export async function readIds(
  locator: Locator,
  indexes: readonly string[],
  lists: readonly string[],
  signal?: AbortSignal,
): Promise<Set<ChunkId>> {
  const ids = new Set<ChunkId>();
  const yielder = new Yielder(signal);
  for (const location of indexes) {
    const index = await locator.index(location, signal);
    for (let i = 0; i < index.count; i++) {
      if (i % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
      ids.add(index.id(i));
    }
  }
  for (const path of lists) await readIdList(path, (id) => ids.add(id), signal);
  return ids;
}

/** Those of `--ignore` and `--ignore-chunks`. */
export async function readIgnored(
  locator: Locator,
  flags: { readonly ignore?: readonly string[]; readonly ignoreChunks?: readonly string[] },
  signal?: AbortSignal,
): Promise<ReadonlySet<ChunkId>> {
  return await readIds(locator, flags.ignore ?? [], flags.ignoreChunks ?? [], signal);
}
