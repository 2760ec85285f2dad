/** The chunks that a server sends: from memory, the cache and the stores. Concurrent requests for one chunk become one. */
import {
  type ChunkId,
  chunkPath,
  COMPRESSED_SUFFIX,
  type StoredChunk,
  type StoredForm,
} from "../../core/chunk.ts";
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import { canCompress, type Codec, compressionOf } from "../../codec/codec.ts";
import { compressChunk, isInvalid, openByEitherDigest, type OpenedChunk } from "../../codec/open_chunk.ts";
import { portableCodec } from "../../codec/portable.ts";
import { rawZstdFrame } from "../../codec/zstd_frame.ts";
import type { DesyncError } from "../../core/errors.ts";
import { encodeForCache } from "../../stores/wrappers/cache_policy.ts";
import { Limiter } from "../../stores/wrappers/limiter.ts";
import { limitRemote } from "../../stores/wrappers/limit_store.ts";
import { openFrom, undelivered } from "../../stores/wrappers/open_from.ts";
import type { ChunkStore, RequestOptions, Sources } from "../../stores/store.ts";
import { type Content, contentOf } from "../content.ts";
import { HotChunks } from "./hot_chunks.ts";
import type { OnProblem } from "../problems.ts";
import { RecentNames } from "./recent_names.ts";
import { ServedCache } from "./served_cache.ts";
import { SharedRequests } from "../shared_requests.ts";

/** How {@linkcode ServedChunks} reads. */
export interface ServedChunksOptions {
  /** Decompresses and verifies, and compresses if it can. Default: JavaScript that runs anywhere, which cannot. */
  readonly codec?: Codec;
  /**
   * Verify each chunk before it is sent. Clients verify anyway, so by default those from a directory of this machine are
   * not: only what is converted to another form, added to the cache or kept in memory.
   */
  readonly verifyReads?: boolean;
  /** Encrypts what is sent, under names with its suffix. Default: nothing is encrypted. */
  readonly cipher?: ChunkCipher;
  /** Bytes of chunks that are kept in memory. Default: 64 MiB. */
  readonly memoryBytes?: number;
  /** Counted up. */
  readonly counts?: ChunkCounts;
  /** Called for a damaged chunk in whose place another was found, and when the cache fails. */
  readonly onProblem?: OnProblem;
  /** The time in milliseconds: tests have their own. */
  readonly now?: () => number;
}

/** Where chunks come from; `none`: no store has them. */
export const FROM = { memory: 0, cache: 1, stores: 2, none: 3 } as const;
/** How many chunks came from where, at the places of {@linkcode FROM}. */
export type ChunkCounts = Float64Array;

const DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024;
/** Chunks that are read from stores at a time: each is in memory. */
const MOST_READS = 128;
/** Chunks that are remembered to have been requested. They take about 10 MB. */
const REMEMBERED = 2 ** 16;

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
  /** What the names of its chunks end with. */
  readonly suffix: string;
  /** Headers of each chunk besides its entity tag. */
  readonly headers: Readonly<Record<string, string>>;
  readonly #cipher: ChunkCipher | undefined;
  readonly #sources: Sources;
  readonly #codec: Codec;
  readonly #verifyReads: boolean;
  readonly #onProblem: OnProblem;
  readonly #cache: ServedCache;
  readonly #reads = new SharedRequests<ReadChunk | null>();
  readonly #probes = new SharedRequests<boolean>();
  readonly #recent = new RecentNames(REMEMBERED);
  readonly #places = new Limiter({ start: MOST_READS, max: MOST_READS });

  /** A cache is asked first and filled; an invalid chunk in it is replaced unless `cacheRepair` is false. */
  constructor(from: Sources | ChunkStore, options: ServedChunksOptions = {}) {
    const sources: Sources = "stores" in from ? from : { stores: [from] };
    this.#cipher = options.cipher;
    this.suffix = options.cipher?.key.suffix ?? "";
    this.headers = options.cipher === undefined ? CHUNK_HEADERS : SEALED_HEADERS;
    this.#codec = options.codec ?? portableCodec;
    this.#verifyReads = options.verifyReads ?? false;
    this.#onProblem = options.onProblem ?? (() => {});
    this.counts = options.counts ?? new Float64Array(Object.keys(FROM).length);
    this.hot = new HotChunks(options.memoryBytes ?? DEFAULT_MEMORY_BYTES);
    this.#sources = {
      ...sources,
      cache: sources.cache && limitRemote(sources.cache),
      stores: sources.stores.map((store) => limitRemote(store)),
    };
    this.#cache = new ServedCache(this.#sources, this.#onProblem, options.now ?? (() => performance.now()));
  }

  /** The chunk in that form, `null` when no store has it. Throws what stores throw, and `invalid-chunk`. */
  async get(id: ChunkId, form: StoredForm, { signal }: RequestOptions = {}): Promise<Content | null> {
    const send = (stop: AbortSignal) => this.#read(id, form, stop);
    const read = await this.#reads.get(id, send, signal);
    if (read === null) return null;
    try {
      return this.#contentOf(read, id, form);
    } catch (error) {
      if (!isInvalid(error)) throw error;
    }
    // It was read for another, in the form that the store has, and not verified. Another store may have a right one.
    const own = await this.#reads.get(`${id} ${form}`, send, signal);
    return own === null ? null : this.#contentOf(own, id, form);
  }

  /** Whether the cache or a store has the chunk, in whatever form. */
  async has(id: ChunkId, { signal }: RequestOptions = {}): Promise<boolean> {
    return await this.#probes.get(id, (stop) => this.#probe(id, stop), signal);
  }

  /**
   * Bytes that {@linkcode get} gives, where a directory that is asked first has the chunk so; `undefined` where it takes reading
   * a chunk, or a request, to find out.
   */
  async readySize(id: ChunkId, form: StoredForm): Promise<number | undefined> {
    const [first] = this.#sources.stores;
    const isFirst = this.#sources.cache === undefined && first?.properties.directory !== undefined;
    return isFirst && this.#cipher === undefined ? await first.readySize?.(id, form) : undefined;
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
    const open = (stored: StoredChunk, cache: ChunkStore) =>
      this.#opened(stored, id, this.#mustVerify(cache, stored, id, form));
    const cached = await this.#cache.read(id, open, signal);
    if (cached !== null) this.counts[FROM.cache]++;
    return cached ?? await this.#places.run(() => this.#readStores(id, form, signal), () => undefined);
  }

  async #readStores(id: ChunkId, form: StoredForm, signal: AbortSignal): Promise<ReadChunk | null> {
    const damage: DesyncError[] = [];
    for (const store of this.#sources.stores) {
      const open = (stored: StoredChunk) =>
        this.#openedForCache(stored, id, this.#mustVerify(store, stored, id, form), signal);
      try {
        const read = await openFrom(store, id, open, { damage, signal });
        if (read === null) continue;
        for (const problem of damage) this.#onProblem(problem);
        this.counts[FROM.stores]++;
        return read;
      } catch (error) {
        // In a directory too: the operator gets to know of it, and clients need the chunk.
        if (!isInvalid(error)) throw error;
        damage.push(error);
      }
    }
    if (damage.length > 0) throw undelivered(id, this.#sources, damage);
    this.counts[FROM.none]++;
    return null;
  }

  async #openedForCache(
    stored: StoredChunk,
    id: ChunkId,
    verify: boolean,
    signal: AbortSignal,
  ): Promise<ReadChunk> {
    const { fills } = this.#cache;
    const read = this.#opened(stored, id, verify || fills);
    const { properties } = this.#cache;
    if (fills && properties !== undefined && read.opened !== undefined) {
      await this.#cache.put(encodeForCache(this.#codec, read.opened, properties), signal);
    }
    return read;
  }

  /**
   * Whether the chunk is verified before it is used. What is kept in memory always is, for clients would get the same
   * again however often they asked: that is what comes from afar, and what a directory is asked for repeatedly. Verifying
   * takes several times as long as reading from a directory, so there it is done only for what is worth keeping.
   */
  #mustVerify({ properties }: ChunkStore, stored: StoredChunk, id: ChunkId, form: StoredForm): boolean {
    if (this.#verifyReads || !isReady(stored, form) || properties.directory === undefined) return true;
    return this.#recent.note(id) && this.hot.wants(stored.bytes.length);
  }

  #opened(stored: StoredChunk, id: ChunkId, verify: boolean): ReadChunk {
    const opened = verify ? openByEitherDigest(this.#codec, stored, id) : undefined;
    return { stored, opened, contents: new Map() };
  }

  #contentOf(read: ReadChunk, id: ChunkId, form: StoredForm): Content {
    const known = read.contents.get(form);
    if (known !== undefined) return known;
    const bytes = this.#bytesOf(read, id, form);
    const sent = this.#cipher?.seal(bytes) ?? bytes;
    const content = contentOf(sent, chunkTag(id, form, this.suffix), this.headers);
    read.contents.set(form, content);
    if (read.opened !== undefined) this.hot.set(`/${chunkPath(id, form, this.suffix)}`, content);
    return content;
  }

  #bytesOf({ stored, opened }: ReadChunk, id: ChunkId, form: StoredForm): Uint8Array {
    if (isReady(stored, form)) return stored.bytes;
    const chunk = opened ?? openByEitherDigest(this.#codec, stored, id);
    if (form === "plain") return chunk.bytes;
    return canCompress(this.#codec)
      ? compressChunk(this.#codec, chunk).stored.bytes
      : rawZstdFrame(chunk.bytes);
  }

  async #probe(id: ChunkId, signal: AbortSignal): Promise<boolean> {
    if (await this.#cache.has(id, signal)) return true;
    for (const store of this.#sources.stores) if (await store.has(id, { signal })) return true;
    return false;
  }
}

/** Whether it can be sent as it is: not every client reads what casync compresses with gzip and xz. */
function isReady(stored: StoredChunk, form: StoredForm): boolean {
  if (stored.form !== form) return false;
  return form === "plain" || !["gzip", "xz"].includes(compressionOf(stored.bytes) ?? "");
}

/** What is said with every chunk: it never changes. */
const CHUNK_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/octet-stream",
  "accept-ranges": "bytes",
  "cache-control": "public, max-age=31536000, immutable",
};

/** The same of an encrypted one: it is another each time, of which parts do not fit together. */
const SEALED_HEADERS = { ...CHUNK_HEADERS, "accept-ranges": "none" };

/** The entity tag of a chunk. Compressors differ and nonces are random, so that of anything but a plain one is weak. */
export function chunkTag(id: ChunkId, form: StoredForm, suffix: string): string {
  if (form === "plain" && suffix === "") return `"${id}"`;
  return `W/"${id}${form === "plain" ? "" : COMPRESSED_SUFFIX}${suffix}"`;
}
