/**
 * What a store is to the rest of the program: three interfaces, each with what a store of its kind can do. Behaviours
 * (retrying, limits, several stores in order, a cache) are wrappers around them, so that each exists once.
 */
import type { ChunkId, StoredChunk, StoredForm } from "../core/chunk.ts";
import type { ChunkKey } from "../core/chunk_key.ts";
import type { VerifiedChunk } from "../codec/open_chunk.ts";
import type { DesyncError } from "../core/errors.ts";
import type { LimiterOptions } from "./wrappers/limiter.ts";
import type { RetryOptions } from "./wrappers/retry.ts";

/** What is known about a store without asking it. */
export interface StoreProperties {
  /** How the user would name it, without passwords. For messages. */
  readonly location: string;
  /**
   * Set for a directory of this machine that has casync's layout: worker threads read and write its chunks by themselves,
   * which is faster than {@linkcode ChunkStore.get}.
   */
  readonly directory?: string;
  /**
   * The key with which the store encrypts chunks and decrypts them again. It has no others. Default: they are not encrypted.
   */
  readonly encryption?: ChunkKey;
  /** Whether {@linkcode WritableChunkStore.put} takes chunks, too, that are encrypted with that key already. */
  readonly takesSealed?: boolean;
  /** Set where one request gets many chunks, and workers may make it by themselves. */
  readonly batches?: BatchedStore;
  /** Set where workers may request chunks by themselves if the server is near. */
  readonly near?: NearStore;
  /** What the names of its chunks end with, where that can be chosen: {@linkcode encryptedStore} needs it. */
  readonly suffix?: string;
  /** How many concurrent requests suit the store. Default: the caller's choice. */
  readonly concurrency?: LimiterOptions;
  /** What {@linkcode ChunkStore.has} costs: little, or as much as fetching the chunk, which it does. */
  readonly probe: "cheap" | "by-get";
  /** How a failed request is retried, and how often a chunk that arrived damaged is requested again. Default: not at all. */
  readonly retry?: RetryOptions;
  /**
   * Whether any request has found a chunk so far. Set for stores whose address may be wrong without an error: a message
   * about a missing chunk asks whether it is.
   */
  readonly found?: boolean;
  /** The form in which the store wants its chunks. Default: any. */
  readonly form?: StoredForm;
  /** Set for a group: the stores in it, any of which may have an intact copy of a chunk that arrived damaged. */
  readonly members?: readonly ChunkStore[];
}

/** Requests for many chunks at a time, as `desync chunk-server` answers them. */
export interface BatchedStore {
  /** How they are made. */
  readonly request: BatchRequest;
  /** Whether the store answers them: known after the first. */
  answers?: boolean;
  /** Whether such a request of a worker has found a chunk. */
  found?: boolean;
}

/** All that is needed for such a request: plain data, for other threads. */
export interface BatchRequest {
  /** Its address. */
  readonly url: string;
  /** The same without passwords, for messages. */
  readonly redacted: string;
  /** Sent with it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the store may be silent, in milliseconds. */
  readonly idleTimeoutMs?: number;
}

/** A store whose chunks workers request by themselves, one by one, where that takes them less time than the main thread. */
export interface NearStore {
  /** Whether a worker has found a chunk. */
  found?: boolean;
  /** Whether they will make no more requests. */
  readonly isOver: boolean;
  /** Whether they make requests now, and many answers come in a moment, as far as is known. */
  readonly isNear: boolean;
  /** Workers will make requests soon: begins what takes its time before the first. */
  prepare?(): void;
  /**
   * Runs `work`, which has a worker make the requests, when there is room for them; `undefined` where workers are to make
   * none. It may wait a moment for the first answer.
   */
  turn<T>(turn: NearTurn, work: (request: NearRequest) => Promise<T>): Promise<T | undefined>;
  /** What came of the requests that a worker made for one task, if they failed: why. After some failures they make no more. */
  report(failure: NearFailure | undefined, request: NearRequest): void;
}

/** What a worker is to request, and what limits it. */
export interface NearTurn {
  /** The chunks, all of which are taken in this order. */
  readonly ids: readonly ChunkId[];
  /** How many workers may wait at sessions. */
  readonly sessionWorkers: number;
  /**
   * For requests that are limited as those of the main thread are: runs work with so many of the places, which are a worker's
   * share, when there is one.
   */
  hold<T>(work: (places: number) => Promise<T>): Promise<T>;
}

/**
 * Why a worker's own requests end: what it waits for takes long, or came to something else than a chunk or its absence; or
 * the host refused the session, or sent nothing for as long as it may be silent.
 */
