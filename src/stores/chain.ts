/** Several stores that are asked in order, with the cache before them. */
import type { Codec } from "../codec/codec.ts";
import {
  type ExpectedChunk,
  invalidChunk,
  isInvalid,
  isZstd,
  openChunk,
  plainChunk,
} from "../codec/open_chunk.ts";
import type { ChunkId, StoredChunk } from "../chunk.ts";
import type { DesyncError } from "../errors.ts";
import { CacheUse } from "./cache_use.ts";
import { openFrom, undelivered } from "./open_from.ts";
import type { ManagedChunkStore, RequestOptions, Sources, WritableChunkStore } from "./store.ts";

/** What to do about an invalid chunk in the cache at that location, for the end of a message. */
export function invalidInCache(location: string): string {
  return `\`desync verify -r -s ${location}\` removes it, \`--cache-repair\` replaces it`;
}

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
  readonly #cacheUse: CacheUse;

  /** Reads from `sources`; `codec` decompresses and verifies. */
  constructor(sources: Sources, codec: Codec) {
    this.#sources = sources;
    this.#codec = codec;
    this.#cacheUse = new CacheUse(sources);
  }

  /** The chunk's verified bytes. Throws `missing-chunk`, `invalid-chunk`, or what the stores throw. */
  async read(expected: ExpectedChunk, options: RequestOptions = {}): Promise<Uint8Array> {
    const { signal } = options;
    const cached = await this.#readCache(expected, options);
    if (cached !== null) return cached;
    const damage: DesyncError[] = [];
    for (const store of this.#sources.stores) {
      const open = (stored: StoredChunk) => this.#open(stored, expected, options);
      const bytes = await openFrom(store, expected.id, open, { damage, signal });
      if (bytes !== null) return bytes;
    }
    throw undelivered(expected.id, this.#sources, damage);
  }

  async #readCache(expected: ExpectedChunk, options: RequestOptions): Promise<Uint8Array | null> {
    const { cache, cacheRepair } = this.#sources;
    if (cache === undefined) return null;
    try {
      const stored = await cache.get(expected.id, options);
      if (stored === null) return null;
      const { bytes } = openChunk(this.#codec, stored, expected);
      await cache.touch?.(expected.id, options);
      return bytes;
    } catch (error) {
      if (isInvalid(error) && !(cacheRepair && error.code !== "wrong-digest")) {
        const { location } = cache.properties;
        throw invalidChunk(expected.id, `the cache ${location}`, error, invalidInCache(location), location);
      }
      // The right one may come in the other form, and this one would be found first.
      if (isInvalid(error)) await this.#withCache(() => removeFrom(cache, expected.id));
      else this.#cacheUse.failed(error);
      return null;
    }
  }

  /** The bytes of a chunk that a store gave, which the cache gets as well. */
  async #open(stored: StoredChunk, expected: ExpectedChunk, options: RequestOptions): Promise<Uint8Array> {
    const chunk = openChunk(this.#codec, stored, expected);
    // A cache holds what any reader of stores can read: zstd, or the plain bytes.
    const portable = isZstd(stored) ? chunk : plainChunk(chunk);
    if (this.#cacheUse.fills) {
      await this.#withCache(() => this.#sources.cache?.put(portable, options));
    }
    return chunk.bytes;
  }

  /** Changes the cache, as long as that can be done. */
  async #withCache(change: () => Promise<unknown> | undefined): Promise<void> {
    try {
      await change();
    } catch (error) {
      this.#cacheUse.failed(error);
    }
  }
}

/** Removes a chunk, where that can be done: else the one that is put there replaces it. */
function removeFrom(
  store: WritableChunkStore & Partial<ManagedChunkStore>,
  id: ChunkId,
): Promise<void> | undefined {
  return store.remove?.(id);
}
