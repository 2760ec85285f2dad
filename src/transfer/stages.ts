/**
 * The order in which sources are asked, as the workers and the network want it: seeds and neighbouring directories of this
 * machine become one stage, which a worker does by itself; every other store is a stage of requests.
 */
import type { BatchedStore, ChunkStore, NearStore, PatchStore, Sources } from "../stores/store.ts";
import type { DirectorySource, SeedFile } from "./messages.ts";
import type { AssemblingWorkers } from "./ports.ts";

/** Files and directories that a worker reads by itself: the seeds come first. */
export interface LocalStage {
  readonly kind: "local";
  readonly seeds: readonly SeedFile[];
  readonly directories: DirectorySource[];
}

/** A store from which a worker fetches many chunks by one request; what does not come so is left to the next stage. */
export interface BatchStage {
  readonly kind: "batches";
  readonly store: ChunkStore;
  readonly batches: BatchedStore;
}

/** A store that is asked for the bytes; where `near` allows it, a worker asks first. */
export interface StoreStage {
  readonly kind: "store";
  readonly store: ChunkStore;
  readonly near?: NearStore;
}

/** What a worker reads or fetches by itself, a seed, a patch or a store that has to be asked for bytes, or a cache that has to be. */
export type Stage =
  | LocalStage
  | BatchStage
  | StoreStage
  | { readonly kind: "seed"; readonly seed: ChunkStore }
  | { readonly kind: "patch"; readonly patch: PatchStore }
  | { readonly kind: "cache" };

/** The stages of these sources, in order, for workers that make such requests by themselves. */
export function stagesOf(
  sources: Sources,
  seeds: readonly SeedFile[] = [],
  { fetchBatches = false, fetchesNear }: Pick<AssemblingWorkers, "fetchBatches" | "fetchesNear"> = {},
): Stage[] {
  const stages: Stage[] = seeds.length === 0 ? [] : [{ kind: "local", seeds, directories: [] }];
  for (const seed of sources.seeds ?? []) stages.push({ kind: "seed", seed });
  const addDirectory = (source: DirectorySource) => {
    const last = stages.at(-1);
    if (last?.kind === "local") last.directories.push(source);
    else stages.push({ kind: "local", seeds: [], directories: [source] });
  };
  if (sources.cache !== undefined) {
    const { directory, encryption } = sources.cache.properties;
    if (directory === undefined) stages.push({ kind: "cache" });
    else addDirectory({ directory, encryption, role: "cache", repair: sources.cacheRepair ?? false });
  }
  for (const patch of sources.patches ?? []) stages.push({ kind: "patch", patch });
  for (const store of sources.stores) {
    const { directory, encryption, batches, near } = store.properties;
    if (fetchBatches && batches !== undefined) stages.push({ kind: "batches", store, batches });
    const ofWorkers = fetchesNear === undefined ? undefined : near;
    if (directory === undefined) stages.push({ kind: "store", store, near: ofWorkers });
    else addDirectory({ directory, encryption, role: "store", repair: false });
  }
  return stages;
}
