/** The deltas that are of use where files are at hand as seeds. */
import type { Progress } from "../core/progress.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index/index.ts";
import type { PatchStore } from "../stores/store.ts";
import type { DeltaWorkers } from "../transfer/delta_messages.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import type { ExtractToFileOptions } from "./extract_to_file.ts";
import type { OpenedSeed } from "./seeds/blob_seed.ts";

/** What is done with them. */
type PatchOptions =
  & Pick<ExtractToFileOptions, "deltas" | "onDeltaProblem" | "signal">
  & { readonly zeros: ZeroChunk; readonly progress?: Progress };

/** Opens the deltas. What is fetched of them is counted as theirs. */
export async function patchesFor(
  index: Index,
  seeds: readonly OpenedSeed[],
  workers: DeltaWorkers,
  { deltas = [], onDeltaProblem, signal, zeros, progress }: PatchOptions,
): Promise<PatchStore[]> {
  if (deltas.length === 0) return [];
  // Most extractions have none.
  const { openPatches } = await import("../jobs/open_patches.ts");
  return await openPatches(index, deltas, seeds, {
    codec: nativeCodec,
    workers,
    zeros,
    signal,
    onProblem: onDeltaProblem,
    onFetched: progress && ((location, bytes) => progress.add({ kind: "patched", location }, 0, 0, bytes)),
  });
}
