/** A store in memory: for tests, and for pages that hold chunks themselves. */
import type { ChunkId, StoredChunk } from "../chunk.ts";
import type { WritableChunkStore } from "./store.ts";

/**
 * Keeps every chunk until the store is gone.
 *
 * @example A blob without any file
 * ```ts
 * import { ChunkedBlob, Index, MemoryStore, portableCodec } from "@desync/desync";
 *
 * const bytes = new TextEncoder().encode("all of the blob");
 * const digest = portableCodec.digest("sha512-256", bytes);
 * const store = new MemoryStore();
 * await store.put(digest.toHex(), { form: "plain", bytes });
 * const header = { flags: 0xb000000000000000n, sizes: { min: 16384, avg: 65536, max: 262144 } };
 * const blob = ChunkedBlob.open(new Index(header, Float64Array.of(bytes.length), digest), store);
 * if (new TextDecoder().decode(await blob.slice(-4).bytes()) !== "blob") throw new Error("it ends so");
 * ```
 */
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

  storedSize(id: ChunkId): Promise<number | null> {
    return Promise.resolve(this.#chunks.get(id)?.bytes.length ?? null);
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
