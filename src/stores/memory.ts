/** A store in memory: for tests, and for pages that hold chunks themselves. */
import type { ChunkId, StoredChunk } from "../chunk.ts";
import type { WritableChunkStore } from "./store.ts";

/** Keeps every chunk until the store is gone. */
export class MemoryStore implements WritableChunkStore {
  readonly location: string;
  readonly #chunks = new Map<ChunkId, StoredChunk>();

  /** `location` names the store in messages. */
  constructor(location = "memory") {
    this.location = location;
  }

  get(id: ChunkId): Promise<StoredChunk | null> {
    const chunk = this.#chunks.get(id);
    return Promise.resolve(chunk === undefined ? null : copyOf(chunk));
  }

  has(id: ChunkId): Promise<boolean> {
    return Promise.resolve(this.#chunks.has(id));
  }

  put(id: ChunkId, chunk: StoredChunk): Promise<void> {
    this.#chunks.set(id, copyOf(chunk));
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function copyOf({ form, bytes }: StoredChunk): StoredChunk {
  return { form, bytes: new Uint8Array(bytes) };
}
