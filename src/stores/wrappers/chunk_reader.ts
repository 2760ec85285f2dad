/** Chunks from several stores that are asked in order, with the cache before them. */
import type { StoredChunk } from "../../core/chunk.ts";
import type { Codec } from "../../codec/codec.ts";
import { type ExpectedChunk, isInvalid, openChunk } from "../../codec/open_chunk.ts";
import type { DesyncError } from "../../core/errors.ts";
import { encodeForCache } from "./cache_policy.ts";
import { CacheUse } from "./cache_use.ts";
import type { Limiter } from "./limiter.ts";
import { limitRemote } from "./limit_store.ts";
import { getFromSeed } from "./get_from_seed.ts";
import { openFrom, undelivered } from "./open_from.ts";
import type { ChunkStore, RequestOptions, Sources } from "../store.ts";

/** The least number of reads that are worth beginning at a time. */
const AHEAD = 16;

/**
 * Gives verified chunks out of sources, and fills the cache with those that it lacks.
 *
 * @example A chunk from the first store that has it
 * ```ts
 * import { ChunkReader, MemoryStore, portableCodec } from "@desync/desync";
 * import { LocalStore } from "@desync/desync/deno";
 *
 * const cache = new MemoryStore("memory");
 * const stores = [new LocalStore("testdata/tree.castr"), new LocalStore("testdata/casync-zstd.castr")];
 * const reader = new ChunkReader({ stores, cache }, portableCodec);
 * const id = "16b1c96db6c7d6f593e18793030220c1c43918fd1b3b102804c10ef55213260b";
 * const bytes = await reader.read({ id, digest: "sha512-256" });
 * if (bytes.length !== 51_970 || !(await cache.has(id))) throw new Error("verified, and kept");
 * ```
 */
export class ChunkReader {
  readonly #sources: Sources;
  readonly #codec: Codec;
  readonly #cache: CacheUse;
  readonly #limiters: Limiter[] = [];

  /** Reads from `sources`; `codec` decompresses and verifies. */
  constructor(sources: Sources, codec: Codec) {
    const limited = (store: ChunkStore) => limitRemote(store, (limiter) => this.#limiters.push(limiter));
    this.#sources = { ...sources, stores: sources.stores.map(limited) };
    this.#codec = codec;
    this.#cache = new CacheUse(sources);
  }

  /** Reads that are worth beginning at a time: enough to keep each store's requests busy. */
  get ahead(): number {
    return Math.max(AHEAD, ...this.#limiters.map(({ limit }) => 2 * limit));
  }

  /** The chunk's verified bytes. Throws `missing-chunk`, `invalid-chunk`, or what the stores throw. */
  async read(expected: ExpectedChunk, options: RequestOptions = {}): Promise<Uint8Array> {
    const { signal } = options;
    for (const seed of this.#sources.seeds ?? []) {
      const bytes = await this.#readSeed(seed, expected, options);
      if (bytes !== null) return bytes;
    }
    const cached = await this.#readCache(expected, options);
    if (cached !== null) return cached;
    for (const patch of this.#sources.patches ?? []) {
      const stored = await patch.get(expected.id, options);
      try {
        if (stored !== null) return await this.#open(stored, expected, options);
      } catch (error) {
        if (!isInvalid(error)) throw error;
        patch.refuse(expected.id);
      }
    }
    const damage: DesyncError[] = [];
    for (const store of this.#sources.stores) {
      const open = (stored: StoredChunk) => this.#open(stored, expected, options);
      const bytes = await openFrom(store, expected.id, open, { damage, signal });
      if (bytes !== null) return bytes;
    }
    throw undelivered(expected.id, this.#sources, damage);
  }

  async #readSeed(
    seed: ChunkStore,
    expected: ExpectedChunk,
    options: RequestOptions,
  ): Promise<Uint8Array | null> {
    const stored = await getFromSeed(seed, expected.id, options);
    try {
      return stored === null ? null : openChunk(this.#codec, stored, expected).bytes;
    } catch (error) {
      // It has changed since it was looked through.
      if (isInvalid(error)) return null;
      throw error;
    }
  }

  async #readCache(expected: ExpectedChunk, options: RequestOptions): Promise<Uint8Array | null> {
    try {
      const stored = await this.#cache.get(expected.id, options);
      if (stored === null) return null;
      const { bytes } = openChunk(this.#codec, stored, expected);
      await this.#cache.touch(expected.id, options);
      return bytes;
    } catch (error) {
      if (!isInvalid(error)) throw error;
      await this.#cache.refuse(expected.id, error, options);
      return null;
    }
  }

  /** The bytes of a chunk that a store gave, which the cache gets as well. */
  async #open(stored: StoredChunk, expected: ExpectedChunk, options: RequestOptions): Promise<Uint8Array> {
    const chunk = openChunk(this.#codec, stored, expected);
    const { fills, properties } = this.#cache;
    if (fills && properties !== undefined) {
      await this.#cache.put(encodeForCache(this.#codec, chunk, properties), options);
    }
    return chunk.bytes;
  }
}