export type NearFailure = "slow" | "unusual" | "refused" | "silent";

/** All that a worker needs for requests: plain data, for other threads. */
export type NearRequest = NearHttpRequest | NearSessionRequest;

/** For requests to a web server over connections that wait. */
export interface NearHttpRequest {
  /** Which of the two this is. */
  readonly kind: "http";
  /** The server's IP address. */
  readonly address: string;
  /** Its port. */
  readonly port: number;
  /** The path up to the chunk's own, which ends in a slash. */
  readonly directory: string;
  /** The form in which the store has its chunks. */
  readonly form: StoredForm;
  /** What their names end with. */
  readonly suffix?: string;
  /** What follows the path in the URL. */
  readonly search: string;
  /** The lines of the headers, each with its end. */
  readonly headers: string;
  /** Connections of this worker at most. */
  readonly connections: number;
}

/** For a session of casync's protocol in which the main thread has sent the requests: the answers alone are left to do. */
export interface NearSessionRequest {
  /** Which of the two this is. */
  readonly kind: "session";
  /** No other session of this program has this number. */
  readonly session: number;
  /** Which of the workers for sessions gets all of its tasks, counted from 0. */
  readonly worker: number;
  /** The socket of this process where the answers come; the main thread closes it. */
  readonly socket: number;
  /** How long the host may be silent, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** The same before its greeting. */
  readonly greetingTimeoutMs: number;
}

