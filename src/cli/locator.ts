/** From what the command line calls a store, an index or an archive to the thing itself. */
import { isRefusal } from "../deno/files/file_errors.ts";
import { filePieces } from "../deno/files/file_pieces.ts";
import { redactLocation, SCHEMES } from "../deno/schemes.ts";
import { DesyncError, messageOf } from "../core/errors.ts";
import type { Index } from "../formats/index/index.ts";
import { parsePieces } from "../formats/index/index_parser.ts";
import type { ChunkedBlob } from "../blob/blob.ts";
import { Yielder } from "../core/yielder.ts";
import type { ByteSource, RandomAccess } from "../stores/byte_source.ts";
import { type IndexStore, namingIndex } from "../stores/index_store.ts";
import { MemoryStore } from "../stores/memory.ts";
import { Registry } from "../stores/registry.ts";
import { wrapStore } from "../stores/wrappers/wrap.ts";
import type { ChunkStore, ManagedChunkStore, Sources, WritableChunkStore } from "../stores/store.ts";
import type { WorkerPool } from "../workers/pool.ts";
import { BlobOpener } from "./inputs/blob_opener.ts";
import type { Values } from "./flags/flag.ts";
import type { GLOBAL_FLAGS } from "./flags/global.ts";
import type { SOURCE_FLAGS } from "./flags/stores.ts";
import type { IndexTarget } from "./output/index_target.ts";
import { missingOption } from "./parse/missing_option.ts";
import { refuseCutName, refuseGroup, refuseOtherHost, refuseToFill } from "./inputs/mistaken_location.ts";
import { warn } from "./output/output.ts";
import { optionsByLocation, type StoreFlags } from "./store_flags.ts";

/** How stores and indexes are reached, and where chunks come from. */
type OpenFlags =
  & StoreFlags
  & Values<Pick<typeof GLOBAL_FLAGS, "digest">>
  & Partial<Values<typeof SOURCE_FLAGS>>;

/** Opens stores and indexes with the options that the user gave. */
export class Locator implements AsyncDisposable {
  readonly #flags: OpenFlags;
  readonly #registry: Registry;
  readonly #blobs: BlobOpener;
  readonly #opened: ChunkStore[] = [];
  readonly #accesses: Disposable[] = [];
  #cacheReported = false;

  constructor(flags: OpenFlags) {
    this.#flags = flags;
    this.#registry = new Registry(SCHEMES, { warn }, optionsByLocation(flags));
    this.#blobs = new BlobOpener(flags.concurrency);
  }

  /** A store to read. It is closed with all that was opened here. */
  async store(location: string, maxChunkSize?: number): Promise<ChunkStore> {
    refuseOtherHost(location);
    return this.#opens(await this.#registry.openChunks(location, { maxChunkSize }));
  }

