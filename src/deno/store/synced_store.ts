/** A directory of this machine to which single chunks are added that must outlast a power cut, as a server's uploads. */
import { SharedRequests } from "../../servers/shared_requests.ts";
import type { WritableChunkStore } from "../../stores/store.ts";
import { fileError } from "../files/file_errors.ts";
import { FileSystem, syncDirectory } from "../output/sync.ts";
import { ChunkDirectory } from "./chunk_directory.ts";

/**
 * The store, in which chunks are on the disk when `put` returns, and in which no power cut leaves a part of one under its
 * name. Concurrent ones wait together: for one call that writes the whole file system, where that can be made. A store that
 * is not a directory is returned as it is. Disposing of the result disposes of the store.
 */
export function syncedStore(store: WritableChunkStore): WritableChunkStore {
  const { directory, encryption } = store.properties;
  if (directory === undefined) return store;
  const chunks = new ChunkDirectory({ directory, encryption });
  // Open for as long as chunks are added: the system reports to it what the disk refused meanwhile.
  const system = FileSystem.of(directory);
  const syncs = new SharedRequests<void>();
  const sync = async (file: string) => {
    if (system !== null) return await syncs.getNext("", () => system.sync());
    await syncDirectory(file.slice(0, file.lastIndexOf("/")));
    await syncDirectory(directory);
  };
  return {
    properties: store.properties,
    get: (id, options) => store.get(id, options),
    has: (id, options) => store.has(id, options),
    async touch(id, options) {
      await store.touch?.(id, options);
    },
    async put({ id, stored }) {
      // Two names for two puts of one chunk: there is always a file to rename.
      const staged = await chunks.stageAside(id, stored, { sync: system === null });
      try {
        if (system !== null) await sync(chunks.stagedPath(staged));
      } catch (error) {
        chunks.discard(staged);
        throw fileError("store", `chunk ${id} in ${directory}`, error);
      }
      chunks.place(staged);
      try {
        await sync(chunks.pathOf(id, staged.form));
      } catch (error) {
        throw fileError("store", `chunk ${id} in ${directory}`, error);
      }
      return { storedBytes: stored.bytes.length + chunks.overhead };
    },
    async [Symbol.asyncDispose]() {
      await syncs.idle();
      system?.[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
