/** Several stores that are asked in order, with the cache before them. */
import { type Codec, compressionOf } from "../codec/codec.ts";
import { type ExpectedChunk, invalidChunk, openChunk } from "../codec/open_chunk.ts";
import { DesyncError } from "../errors.ts";
import type { ChunkStore, Sources } from "./store.ts";

/** What to do about an invalid chunk, for the end of a message. */
export const INVALID_IN_STORE = "`desync verify -r` removes invalid chunks from a store on its own machine";
/** The same for the cache, given its location. */
export function invalidInCache(location: string): string {
  return `\`desync verify -r -s ${location}\` removes it, \`--cache-repair\` replaces it`;
}

/** The error for a chunk that none of the sources has. */
export function missingChunk(id: string, sources: Sources): DesyncError {
  const asked = [...(sources.cache === undefined ? [] : [sources.cache]), ...sources.stores];
  const where = asked.length === 0
    ? "no store was given"
    : `asked: ${asked.map((s) => s.location).join(", ")}${wrongAddresses(sources.stores)}`;
  const store = asked.length === 1 ? asked[0].location : undefined;
  return new DesyncError("missing-chunk", `Chunk ${id} is in none of the stores (${where})`, {
    chunk: id,
    store,
  });
}

/** Names the stores that had no chunk at all, if any. */
function wrongAddresses(stores: readonly ChunkStore[]): string {
  const empty = stores.filter((store) => store.hasDelivered === false).map(({ location }) => location);
  if (empty.length === 0) return "";
  const where = stores.length === 1 ? "there: is its address" : `in ${empty.join(", ")}: is the address`;
  return `; nothing was found ${where} right?`;
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

  /** Reads from `sources`; `codec` decompresses and verifies. */
  constructor(sources: Sources, codec: Codec) {
    this.#sources = sources;
    this.#codec = codec;
  }

  /** The chunk's verified bytes. Throws `missing-chunk`, `invalid-chunk`, or what the stores throw. */
  async read(expected: ExpectedChunk, signal?: AbortSignal): Promise<Uint8Array> {
    const cached = await this.#readCache(expected, signal);
    if (cached !== null) return cached;
    for (const store of this.#sources.stores) {
      const bytes = await this.#readStore(store, expected, signal);
      if (bytes !== null) return bytes;
    }
    throw missingChunk(expected.id, this.#sources);
  }

  async #readCache(expected: ExpectedChunk, signal?: AbortSignal): Promise<Uint8Array | null> {
    const { cache, cacheRepair } = this.#sources;
    const stored = await cache?.get(expected.id, signal) ?? null;
    if (cache === undefined || stored === null) return null;
    try {
      const bytes = openChunk(this.#codec, stored, expected);
      cache.renew?.(expected.id, stored.form);
      return bytes;
    } catch (error) {
      if (cacheRepair && !(error instanceof DesyncError && error.code === "wrong-digest")) {
        // The right one may come in the other form, and this one would be found first.
        cache.remove?.(expected.id);
        return null;
      }
      const where = `the cache ${cache.location}`;
      throw invalidChunk(expected.id, where, error, invalidInCache(cache.location), cache.location);
    }
  }

  async #readStore(
    store: ChunkStore,
    expected: ExpectedChunk,
    signal?: AbortSignal,
  ): Promise<Uint8Array | null> {
    const stored = await store.get(expected.id, signal);
    if (stored === null) return null;
    let bytes: Uint8Array;
    try {
      bytes = openChunk(this.#codec, stored, expected);
    } catch (error) {
      throw invalidChunk(expected.id, store.location, error, INVALID_IN_STORE);
    }
    // A cache holds what any reader of stores can read: zstd, or the plain bytes.
    const portable = stored.form === "plain" || compressionOf(stored.bytes) === "zstd";
    await this.#sources.cache?.put(expected.id, portable ? stored : { form: "plain", bytes }, signal);
    return bytes;
  }
}
