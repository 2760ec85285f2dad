/**
 * The order in which sources are asked, as the workers and the network want it: neighbouring folders of this machine
 * become one stage, which a worker does in one go; every other store is a stage of requests.
 */
import { DesyncError } from "../errors.ts";
import type { ChunkStore, Sources } from "../stores/store.ts";
import type { FolderSource } from "./tasks.ts";

/** Folders that a worker asks by itself, or a store that has to be asked for bytes. */
export type Stage =
  | { readonly kind: "folders"; readonly folders: FolderSource[] }
  | { readonly kind: "store"; readonly store: ChunkStore };

/** The stages of these sources, in order; `remote` is what becomes of a store that is not a directory. Throws `unsupported` when the cache is not on this machine. */
export function stagesOf(sources: Sources, remote: (store: ChunkStore) => ChunkStore): Stage[] {
  const stages: Stage[] = [];
  const add = (store: ChunkStore, role: "cache" | "store") => {
    const { location, directory } = store.properties;
    if (directory === undefined) {
      if (role === "cache") {
        throw new DesyncError("unsupported", {
          action: "use",
          subject: `${location} as the cache`,
          reason: "it is not a directory of this machine",
        });
      }
      stages.push({ kind: "store", store: remote(store) });
      return;
    }
    const source: FolderSource = {
      folder: directory,
      role,
      repair: role === "cache" && (sources.cacheRepair ?? false),
    };
    const last = stages.at(-1);
    if (last?.kind === "folders") last.folders.push(source);
    else stages.push({ kind: "folders", folders: [source] });
  };
  if (sources.cache !== undefined) add(sources.cache, "cache");
  for (const store of sources.stores) add(store, "store");
  return stages;
}
