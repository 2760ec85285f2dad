/** The deltas that are of use where files are at hand as seeds, or are to be overwritten. */
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { Progress } from "../core/progress.ts";
import { BLOB_FLAGS, type Index } from "../formats/index/index.ts";
import { makeFromFile } from "../jobs/make.ts";
import type { OldVersion } from "../jobs/open_patches.ts";
import type { PatchStore, Sources } from "../stores/store.ts";
import type { DeltaWorkers } from "../transfer/delta_messages.ts";
import type { Workers } from "../transfer/ports.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import type { ExtractToFileOptions } from "./extract_to_file.ts";
import { inspectSource } from "./files/source_file.ts";
import type { OpenedSeed } from "./seeds/blob_seed.ts";
import { isWorthCutting } from "./seeds/old_output.ts";
import { haveAll } from "./seeds/open_seeds.ts";

/** What is done with them. */
type PatchOptions =
  & Pick<ExtractToFileOptions, "deltas" | "findDelta" | "onDeltaProblem" | "signal">
  & {
    readonly zeros: ZeroChunk;
    readonly sources: Sources;
    readonly progress?: Progress;
    /** A file or block device that may be an old version, and will be overwritten. */
    readonly overwritten?: string;
    /** Called when that is cut. */
    readonly onCut?: () => void;
    /** Make at once what is made of it. */
    readonly makesAtOnce?: boolean;
  };

/** Opens the deltas. What is fetched of them is counted as theirs. */
export async function patchesFor(
  index: Index,
  seeds: readonly OpenedSeed[],
  workers: Workers & DeltaWorkers,
  options: PatchOptions,
): Promise<PatchStore[]> {
  const { deltas = [], onDeltaProblem: onProblem, signal, zeros, progress, overwritten, onCut } = options;
  const looks = deltas.length === 0 && options.findDelta !== undefined && isWorthCutting(options.sources) &&
    seeds.length > 0 && !haveAll(seeds, index);
  if (deltas.length === 0 && !looks) return [];
  // Most extractions have none.
  const [{ findDeltas, openPatches }, { spooledPatches }] = await Promise.all([
    import("../jobs/open_patches.ts"),
    import("./spooled_patch.ts"),
  ]);
  let isOverwritten = false;
  const findVersion = async (bytes: number): Promise<OldVersion | undefined> => {
    if (overwritten === undefined) return undefined;
    onCut?.();
    const version = await cutStart(overwritten, bytes, index, workers, signal);
    if (version !== undefined) isOverwritten = true;
    return version;
  };
  const fetched = new Map<string, number>();
  const onFetched = (location: string, bytes: number) => {
    if (isOverwritten) fetched.set(location, (fetched.get(location) ?? 0) + bytes);
    else progress?.add({ kind: "patched", location }, 0, 0, bytes);
  };
  const opening = { codec: nativeCodec, workers, zeros, signal, findVersion, onProblem, onFetched };
  const inputs = looks
    ? await findDeltas(index, seeds.map(({ index }) => index), nativeCodec, options.findDelta)
    : deltas;
  const patches = await openPatches(index, inputs, seeds, opening);
  if (!isOverwritten || options.makesAtOnce !== true) return patches;
  // What is counted before the file itself has been looked at is forgotten.
  const onUse = () => {
    for (const [location, bytes] of fetched) progress?.add({ kind: "patched", location }, 0, 0, bytes);
    fetched.clear();
  };
  const made = await spooledPatches(patches, { digest: index.digest, signal, onUse, onProblem });
  await workers.release();
  return made;
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
