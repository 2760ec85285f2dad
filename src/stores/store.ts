/**
 * What a store is to the rest of the program. Behaviours (asking several in order, caching, asking again) are wrappers
 * around this interface, so that each exists once.
 */
import type { DesyncError } from "../errors.ts";
import type { LimiterOptions } from "./limiter.ts";
import type { RetryOptions } from "./retry.ts";
import type { ChunkId, StoredChunk, StoredForm } from "../chunk.ts";

/** A place that holds chunks by their ids. */
export interface ChunkStore {
  /** How the user would name it, without passwords. For messages. */
  readonly location: string;
  /**
   * The folder of a store on this machine, in casync's layout: whoever has it may read the chunks there by himself,
   * in the way that is fastest for him.
   */
  readonly folder?: string;
  /** How many requests at a time suit the store. Default: what the caller thinks. */
  readonly limits?: LimiterOptions;
  /** Whether it ever held a chunk that was asked for, in stores whose address may be wrong without an error. */
  readonly hasDelivered?: boolean;
  /** How often a chunk is requested again that arrives damaged. Default: never. */
  readonly retry?: RetryOptions;
  /**
   * The chunk as the store holds it, `null` when it does not. Nothing has been verified. Its bytes are the caller's, who
   * may change them or move them to another thread. Throws `store` or `timeout` when the store cannot tell.
   */
  get(id: ChunkId, signal?: AbortSignal): Promise<StoredChunk | null>;
  /** Whether the store holds the chunk, without reading it. */
  has(id: ChunkId, signal?: AbortSignal): Promise<boolean>;
  /**
   * Bytes that the chunk takes in the store, for stores that can find out: `undefined` when the store does not say,
   * `null` when it does not hold the chunk. Errors as for {@linkcode get}.
   */
  storedSize?(id: ChunkId, signal?: AbortSignal): Promise<number | undefined | null>;
  /** Gives connections and files back. */
  close(): Promise<void>;
}

/** A store that takes chunks. */
export interface WritableChunkStore extends ChunkStore {
  /** Adds the chunk, whole or not at all. The caller has verified it. One that is there already is replaced. */
  put(id: ChunkId, chunk: StoredChunk, signal?: AbortSignal): Promise<void>;
  /** Notes that the chunk was used, in a store that can: what nobody uses can be found by age. */
  renew?(id: ChunkId, form: StoredForm): void;
  /** Takes the chunk away in every form, in a store that holds several. */
  remove?(id: ChunkId): void;
}

/** Where a job finds chunks: the cache is asked first, then the stores in their order. */
export interface Sources {
  /** Filled with what the stores deliver. */
  readonly cache?: WritableChunkStore;
  /** An invalid chunk in the cache is replaced instead of being an error. */
  readonly cacheRepair?: boolean;
  /**
   * Called when the cache cannot be read or written, once for each reader of the sources: it goes on with the stores and
   * does not fill the cache any more. Without stores that is an error.
   */
  readonly onCacheProblem?: (problem: DesyncError) => void;
  /** Asked in this order. */
  readonly stores: readonly ChunkStore[];
}
