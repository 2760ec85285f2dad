/** The cache of a server, which runs for long: one that fails is left alone for a while. */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { invalidChunk, isInvalid, type VerifiedChunk } from "../../codec/open_chunk.ts";
import { CacheUse } from "../../stores/wrappers/cache_use.ts";
import { wrapStore } from "../../stores/wrappers/wrap.ts";
import type { Sources, StoreProperties, WritableChunkStore } from "../../stores/store.ts";
import type { OnProblem } from "../problems.ts";

/** A cache that failed is used again after so long. */
const PAUSE_MS = 60_000;

/**
 * Reads and fills the cache of some sources, where they have one. An invalid chunk in it is replaced, unless the sources say
 * otherwise.
 */
export class ServedCache {
  readonly #sources: Sources;
  readonly #cache: WritableChunkStore | undefined;
  readonly #onProblem: OnProblem;
  readonly #now: () => number;
  #lastUse: CacheUse;
  #failedAt = -Infinity;
  #unreadableAt = -Infinity;

  /** `now` gives the time in milliseconds. */
  constructor(sources: Sources, onProblem: OnProblem, now: () => number) {
    this.#onProblem = onProblem;
    this.#now = now;
    this.#cache = sources.cache && this.#watched(sources.cache);
    this.#sources = {
      cacheRepair: true,
      ...sources,
      cache: this.#cache,
      onCacheProblem: (problem) => {
        this.#failedAt = now();
        (sources.onCacheProblem ?? onProblem)(problem);
      },
    };
    this.#lastUse = new CacheUse(this.#sources);
  }

  /** What is known of it; `undefined` where the sources have none. */
  get properties(): StoreProperties | undefined {
    return this.#use.properties;
  }

  /** Whether it gets what the stores deliver. */
  get fills(): boolean {
    return this.#use.fills;
  }

  /**
   * What `open` makes of the chunk, `null` when the cache does not have it, or cannot be read. Throws `invalid-chunk` when
   * `open` does and the chunk is not to be replaced.
   */
  async read<T>(
    id: ChunkId,
    open: (stored: StoredChunk, cache: WritableChunkStore) => T,
    signal: AbortSignal,
  ): Promise<T | null> {
    const cache = this.#readable;
    if (cache === undefined) return null;
    try {
      const stored = await this.#use.get(id, { signal });
      if (stored === null) return null;
      const opened = open(stored, cache);
      await this.#use.touch(id, { signal });
      return opened;
    } catch (error) {
      if (!isInvalid(error)) throw error;
      await this.#use.refuse(id, error, { signal });
      const { location } = cache.properties;
      this.#onProblem(invalidChunk(id, `the cache ${location}`, error, "it is fetched again", location));
      return null;
    }
  }

  /** Whether it has the chunk, as far as it can be asked. */
  async has(id: ChunkId, signal: AbortSignal): Promise<boolean> {
    return await this.#readable?.has(id, { signal }).catch(() => false) ?? false;
  }

  /** Adds a chunk, as long as it is filled. */
  async put(chunk: VerifiedChunk, signal: AbortSignal): Promise<void> {
    await this.#use.put(chunk, { signal });
  }

  /** Omitted while it could not be read lately, so that no client waits for it. A full one is still read. */
  get #readable(): WritableChunkStore | undefined {
    return this.#isLongAgo(this.#unreadableAt) ? this.#cache : undefined;
  }

  /** A new one when the last has failed, but long ago. */
  get #use(): CacheUse {
    const hasFailed = this.#cache !== undefined && !this.#lastUse.fills;
    if (hasFailed && this.#isLongAgo(this.#failedAt)) this.#lastUse = new CacheUse(this.#sources);
    return this.#lastUse;
  }

  #watched(cache: WritableChunkStore): WritableChunkStore {
    return wrapStore(cache, async (send, { name, signal }) => {
      try {
        return await send();
      } catch (error) {
        const isRead = name === "get" || name === "has";
        if (isRead && !isInvalid(error) && !signal?.aborted) this.#unreadableAt = this.#now();
        throw error;
      }
    });
  }

  #isLongAgo(time: number): boolean {
    return this.#now() - time > PAUSE_MS;
  }
}
