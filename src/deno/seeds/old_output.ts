/** The file that an output replaces: it may be the blob already; if not, it is a seed without being named. */
import { chunkSizesProblem } from "../../chunker/params.ts";
import { DesyncError } from "../../core/errors.ts";
import { ID_BYTES } from "../../core/chunk.ts";
import type { Progress } from "../../core/progress.ts";
import { BLOB_FLAGS, type Index } from "../../formats/index/index.ts";
import { IndexBuilder } from "../../formats/index/index_builder.ts";
import { chunksInPlace, isBlob } from "../../jobs/compare.ts";
import { makeFromFile } from "../../jobs/make.ts";
import type { Sources } from "../../stores/store.ts";
import type { Workers } from "../../transfer/ports.ts";
import { checkUnchanged, inspectSource } from "../files/source_file.ts";
import { isPlantedAt } from "../output/planted.ts";
import type { OpenedSeed } from "./blob_seed.ts";
import { type CutOptions, cutSeed } from "./cut_seed.ts";

/** How the file is looked at. */
interface LookOptions extends CutOptions {
  /** Reading the file is faster than reading its bytes from the sources. */
  readonly asSeed: boolean;
}

/** What was found. */
interface Found {
  /** It is the blob already. */
  readonly upToDate: boolean;
  /** Makes it a seed, where that is wanted; `undefined` when it cannot be read any more. */
  readonly seed?: () => Promise<OpenedSeed | undefined>;
}

const NOTHING: Found = { upToDate: false };

/** Whether reading what is there already is faster than reading it from the sources. */
export function isWorthCutting({ cache, stores }: Sources): boolean {
  return [cache, ...stores].some((store) => store !== undefined && store.properties.directory === undefined);
}

/**
 * Looks at the file that may be read. A symlink is to become a file, and so is the file of another user who may have planted
 * it, to change it later: neither counts. It is read once, but for small parts.
 */
export async function lookAtOldOutput(
  path: string,
  index: Index,
  workers: Workers,
  { asSeed, ...options }: LookOptions,
): Promise<Found> {
  const { signal, progress } = options;
  return await unlessUnreadable(progress, NOTHING, async () => {
    const { isFile, size } = Deno.lstatSync(path);
    if (!isFile || size === 0 && index.size > 0 || isPlantedAt(path)) return NOTHING;
    const before = inspectSource(path);
    const cuts = asSeed && chunkSizesProblem(index.sizes) === undefined;
    let inPlace: Uint8Array | undefined;
    let upToDate: boolean;
    if (cuts) {
      inPlace = await chunksInPlace(path, size, index, workers, options);
      upToDate = inPlace !== undefined && !inPlace.includes(0);
    } else upToDate = await isBlob(path, size, index, workers, options);
    await workers.release();
    if (upToDate) checkUnchanged(path, before);
    if (upToDate || !cuts) return { upToDate };
    const seed = async () => {
      if (inPlace === undefined) return await cutSeed(path, index, workers, options);
      const cut = await cutTheRest(path, index, inPlace, workers, signal);
      return { file: { path, displayName: path }, index: cut, invalid: "skip" } as const;
    };
    return { upToDate, seed: () => unlessUnreadable(progress, undefined, seed) };
  });
}

/** What `work` gives. It gives `otherwise` when the file cannot be read, or changed meanwhile: it is replaced then. */
async function unlessUnreadable<T>(progress: Progress, otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DesyncError && error.code === "interrupted") throw error;
    progress.reset();
    return otherwise;
  }
}

/** The index of a file that has some chunks of the blob where the blob has them: only what is between them is cut. */
async function cutTheRest(
  path: string,
  index: Index,
  inPlace: Uint8Array,
  workers: Workers,
  signal: AbortSignal | undefined,
): Promise<Index> {
  const { sizes, digest, ids } = index;
  const builder = new IndexBuilder(sizes, digest, BLOB_FLAGS);
  for (let i = 0; i < inPlace.length;) {
    let end = i + 1;
    while (end < inPlace.length && inPlace[end] === inPlace[i]) end++;
    if (inPlace[i] === 1) {
      const lengths = Array.from({ length: end - i }, (_, k) => index.length(i + k));
      builder.add(lengths, ids.subarray(i * ID_BYTES, end * ID_BYTES));
    } else {
      const range = { path, start: index.start(i), end: index.ends[end - 1] };
      const { index: part } = await makeFromFile(range, workers, {
        sizes,
        digest,
        flags: BLOB_FLAGS,
        signal,
      });
      builder.add(Array.from({ length: part.count }, (_, k) => part.length(k)), part.ids);
    }
    i = end;
  }
  return builder.build();
}