/** What every request may be given. */
export interface RequestOptions {
  /** Ends the request, which throws a `DesyncError` of the code `interrupted` then, not the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What {@linkcode ChunkStore.get} may be given. */
export interface GetOptions extends RequestOptions {
  /** An encrypted chunk may be returned as it is stored, with its key: `openChunk` decrypts it, maybe in another thread. */
  readonly sealed?: boolean;
}

/** What {@linkcode ChunkStore.has} may be given. */
export interface HasOptions extends RequestOptions {
  /**
   * Only a chunk that is stored in this form counts, as far as that takes fewer requests: a store may count the other form
   * as well. Default: either form counts.
   */
  readonly form?: StoredForm;
}

/** A place that has chunks by their ids. Disposing of it closes connections and files. */
export interface ChunkStore extends AsyncDisposable {
  /** What is known about it. */
  readonly properties: StoreProperties;
  /**
   * The chunk as it is stored, `null` when it is not there. Nothing has been verified. The bytes are the caller's, who may
   * change them or move them to another thread. Throws `store` or `timeout` when the store does not answer.
   */
  get(id: ChunkId, options?: GetOptions): Promise<StoredChunk | null>;
  /** Whether the store has the chunk. */
  has(id: ChunkId, options?: HasOptions): Promise<boolean>;
  /**
   * Bytes that the chunk takes in the store, for stores that can find out: `undefined` when the store does not say,
   * `null` when it does not have the chunk. Errors as for {@linkcode get}.
   */
  storedSize?(id: ChunkId, options?: RequestOptions): Promise<number | undefined | null>;
  /**
   * Bytes of what {@linkcode get} gives, for directories: `undefined` unless the chunk is there in that form alone, plain or
   * as zstd, so that it can be sent as it is.
   */
  readySize?(id: ChunkId, form: StoredForm): Promise<number | undefined>;
}

/** Chunks that are made of others at hand and of what is fetched: those of a delta file. */
export interface PatchStore extends ChunkStore {
  /** What will be fetched for these chunks, all of which it {@linkcode ChunkStore.has has}. */
  plannedFetch(ids: Iterable<ChunkId>): PatchFetch;
  /** The chunks that are needed of it, in the order in which they are best asked for. */
  neededIds(): Iterable<ChunkId>;
  /** These chunks will be asked for, in whatever order: what they take may be fetched before. */
  expect(ids: Iterable<ChunkId>): void;
  /** Called for a chunk that it gave and that is not what its id says. */
  refuse(id: ChunkId): void;
}

/** Requests, and the bytes that they bring. */
export interface PatchFetch {
  /** How many. */
  readonly requests: number;
  /** Of all of them. */
  readonly bytes: number;
}

/** A store that takes chunks. */
export interface WritableChunkStore extends ChunkStore {
  /**
   * Adds the chunk in the form that {@linkcode VerifiedChunk.stored} has; it appears complete or not at all. A chunk of the
   * same id and form is replaced. The bytes stay the caller's.
   */
  put(chunk: VerifiedChunk, options?: RequestOptions): Promise<PutResult>;
  /** Records that the chunk was used, in a store where unused chunks are found by their age. */
  touch?(id: ChunkId, options?: RequestOptions): Promise<void>;
}

/** What {@linkcode WritableChunkStore.put} did. */
export interface PutResult {
  /** Bytes that were written. */
  readonly storedBytes: number;
}

/** A store whose chunks can be listed and removed, so that it can be pruned and verified. */
export interface ManagedChunkStore extends WritableChunkStore {
  /** All chunks, some at a time, in no particular order; one that is stored in two forms is listed for each. */
  list(options?: RequestOptions): AsyncIterable<readonly ListedChunk[]>;
  /** Removes the chunk. It is no error when it is not there. */
  remove(id: ChunkId, options?: RemoveOptions): Promise<void>;
  /**
   * Removes several chunks, each in its form, with fewer requests than {@linkcode remove} would take, and retries what
   * fails. Not for stores that have no such request.
   */
  removeAll?(chunks: readonly RemovedChunk[], options?: RequestOptions): Promise<void>;
  /**
   * Removes what killed writers left long ago, in a store where they leave anything; with `dryRun` it is only counted.
   */
  removeStale?(options?: RemoveStaleOptions): Promise<StaleFiles>;
}

/** A chunk in a list. */
export interface ListedChunk {
  /** Its id. */
  readonly id: ChunkId;
  /** How it is stored. */
  readonly form: StoredForm;
  /** Bytes that it takes. */
  readonly storedBytes: number;
  /**
   * The latest moment at which it can have been put there, as `Date.now()` says it, in a store that knows: clocks of
   * services may know only the second.
   */
  readonly storedAt?: number;
}

/** A chunk in the form in which it is to be removed. */
export type RemovedChunk = Pick<ListedChunk, "id" | "form">;

/** How {@linkcode ManagedChunkStore.remove} removes. */
export interface RemoveOptions extends RequestOptions {
  /** The only form to remove. Default: every form. */
  readonly form?: StoredForm;
}

/** How {@linkcode ManagedChunkStore.removeStale} removes. */
export interface RemoveStaleOptions extends RequestOptions {
  /** Only count. */
  readonly dryRun?: boolean;
}

/** Stale temporary files. */
export interface StaleFiles {
  /** How many. */
  readonly files: number;
  /** Bytes in them. */
  readonly bytes: number;
}

/**
 * Whether chunks can be added to the store.
 *
 * @example Fill whatever was opened, if it can be
 * ```ts
 * import { hashChunk, portableCodec, takesChunks } from "@desync/desync";
 * import { openStore } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * await using store = await openStore(directory); // https://example.com/store is only read
 * const chunk = hashChunk(portableCodec, "sha512-256", new TextEncoder().encode("some bytes"));
 * if (takesChunks(store)) await store.put(chunk);
 * if (!(await store.has(chunk.id))) throw new Error("a directory takes chunks");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function takesChunks(store: ChunkStore): store is WritableChunkStore {
  return "put" in store;
}

/**
 * Whether the store's chunks can be listed and removed, so that it can be pruned and verified.
 *
 * @example Check a store by its location
 * ```ts
 * import { managesChunks } from "@desync/desync";
 * import { openStore, verifyStore } from "@desync/desync/deno";
 *
 * await using store = await openStore("testdata/casync-zstd.castr");
 * if (!managesChunks(store)) throw new Error("a directory can be listed");
 * const { invalid } = await verifyStore(store);
 * if (invalid > 0) throw new Error("it has invalid chunks");
 * ```
 */
export function managesChunks(store: ChunkStore): store is ManagedChunkStore {
  return takesChunks(store) && "list" in store && "remove" in store;
}

/** Where a job finds chunks: the seeds are asked first, then the cache, then the patches, then the stores in their order. */
export interface Sources {
  /**
   * What this machine has of older versions. Their chunks are verified as all are, and are not put into the cache. A seed
   * that fails, or whose bytes have changed, is one that does not have the chunk.
   */
  readonly seeds?: readonly ChunkStore[];
  /** Filled with what the stores deliver. */
  readonly cache?: WritableChunkStore;
  /** An invalid chunk in the cache is replaced instead of being an error. */
  readonly cacheRepair?: boolean;
  /**
   * Called when the cache cannot be read or written, once for each reader of the sources: it goes on with the stores and
   * does not fill the cache any more. Without stores that is an error.
   */
  readonly onCacheProblem?: (problem: DesyncError) => void;
  /** Made of what is at hand. Where one fails, it is one that does not have the chunk. */
  readonly patches?: readonly PatchStore[];
  /** Searched in this order. */
  readonly stores: readonly ChunkStore[];
}
