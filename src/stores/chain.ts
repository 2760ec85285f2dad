/** Several stores that are asked in order, with the cache before them. */
import { type Codec, compressionOf } from "../codec/codec.ts";
import { type ExpectedChunk, invalidChunk, isInvalid, openChunk } from "../codec/open_chunk.ts";
import type { StoredChunk } from "../chunk.ts";
import type { DesyncError } from "../errors.ts";
import { CacheUse } from "./cache_use.ts";
import { openFrom, undelivered } from "./open_from.ts";
import type { Sources } from "./store.ts";

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
  async read(expected: ExpectedChunk, signal?: AbortSignal): Promise<Uint8Array> {
    const cached = await this.#readCache(expected, signal);
    if (cached !== null) return cached;
    const damage: DesyncError[] = [];
    for (const store of this.#sources.stores) {
      const open = (stored: StoredChunk) => this.#open(stored, expected, signal);
      const bytes = await openFrom(store, expected.id, open, { damage, signal });
      if (bytes !== null) return bytes;
    }
    throw undelivered(expected.id, this.#sources, damage);
  }

  async #readCache(expected: ExpectedChunk, signal?: AbortSignal): Promise<Uint8Array | null> {
    const { cache, cacheRepair } = this.#sources;
    if (cache === undefined) return null;
    try {
      const stored = await cache.get(expected.id, signal);
      if (stored === null) return null;
      const bytes = openChunk(this.#codec, stored, expected);
      cache.renew?.(expected.id, stored.form);
      return bytes;
    } catch (error) {
      if (isInvalid(error) && !(cacheRepair && error.code !== "wrong-digest")) {
        const where = `the cache ${cache.location}`;
        throw invalidChunk(expected.id, where, error, invalidInCache(cache.location), cache.location);
      }
      // The right one may come in the other form, and this one would be found first.
      if (isInvalid(error)) await this.#withCache(() => cache.remove?.(expected.id));
      else this.#cacheUse.failed(error);
      return null;
    }
  }

  /** The bytes of a chunk that a store gave, which the cache gets as well. */
  async #open(stored: StoredChunk, expected: ExpectedChunk, signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = openChunk(this.#codec, stored, expected);
    // A cache holds what any reader of stores can read: zstd, or the plain bytes.
    const portable = stored.form === "plain" || compressionOf(stored.bytes) === "zstd";
    const chunk: StoredChunk = portable ? stored : { form: "plain", bytes };
    if (this.#cacheUse.fills) {
      await this.#withCache(() => this.#sources.cache?.put(expected.id, chunk, signal));
    }
    return bytes;
  }

  /** Changes the cache, as long as that can be done. */
  async #withCache(change: () => void | Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      this.#cacheUse.failed(error);
    }
  }
}
