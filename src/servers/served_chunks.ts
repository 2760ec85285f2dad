/** The chunks that a server gives out: from memory, the cache, and the stores, with one request for all who ask. */
import type { ChunkId, DigestName, StoredChunk, StoredForm } from "../core/chunk.ts";
import { chunkPath } from "../core/chunk.ts";
import { canCompress, type Codec } from "../codec/codec.ts";
import { compressChunk, invalidChunk, isInvalid, openChunk, type OpenedChunk } from "../codec/open_chunk.ts";
import { portableCodec } from "../codec/portable.ts";
import { rawZstdFrame } from "../codec/zstd_frame.ts";
import { DesyncError } from "../core/errors.ts";
import { encodeForCache } from "../stores/wrappers/cache_policy.ts";
import { CacheUse } from "../stores/wrappers/cache_use.ts";
import { Limiter } from "../stores/wrappers/limiter.ts";
import { limitStore } from "../stores/wrappers/limit_store.ts";
import { openFrom, undelivered } from "../stores/wrappers/open_from.ts";
import type { ChunkStore, RequestOptions, Sources } from "../stores/store.ts";
import { type Content, contentOf } from "./content.ts";
import { HotChunks } from "./hot_chunks.ts";
import type { OnProblem } from "./problems.ts";
import { SharedRequests } from "./shared_requests.ts";

/** How {@linkcode ServedChunks} reads. */
export interface ServedChunksOptions {
  /** Decompresses and verifies, and compresses if it can. Default: JavaScript that runs anywhere, which cannot. */
  readonly codec?: Codec;
  /**
   * Verify each chunk before it is sent. Clients verify anyway, so by default only those are verified that are converted
   * to another form, or are added to the cache.
   */
  readonly verifyReads?: boolean;
  /** Bytes of chunks that are kept in memory. Default: 64 MiB. */
  readonly memoryBytes?: number;
  /** Counted up. */
  readonly counts?: ChunkCounts;
  /** Called for a damaged chunk, and when the cache fails. */
  readonly onProblem?: OnProblem;
}

/** Where chunks came from so far. */
export interface ChunkCounts {
  /** Requests that were answered from memory. */
  fromMemory: number;
  /** Chunks that were read from the cache. */
  fromCache: number;
  /** Chunks that were read from a store. */
  fromStores: number;
  /** Chunks that no store had. */
  missing: number;
}

/** Counts that begin. */
export function chunkCounts(): ChunkCounts {
  return { fromMemory: 0, fromCache: 0, fromStores: 0, missing: 0 };
}

const DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024;
/** Chunks that are read from stores at a time: each is in memory. */
const MOST_READS = 128;
/** A cache that failed is used again after so long. */
const CACHE_PAUSE_MS = 60_000;

/** A chunk that was read, with what was made of it. */
interface ReadChunk {
  readonly stored: StoredChunk;
  /** Set when it was verified. */
  readonly opened?: OpenedChunk;
  readonly contents: Map<StoredForm, Content>;
}

/** Reads chunks for any number of clients. Closing the stores is the caller's, after {@linkcode ServedChunks.idle}. */
export class ServedChunks {
  /** What is in memory, by the path of its request. */
  readonly hot: HotChunks;
  /** Where chunks came from. */
  readonly counts: ChunkCounts;
  readonly #sources: Sources;
  readonly #codec: Codec;
  readonly #verifyReads: boolean;
  readonly #onProblem: OnProblem;
  readonly #reads = new SharedRequests<ReadChunk | null>();
  readonly #probes = new SharedRequests<boolean>();
  readonly #places = new Limiter({ start: MOST_READS, max: MOST_READS });
  #cache: CacheUse;
  #cacheFailedAt = -Infinity;
  #digest: DigestName = "sha512-256";

