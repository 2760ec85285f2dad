/** A store in memory: for tests, and for pages that hold chunks themselves. */
import type { ChunkId, StoredChunk } from "../core/chunk.ts";
import type { VerifiedChunk } from "../codec/open_chunk.ts";
import { interrupted } from "../core/errors.ts";
import type {
  ListedChunk,
  ManagedChunkStore,
  PutResult,
  RemoveOptions,
  RequestOptions,
  StoreProperties,
} from "./store.ts";

/**
 * Keeps every chunk until it is removed, or the store is gone.
 *
 * @example A blob without any file
 * ```ts
 * import { ChunkedBlob, hashChunk, Index, MemoryStore, portableCodec } from "@desync/desync";
 *
 * const chunk = hashChunk(portableCodec, "sha512-256", new TextEncoder().encode("all of the blob"));
 * const store = new MemoryStore();
 * await store.put(chunk);
 * const header = { flags: 0xb000000000000000n, sizes: { min: 16384, avg: 65536, max: 262144 } };
 * const index = new Index(header, Float64Array.of(chunk.bytes.length), Uint8Array.fromHex(chunk.id));
 * const blob = ChunkedBlob.open(index, store);
 * if (new TextDecoder().decode(await blob.slice(-4).bytes()) !== "blob") throw new Error("it ends so");
 * ```
 */
export class MemoryStore implements ManagedChunkStore {
  readonly properties: StoreProperties;
  readonly #chunks = new Map<ChunkId, StoredChunk>();

  /** `location` names the store in messages. */
  constructor(location = "memory") {
    this.properties = { location, probe: "cheap" };
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

  /** Replaces the chunk in whatever form it is there: it is kept in one. */
  put({ id, stored }: VerifiedChunk): Promise<PutResult> {
    this.#chunks.set(id, copyOf(stored));
    return Promise.resolve({ storedBytes: stored.bytes.length });
  }

  async *list({ signal }: RequestOptions = {}): AsyncGenerator<ListedChunk[], void> {
    if (signal?.aborted) throw interrupted();
    yield await Promise.resolve(
      [...this.#chunks].map(([id, { form, bytes }]) => ({ id, form, storedBytes: bytes.length })),
    );
  }

  remove(id: ChunkId, { form }: RemoveOptions = {}): Promise<void> {
    if (form === undefined || this.#chunks.get(id)?.form === form) this.#chunks.delete(id);
    return Promise.resolve();
  }

  /** There is nothing to close. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function copyOf({ form, bytes }: StoredChunk): StoredChunk {
  return { form, bytes: new Uint8Array(bytes) };
}
