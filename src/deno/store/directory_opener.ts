/** Opens directories and files of this machine. */
import type { Opener } from "../../stores/scheme.ts";
import { IndexDirectory } from "./index_directory.ts";
import { LocalStore } from "./local_store.ts";

/** The opener for paths. */
export const directoryOpener: Opener = {
  openChunks: (path, { create, encryption }) =>
    Promise.try(() => new LocalStore(path, { create, encryption })),
  openIndexes: (path, options) => Promise.resolve(new IndexDirectory(path, options)),
  openBytes: async (path) => new (await import("../files/file_bytes.ts")).FileBytes(path),
};
