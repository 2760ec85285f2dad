/** A seed without an index: cut where the blob was, so that the same bytes are the same chunks. */
import type { Progress } from "../../core/progress.ts";
import { BLOB_FLAGS, type Index } from "../../formats/index/index.ts";
import { makeFromFile } from "../../jobs/make.ts";
import type { Workers } from "../../transfer/ports.ts";
import { inspectSource } from "../files/source_file.ts";
import type { OpenedSeed } from "./blob_seed.ts";
import type { KeptIndexes } from "./kept_indexes.ts";

/** How seeds are cut. */
export interface CutOptions {
  readonly signal?: AbortSignal;
  /** Counts the seed's bytes. */
  readonly progress: Progress;
  /** Called when a seed is cut, which takes its time. */
  readonly onCut?: () => void;
  /** Has the indexes of seeds that were cut before, and gets those that are. */
  readonly kept?: KeptIndexes;
}

/**
 * A file or block device as it is now, with the sizes and the digest of the blob's index. It is not noticed when it changes
 * meanwhile: no chunk is used before it is verified. Throws `missing-file`, `usage`, `io`, `interrupted`.
 */
export async function cutSeed(
  path: string,
  { sizes, digest }: Index,
  workers: Workers,
  { signal, progress, onCut, kept }: CutOptions,
): Promise<OpenedSeed> {
  const { size } = inspectSource(path);
  const file = { path, displayName: path };
  const before = await kept?.find(path, { sizes, digest }, workers, signal);
  if (before !== undefined) {
    const onInvalid = () => kept?.forget(path, { sizes, digest });
    return { file, index: before, invalid: "skip", onInvalid };
  }
  onCut?.();
  progress.total = size;
  const options = { sizes, digest, flags: BLOB_FLAGS, signal, progress };
  const { index } = await makeFromFile({ path, start: 0, end: size }, workers, options);
  await kept?.keep(path, index);
  return { file, index, invalid: "skip" };
}
