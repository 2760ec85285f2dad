/** A seed without an index: cut where the blob was, so that the same bytes are the same chunks. */
import { Progress } from "../../core/progress.ts";
import type { Index } from "../../formats/index/index.ts";
import { BLOB_FLAGS } from "../../formats/index/index.ts";
import { makeFromFile } from "../../jobs/make.ts";
import type { Workers } from "../../transfer/ports.ts";
import { inspectSource } from "../files/source_file.ts";

/** What cutting may be given. */
interface CutOptions {
  readonly signal?: AbortSignal;
  /** Counts the seed's bytes. */
  readonly progress?: Progress;
}

/**
 * The index of a file or block device as it is now, with the sizes and the digest of the blob's index. It is not noticed
 * when it changes meanwhile: no chunk is used before it is verified. Throws `missing-file`, `usage`, `io`, `interrupted`.
 */
export async function cutSeed(
  path: string,
  { sizes, digest }: Index,
  workers: Workers,
  { signal, progress = new Progress() }: CutOptions = {},
): Promise<Index> {
  const { size } = inspectSource(path);
  progress.total = size;
  const options = { sizes, digest, flags: BLOB_FLAGS, signal, progress };
  const { index } = await makeFromFile({ path, start: 0, end: size }, workers, options);
  return index;
}
