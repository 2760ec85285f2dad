/** A file of this machine compared with an index, with everything wired. */
import type { Index } from "../formats/index/index.ts";
import { type CompareOptions, firstDifference as compare } from "../jobs/compare.ts";
import type { ByteRange } from "../transfer/ports.ts";
import { WorkerPool } from "../workers/pool.ts";
import { checkUnchanged, inspectSource, sizeToCompare } from "./files/source_file.ts";

/** What {@linkcode firstDifference} may be given. */
export interface FirstDifferenceOptions extends CompareOptions {
  /** Threads at most. Default: one for each processor. */
  readonly threads?: number;
}

/**
 * The first part of the file that is not what the index describes, `undefined` when all is. A block device may be larger
 * than the blob. Throws {@linkcode DesyncError}: `mismatch` for a file of another size, `usage` for what is not a file or
 * block device, `missing-file`, `io`, also when the file changed meanwhile, `interrupted`.
 *
 * @example Whether a file is the blob of an index
 * ```ts
 * import { parseIndex } from "@desync/desync";
 * import { extractToFile, firstDifference, LocalStore } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const path = await Deno.makeTempFile();
 * await extractToFile(index, { stores: [new LocalStore("testdata/casync-zstd.castr")] }, path);
 * if (await firstDifference(index, path) !== undefined) throw new Error("it was just extracted");
 * await Deno.remove(path);
 * ```
 */
export async function firstDifference(
  index: Index,
  path: string,
  options: FirstDifferenceOptions = {},
): Promise<ByteRange | undefined> {
  const { threads, ...rest } = options;
  const source = inspectSource(path);
  using pool = WorkerPool.forBytes(index.size, threads);
  const difference = await compare(index, { path, size: sizeToCompare(source, index) }, pool, rest);
  checkUnchanged(path, source);
  return difference;
}
