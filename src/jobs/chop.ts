/** Compares a file with an index, and stores the chunks that the index names. */
import type { ChunkId } from "../chunk.ts";
import { ID_BYTES } from "../chunk.ts";
import { toHex } from "../bytes.ts";
import { DesyncError } from "../errors.ts";
import type { Index } from "../formats/index.ts";
import type { Filling } from "./tasks.ts";
import { inLanes } from "./lanes.ts";
import { grouped } from "./plan.ts";
import type { ByteRange, Workers } from "./ports.ts";
import { Progress } from "./progress.ts";

const GROUP_PIECES = 64;
const GROUP_BYTES = 4 * 1024 * 1024;

/** How to chop. */
export interface ChopOptions {
  readonly fill: Filling;
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
  const { fill, ignore, signal, progress = new Progress() } = options;
  progress.total = index.size;
  let added = 0;
  const wanted = places(index).filter(({ id }) => !ignore?.has(id));
  await inLanes(grouped(wanted, GROUP_PIECES, GROUP_BYTES), 2 * workers.size, signal, async (pieces) => {
    const result = await workers.store({ digest: index.digest, file: path, pieces, fill });
    added += result.added;
    progress.add(path, pieces.length, pieces.reduce((sum, piece) => sum + piece.size, 0), result.addedBytes);
  });
  progress.done = progress.total;
  return added;
}

/** The first part of the file that is not what the index says, `undefined` when all is. Throws `mismatch` for its size. */
export async function firstDifference(
  path: string,
  size: number,
  index: Index,
  workers: Workers,
  options: { readonly signal?: AbortSignal; readonly progress?: Progress } = {},
): Promise<ByteRange | undefined> {
  checkSize(path, size, index);
  const { signal, progress = new Progress() } = options;
  progress.total = index.size;
  let first: number | undefined;
  const found = () => first !== undefined;
  const groups = grouped(places(index, found), GROUP_PIECES, GROUP_BYTES);
  await inLanes(groups, 2 * workers.size, signal, async (group) => {
    // Without what the ids have to be, the worker tells what they are.
    const pieces = group.map(({ offset, size }) => ({ offset, size }));
    const { ids } = await workers.store({ digest: index.digest, file: path, pieces });
    for (const [i, { chunk, id }] of group.entries()) {
      if (toHex(ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)) === id) continue;
      first = Math.min(first ?? Infinity, chunk);
      break;
    }
    progress.add(path, group.length, group.reduce((sum, piece) => sum + piece.size, 0), 0);
  });
  return first === undefined ? undefined : { offset: index.start(first), length: index.length(first) };
}

function checkSize(path: string, size: number, index: Index): void {
  if (size === index.size) return;
  throw new DesyncError(
    "mismatch",
    `${path} is not what the index describes: it has ${size} bytes instead of ${index.size}`,
  );
}

/** Where a chunk has to be. */
interface Place {
  readonly chunk: number;
  readonly id: ChunkId;
  readonly offset: number;
  readonly size: number;
}

/** All places in order, until nobody wants any more. */
function* places(index: Index, enough: () => boolean = () => false): Generator<Place> {
  for (let chunk = 0; chunk < index.count && !enough(); chunk++) {
    yield { chunk, id: index.id(chunk), offset: index.start(chunk), size: index.length(chunk) };
  }
}
