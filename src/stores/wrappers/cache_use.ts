/** The cache of one job: one that cannot be read or written is no reason to fail where stores work. */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { isInvalid, type VerifiedChunk } from "../../codec/open_chunk.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { refuseInCache } from "./cache_policy.ts";
import type {
  GetOptions,
  ManagedChunkStore,
  RequestOptions,
  Sources,
  StoreProperties,
  WritableChunkStore,
} from "../store.ts";

/** Reads and fills the cache of some sources, where they have one. */
export class CacheUse {
  readonly #sources: Sources;
  readonly #cache: (WritableChunkStore & Partial<ManagedChunkStore>) | undefined;
  #fills: boolean;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#cache = sources.cache;
    this.#fills = sources.cache !== undefined;
  }

  /** What is known of the cache; `undefined` where the sources have none. */
  get properties(): StoreProperties | undefined {
    return this.#cache?.properties;
  }

  /** Whether the cache gets what the stores deliver. */
  get fills(): boolean {
    return this.#fills;
  }

  /** Whether the job goes on when the cache fails. */
  get mayFail(): boolean {
    return this.#sources.stores.length > 0;
  }

  /** The chunk as the cache has it, `null` when it does not, or cannot be read. */
  async get(id: ChunkId, options?: GetOptions): Promise<StoredChunk | null> {
    return await this.#trying(() => this.#cache?.get(id, options)) ?? null;
  }

  /** Does about an invalid chunk what the policy says: throws the error for it, or removes it. */
  async refuse(id: ChunkId, error: DesyncError, options?: RequestOptions): Promise<void> {
    if (this.#cache === undefined) return;
    refuseInCache(id, this.#cache.properties.location, error, this.#sources.cacheRepair ?? false);
    await this.#trying(() => this.#cache?.remove?.(id, options));
  }

  /** Records that a chunk of the cache was used. Failing is no harm: another's cache may be read-only. */
  async touch(id: ChunkId, options?: RequestOptions): Promise<void> {
    await this.#cache?.touch?.(id, options).catch(() => {});
  }

  /** Adds a chunk, as long as the cache is filled. */
  async put(chunk: VerifiedChunk, options?: RequestOptions): Promise<void> {
    if (this.#fills) await this.#trying(() => this.#cache?.put(chunk, options));
  }

  async #trying<T>(request: () => Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      // What a store refuses to give is not the cache failing.
      if (isInvalid(error)) throw error;
      this.failed(error);
      return undefined;
    }
  }

  /**
   * Notes that the cache failed, after which it is not filled any more. Throws the error again when the job was
   * interrupted, or has no store to go on with.
   */
  failed(error: unknown): void {
    const known = error instanceof DesyncError ? error : undefined;
    if (known?.code === "interrupted" || !this.mayFail) throw error;
    if (!this.#fills) return;
    this.#fills = false;
    const problem = known ?? new DesyncError("store", { reason: messageOf(error), cause: error });
    this.#sources.onCacheProblem?.(problem);
  }
}
