/** Stores the chunks of a file that an index names. */
import type { ChunkId } from "../core/chunk.ts";
import type { Index } from "../formats/index/index.ts";
import { checkSize, spansOfIndex } from "./compare.ts";
import { filter } from "../core/filter.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import { GROUP_BYTES, GROUP_SPANS, grouped } from "../transfer/groups.ts";
import { ChunkWriter } from "../transfer/chunk_writer.ts";
import type { Workers } from "../transfer/ports.ts";
import { Progress } from "../core/progress.ts";
import { withFlush } from "../transfer/flush.ts";
import type { FilledDestination } from "../transfer/store_writer.ts";
import type { ChunkSpan } from "../transfer/messages.ts";

/** How to chop. */
interface ChopOptions {
  readonly destination: FilledDestination;
  /** Chunks that are left out. */
  readonly ignore?: ReadonlySet<ChunkId>;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/**
 * Stores the chunks of the file, each verified against the index before, at every place where it occurs. Throws
 * `mismatch`, naming the bytes, when the file is another. Returns how many chunks were added.
 */
export async function chopFile(
  path: string,
  size: number,
  index: Index,
  workers: Workers,
  options: ChopOptions,
): Promise<number> {
  checkSize(path, size, index);
  const { destination, ignore, signal, progress = new Progress() } = options;
  progress.total = index.size;
  let added = 0;
  const wanted = filter(spansOfIndex(index), ({ id }) => !ignore?.has(id));
  const groups = grouped(wanted, GROUP_SPANS, GROUP_BYTES);
  const writer = new ChunkWriter(workers, { file: path, digest: index.digest, destination });
  const take = async (spans: ChunkSpan[], signal: AbortSignal) => {
    const result = await writer.write(spans, { signal });
    added += result.added;
    progress.add(
      { kind: "input", location: path },
      spans.length,
      spans.reduce((sum, span) => sum + span.size, 0),
      result.addedBytes,
    );
  };
  await withFlush(workers, () => forEachConcurrent(groups, writer.concurrency, signal, take));
  progress.done = progress.total;
  return added;
}
