/** The output that is updated in place, as the old version that a delta is for. */
import { DesyncError } from "../../core/errors.ts";
import { BLOB_FLAGS, type Index } from "../../formats/index/index.ts";
import { makeFromFile } from "../../jobs/make.ts";
import type { OldVersion } from "../../jobs/open_patches.ts";
import type { Workers } from "../../transfer/ports.ts";
import { inspectSource } from "../files/source_file.ts";

/** How it is cut. */
interface CutOptions {
  readonly signal?: AbortSignal;
  /** Called when it is. */
  readonly onCut?: () => void;
}

/** Looks for old versions that the file at `path` begins with; `undefined` when there is nothing to look at. */
export function overwrittenVersions(
  path: string | undefined,
  index: Index,
  workers: Workers,
  { signal, onCut }: CutOptions = {},
): ((bytes: number) => Promise<OldVersion | undefined>) | undefined {
  if (path === undefined) return undefined;
  return async (bytes) => {
    onCut?.();
    return await cutStart(path, bytes, index, workers, signal);
  };
}

/** The first bytes of a file as an old version; `undefined` when there are not so many, or they cannot be read. */
async function cutStart(
  path: string,
  bytes: number,
  { sizes, digest }: Index,
  workers: Workers,
  signal: AbortSignal | undefined,
): Promise<OldVersion | undefined> {
  try {
    if (inspectSource(path).size < bytes) return undefined;
    const cutting = { sizes, digest, flags: BLOB_FLAGS, signal };
    const { index } = await makeFromFile({ path, start: 0, end: bytes }, workers, cutting);
    return { index, file: { path, displayName: path } };
  } catch (error) {
    if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
    return undefined;
  }
}
