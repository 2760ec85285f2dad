/** Cuts a blob into chunks: its index, and its chunks in a store where one is given. */
import type { ChunkSizes, DigestName } from "../chunk.ts";
import type { Index } from "../formats/index.ts";
import { IndexBuilder } from "../formats/index_builder.ts";
import type { Filling } from "../workers/messages.ts";
import { inLanes } from "./lanes.ts";
import type { PieceGroup } from "./pieces.ts";
import type { Workers } from "./ports.ts";
import { Progress } from "./progress.ts";

/** How a blob is made into chunks. */
export interface MakeOptions {
  readonly sizes: ChunkSizes;
  readonly digest: DigestName;
  /** Feature flags of the index besides the digest's. Default: those that casync sets for a blob. */
  readonly flags?: bigint;
  /** The store that gets the chunks it lacks. Without one, only the index is made. */
  readonly fill?: Filling;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** What was made. */
export interface Made {
  readonly index: Index;
  /** Chunks that the store got, and the bytes of their files. */
  readonly added: number;
  readonly addedBytes: number;
}

/** Hashes the pieces, which come in order, and stores them. `name` is the blob's path, or what it is called. */
export async function makeIndex(
  name: string,
  groups: AsyncIterable<PieceGroup>,
  workers: Workers,
  options: MakeOptions,
): Promise<Made> {
  const { digest, fill, progress = new Progress() } = options;
  const done = new Map<number, { lengths: number[]; ids: Uint8Array }>();
  const builder = new IndexBuilder(options.sizes, digest, options.flags);
  let next = 0;
  let added = 0;
  let addedBytes = 0;
  await inLanes(groups, 2 * workers.size, options.signal, async ({ first, pieces }) => {
    // Noted before the bytes are handed over.
    const lengths = pieces.map((piece) => piece.size);
    const result = await workers.store({ digest, file: name, pieces, fill });
    added += result.added;
    addedBytes += result.addedBytes;
    progress.add(name, pieces.length, lengths.reduce((sum, length) => sum + length, 0), result.addedBytes);
    done.set(first, { lengths, ids: result.ids });
    for (let group = done.get(next); group !== undefined; group = done.get(next)) {
      done.delete(next);
      builder.add(group.lengths, group.ids);
      next += group.lengths.length;
    }
  });
  return { index: builder.build(), added, addedBytes };
}
