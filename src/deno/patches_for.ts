/** The deltas that are of use where older versions are at hand as seeds, or are to be overwritten. */
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index/index.ts";
import type { OldVersion } from "../jobs/open_patches.ts";
import type { PatchStore, Sources } from "../stores/store.ts";
import type { DeltaWorkers } from "../transfer/delta_messages.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import type { ExtractToFileOptions } from "./extract_to_file.ts";
import { isWorthCutting } from "./seeds/old_output.ts";
import { haveAll } from "./seeds/open_seeds.ts";
import type { OverwrittenVersion } from "./seeds/overwritten_version.ts";

/** What is done with them. */
export interface PatchOptions
  extends Pick<ExtractToFileOptions, "deltas" | "findDelta" | "onDeltaProblem" | "signal" | "progress"> {
  /** What has the rest of the chunks. */
  readonly sources: Sources;
  /** The chunk that no source has to have. */
  readonly zeros?: ZeroChunk;
  /** What will be overwritten, and may be an old version. */
  readonly overwritten?: OverwrittenVersion;
  /** The versions themselves will be overwritten. */
  readonly areOverwritten?: boolean;
  /** Nothing is to be made: it is only planned. */
  readonly dryRun?: boolean;
}

/**
 * Opens the deltas, or looks for some beside the index. What is fetched of them is counted as theirs. What is made of versions
 * that will be overwritten is made here.
 */
export async function patchesFor(
  index: Index,
  versions: readonly OldVersion[],
  workers: DeltaWorkers,
  options: PatchOptions,
): Promise<PatchStore[]> {
  const { deltas = [], findDelta, onDeltaProblem: onProblem, signal, zeros, progress, sources } = options;
  const looks = deltas.length === 0 && findDelta !== undefined && isWorthCutting(sources) &&
    versions.length > 0 && !haveAll(versions, index);
  if (deltas.length === 0 && !looks) return [];
  // Most extractions have none.
  const [{ findDeltas, openPatches }, { spooledPatches }] = await Promise.all([
    import("../jobs/open_patches.ts"),
    import("./spooled_patch.ts"),
  ]);
  const { overwritten } = options;
  let areOverwritten = options.areOverwritten === true;
  let found: OldVersion | undefined;
  let whole: Index | undefined;
  const findVersion = overwritten && (async (bytes: number) => {
    found = await overwritten.find(bytes);
    if (found !== undefined) areOverwritten = true;
    return found;
  });
  const onBase = (base: Index) => {
    if (base === found?.index) whole = base;
  };
  const fetched = new Map<string, number>();
  const onFetched = (location: string, bytes: number) => {
    if (areOverwritten) fetched.set(location, (fetched.get(location) ?? 0) + bytes);
    else progress?.add({ kind: "patched", location }, 0, 0, bytes);
  };
  const inputs = looks
    ? await findDeltas(index, versions.map(({ index }) => index), nativeCodec, findDelta)
    : deltas;
  const opening = { codec: nativeCodec, workers, zeros, signal, findVersion, onBase, onProblem, onFetched };
  const patches = await openPatches(index, inputs, versions, opening);
  if (!areOverwritten || options.dryRun === true) return patches;
  if (whole !== undefined) await overwritten?.keep(whole);
  // What is counted before the output itself has been looked at is forgotten.
  const onUse = () => {
    for (const [location, bytes] of fetched) progress?.add({ kind: "patched", location }, 0, 0, bytes);
    fetched.clear();
  };
  await using opened = new AsyncDisposableStack();
  const made = await spooledPatches(patches, { digest: index.digest, signal, onUse, onProblem });
  for (const patch of made) opened.use(patch);
  await workers.release();
  opened.move();
  return made;
}