  /** A cache is asked first and filled; an invalid chunk in it is replaced unless `cacheRepair` is false. */
  constructor(from: Sources | ChunkStore, options: ServedChunksOptions = {}) {
    const sources: Sources = "stores" in from ? from : { stores: [from] };
    this.#codec = options.codec ?? portableCodec;
    this.#verifyReads = options.verifyReads ?? false;
    this.#onProblem = options.onProblem ?? (() => {});
    this.counts = options.counts ?? chunkCounts();
    this.hot = new HotChunks(options.memoryBytes ?? DEFAULT_MEMORY_BYTES);
    this.#sources = {
      cacheRepair: true,
      ...sources,
      cache: sources.cache && limited(sources.cache),
      stores: sources.stores.map(limited),
      onCacheProblem: (problem) => {
        this.#cacheFailedAt = performance.now();
        this.#onProblem(problem);
        sources.onCacheProblem?.(problem);
      },
    };
    this.#cache = new CacheUse(this.#sources);
  }

  /** The chunk in that form, `null` when no store has it. Throws what stores throw, and `invalid-chunk`. */
  async get(id: ChunkId, form: StoredForm, { signal }: RequestOptions = {}): Promise<Content | null> {
    const read = await this.#reads.get(id, (stop) => this.#read(id, form, stop), signal);
    if (read === null) return null;
    return this.#contentOf(read, id, form);
  }

  /** Whether the cache or a store has the chunk, in whatever form. */
  async has(id: ChunkId, { signal }: RequestOptions = {}): Promise<boolean> {
    return await this.#probes.get(id, (stop) => this.#probe(id, stop), signal);
  }

  /** The next request for the chunk asks the stores, in which it is new. */
  renew(id: ChunkId): void {
    this.#reads.forget(id);
    this.#probes.forget(id);
  }

  /** Resolves when no request to a store runs. */
  async idle(): Promise<void> {
    await Promise.all([this.#reads.idle(), this.#probes.idle()]);
  }

  async #read(id: ChunkId, form: StoredForm, signal: AbortSignal): Promise<ReadChunk | null> {
    return await this.#readCache(id, form, signal) ??
      await this.#places.run(() => this.#readStores(id, form, signal), () => undefined);
  }

  async #readCache(id: ChunkId, form: StoredForm, signal: AbortSignal): Promise<ReadChunk | null> {
    if (this.#sources.cache === undefined) return null;
    const { location } = this.#sources.cache.properties;
    if (!this.#cache.fills && performance.now() - this.#cacheFailedAt > CACHE_PAUSE_MS) {
      this.#cache = new CacheUse(this.#sources);
    }
    try {
      const stored = await this.#cache.get(id, { signal });
      if (stored === null) return null;
      const read = this.#opened(stored, id, this.#verifyReads || stored.form !== form);
      await this.#cache.touch(id, { signal });
      this.counts.fromCache++;
      return read;
    } catch (error) {
      if (!isInvalid(error)) throw error;
      await this.#cache.refuse(id, error, { signal });
      this.#onProblem(invalidChunk(id, `the cache ${location}`, error, "it is fetched again", location));
      return null;
    }
  }

  async #readStores(id: ChunkId, form: StoredForm, signal: AbortSignal): Promise<ReadChunk | null> {
    const damage: DesyncError[] = [];
    for (const store of this.#sources.stores) {
      const open = (stored: StoredChunk) => this.#openedForCache(stored, id, form, signal);
      try {
        const read = await openFrom(store, id, open, { damage, signal });
        if (read === null) continue;
        for (const problem of damage) this.#onProblem(problem);
        this.counts.fromStores++;
        return read;
      } catch (error) {
        if (!isInvalid(error)) throw error;
        damage.push(error);
      }
    }
    if (damage.length > 0) throw undelivered(id, this.#sources, damage);
    this.counts.missing++;
    return null;
  }

  async #openedForCache(
    stored: StoredChunk,
    id: ChunkId,
    form: StoredForm,
    signal: AbortSignal,
  ): Promise<ReadChunk> {
    const { fills } = this.#cache;
    const read = this.#opened(stored, id, fills || this.#verifyReads || stored.form !== form);
    if (fills && read.opened !== undefined) {
      await this.#cache.put(encodeForCache(this.#codec, read.opened), { signal });
    }
    return read;
  }

  /** The chunk, verified if it has to be: by either digest, for requests do not name one. */
  #opened(stored: StoredChunk, id: ChunkId, verify: boolean): ReadChunk {
    const contents = new Map<StoredForm, Content>();
    return verify ? { stored, opened: this.#verified(stored, id), contents } : { stored, contents };
  }

  #verified(stored: StoredChunk, id: ChunkId): OpenedChunk {
    try {
      return openChunk(this.#codec, stored, { id, digest: this.#digest });
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code !== "wrong-digest") throw error;
      this.#digest = this.#digest === "sha256" ? "sha512-256" : "sha256";
      return openChunk(this.#codec, stored, { id, digest: this.#digest });
    }
  }

  #contentOf(read: ReadChunk, id: ChunkId, form: StoredForm): Content {
    const known = read.contents.get(form);
    if (known !== undefined) return known;
    const path = `/${chunkPath(id, form)}`;
    const content = contentOf(this.#bytesOf(read, id, form), chunkTag(id, form), CHUNK_HEADERS);
    read.contents.set(form, content);
    this.hot.set(path, content);
    return content;
  }

  #bytesOf({ stored, opened }: ReadChunk, id: ChunkId, form: StoredForm): Uint8Array {
    if (stored.form === form) return stored.bytes;
    const chunk = opened ?? this.#verified(stored, id);
    if (form === "plain") return chunk.bytes;
    return canCompress(this.#codec)
      ? compressChunk(this.#codec, chunk).stored.bytes
      : rawZstdFrame(chunk.bytes);
  }

  async #probe(id: ChunkId, signal: AbortSignal): Promise<boolean> {
    const { cache, stores } = this.#sources;
    if (await cache?.has(id, { signal }).catch(() => false)) return true;
    for (const store of stores) if (await store.has(id, { signal })) return true;
    return false;
  }
}

/** What is said with every chunk: it never changes. */
export const CHUNK_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/octet-stream",
  "accept-ranges": "bytes",
  "cache-control": "public, max-age=31536000, immutable",
};

/** The entity tag of a chunk. Compressors differ, so that of a compressed one is weak. */
export function chunkTag(id: ChunkId, form: StoredForm): string {
  return form === "plain" ? `"${id}"` : `W/"${id}.cacnk"`;
}

/** The store with a bound on its concurrent requests, if it is not a directory. */
function limited<S extends ChunkStore>(store: S): S {
  const { directory, concurrency } = store.properties;
  return directory === undefined ? limitStore(store, new Limiter(concurrency)) : store;
}