  /** The stores that were named. */
  async stores(maxChunkSize?: number): Promise<ChunkStore[]> {
    const stores: ChunkStore[] = [];
    for (const [i, location] of (this.#flags.stores ?? []).entries()) {
      refuseCutName(location, this.#flags.stores?.[i + 1]);
      refuseOtherHost(location);
      stores.push(this.#opens(await this.#registry.openGroup(location, { maxChunkSize })));
    }
    return stores;
  }

  /** The cache and the stores that were named, to be asked what they have and no more: the cache has to be there. */
  async sourcesToCount(): Promise<Sources> {
    return await this.#sources(false);
  }

  /**
   * The same for the chunks of that index; the cache is made unless it is there. Throws `usage` when nothing was named that
   * could have them, and there are no seeds.
   */
  async sourcesOf(index: Index, hasSeeds = false): Promise<Sources> {
    return this.#checked(index, await this.#sources(true, index.sizes.max), hasSeeds);
  }

  /** The same where nothing is to be written: a cache that does not exist counts as empty. */
  async sourcesToPlan(index: Index, hasSeeds: boolean): Promise<Sources> {
    return this.#checked(index, await this.#sources("unless missing", index.sizes.max), hasSeeds);
  }

  #checked(index: Index, sources: Sources, hasSeeds: boolean): Sources {
    if (!hasSeeds && index.count > 0 && sources.stores.length === 0 && sources.cache === undefined) {
      throw missingOption("-s, --store", "name at least one store to take chunks from");
    }
    return sources;
  }

  /** The same for whatever chunks are asked for. Throws `usage` when no store was named. */
  async sourcesToServe(): Promise<Sources> {
    if ((this.#flags.stores ?? []).length === 0) {
      throw missingOption("-s, --store", "name at least one store to serve");
    }
    // A server goes on for long, and reports each time that its cache fails.
    return { ...await this.#sources(true), onCacheProblem: undefined };
  }

  /** The blob of an index, out of sources; large parts are read by worker threads. */
  async blob(index: Index, sources: Sources, keepBytes?: number): Promise<ChunkedBlob> {
    return await this.#blobs.open(index, sources, keepBytes);
  }

  /** The same, to be read at any place; `null` for what can only be read in order. It is closed with all that was opened here. */
  async access(location: string, signal?: AbortSignal): Promise<RandomAccess | null> {
    const access = await (await this.bytes(location)).access({ signal });
    if (access?.[Symbol.dispose] !== undefined) this.#accesses.push(access as Disposable);
    return access;
  }

  /** The threads that read blobs. */
  async workers(): Promise<WorkerPool> {
    return await this.#blobs.workers();
  }

  /** The store that gets chunks, made if it does not exist; `undefined` when none was given. */
  async storeToFill(location: string | undefined): Promise<WritableChunkStore | undefined> {
    if (location === undefined) return undefined;
    refuseToFill(location);
    const purpose = {
      action: "store chunks in",
      subject: redactLocation(location),
      hint: "store them in a directory and copy it to the server",
    };
    return this.#opens(await this.#registry.openWritable(location, purpose));
  }

  /** The index in a file, on standard input (`-`), or at a URL. Throws `invalid-index` with its name. */
  async index(location: string, signal?: AbortSignal): Promise<Index> {
    const isInput = location === "-";
    const name = isInput ? "the index on standard input" : `the index ${redactLocation(location)}`;
    const yielder = new Yielder(signal);
    const index = isInput
      ? await namingIndex(name, () => parsePieces(filePieces(undefined, signal)))
      : await this.#registry.readIndex(location, { signal });
    await yielder.yieldIfDue();
    const { digest } = this.#flags;
    if (digest !== undefined && digest !== index.digest) {
      throw new DesyncError("usage", {
        action: "use",
        subject: name,
        reason: `it uses ${index.digest}, not ${digest}`,
        hint: "omit --digest to use the index's own",
      });
    }
    return index;
  }

  /** A place that has indexes, a directory or a URL. */
  async indexes(location: string): Promise<IndexStore> {
    return await this.#registry.openIndexStore(location);
  }

  /** Where an index is written: a location, or standard output (`-`). Throws `usage` for what takes no indexes. */
  async indexTarget(location: string): Promise<IndexTarget> {
    // What writes files is not loaded by commands that only read.
    const { registryTarget, standardOutput } = await import("./output/index_target.ts");
    if (location === "-") return standardOutput;
    return registryTarget(await this.#registry.openIndexTarget(location));
  }

  /** A file, what is at a URL, or standard input (`-`). */
  async bytes(location: string): Promise<ByteSource> {
    return location === "-" ? standardInput : await this.#registry.openBytes(location);
  }

  /** As {@linkcode openManaged}, closed with all that was opened here. */
  async managed(location: string | undefined, action: string): Promise<ManagedChunkStore> {
    return this.#opens(await openManaged(this.#registry, location, action));
  }

  /** Closes what was opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#blobs[Symbol.dispose]();
    for (const access of this.#accesses) access[Symbol.dispose]();
    try {
      await Promise.all(this.#opened.map((store) => store[Symbol.asyncDispose]()));
    } finally {
      await this.#registry[Symbol.asyncDispose]();
    }
  }

  #opens<S extends ChunkStore>(store: S): S {
    this.#opened.push(store);
    return store;
  }

  async #sources(create: boolean | "unless missing", maxChunkSize?: number): Promise<Sources> {
    const { cache, cacheRepair = false } = this.#flags;
    return {
      stores: await this.stores(maxChunkSize),
      cache: cache === undefined ? undefined : await this.#cache(cache, create),
      cacheRepair,
      onCacheProblem: (error) => this.#reportCacheProblem(messageOf(error), "without filling the cache"),
    };
  }

  /** The cache; `undefined`, with a warning, when it cannot be made and there are stores to go on with. */
  async #cache(
    location: string,
    create: boolean | "unless missing",
  ): Promise<WritableChunkStore | undefined> {
    if (create !== false) refuseToFill(location);
    try {
      const purpose = { action: "use", subject: `${redactLocation(location)} as the cache` };
      return this.#opens(await this.#registry.openWritable(location, purpose, { create: create === true }));
    } catch (error) {
      if (create === "unless missing" && isMissing(error)) return emptyCache(location);
      const needed = !create || this.#flags.stores === undefined;
      if (needed || !isRefusal(error)) throw error;
      this.#reportCacheProblem(messageOf(error), "without a cache");
      return undefined;
    }
  }

  /** Once is enough: all that read from the cache find out by themselves. */
  #reportCacheProblem(message: string, how: string): void {
    if (!this.#cacheReported) warn(`${message} (continuing ${how})`);
    this.#cacheReported = true;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof DesyncError && error.code === "missing-file";
}

/** What will be made in that directory. */
function emptyCache(location: string): WritableChunkStore {
  const store = new MemoryStore(redactLocation(location));
  return wrapStore(store, (send) => send(), { ...store.properties, directory: location });
}

/** What is on standard input can only be read in order. */
const standardInput: ByteSource = {
  stream: (options) => filePieces(undefined, options?.signal),
  access: () => Promise.resolve(null),
};

/** A store to be verified, say. Throws `usage` when none was named, and for one whose chunks cannot be listed and removed. */
export async function openManaged(
  registry: Registry,
  location: string | undefined,
  action: string,
): Promise<ManagedChunkStore> {
  if (location === undefined) {
    throw missingOption("-s, --store", "name the store, a directory, an s3+http(s) or an sftp URL");
  }
  refuseGroup(location, action);
  return await registry.openManaged(location, action);
}
