/**
 * Delivers chunks from their sources to a blob, a store, or both: takes them in groups through the stages (stages.ts).
 * Workers read, verify and write (assembly.ts); what they cannot read is fetched here (remote_fetch.ts).
 */
import type { ChunkSizes } from "../core/chunk.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import { CacheUse } from "../stores/wrappers/cache_use.ts";
import { undelivered } from "../stores/wrappers/open_from.ts";
import { limitStore } from "../stores/wrappers/limit_store.ts";
import { Limiter } from "../stores/wrappers/limiter.ts";
import type { ChunkStore, RequestOptions, Sources } from "../stores/store.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import { Assembly, type AssemblyOptions, type FetchedChunk } from "./assembly.ts";
import { GROUP_BYTES, grouped, type PlannedChunk, workOf } from "./plan.ts";
import type { Workers } from "./ports.ts";
import { Damage, RemoteFetch } from "./remote_fetch.ts";
import { type Stage, stagesOf } from "./stages.ts";
import { writerFor } from "./store_writer.ts";

/** Chunks that a worker takes at a time when it reads them itself. */
const LOCAL_GROUP = 64;
/** Chunks that are fetched and passed to a worker together. */
const REMOTE_GROUP = 8;
/** Bytes of chunks in all groups that are being fetched: this bounds the memory. */
const FETCH_BYTES = 48 * 1024 * 1024;

/** What is delivered and where to. */
export interface DeliveryOptions extends AssemblyOptions {
  /** Limits of the chunks' sizes: they say how much memory a request may take. */
  readonly sizes: ChunkSizes;
  readonly sources: Sources;
  /** The chunk that no source has to have. */
  readonly zeros?: ZeroChunk;
  readonly signal?: AbortSignal;
}

/** Delivers the chunks. Throws at the first failure, when all concurrent work has ended. */
export async function deliver(
  chunks: Iterable<PlannedChunk>,
  options: DeliveryOptions,
  workers: Workers,
): Promise<void> {
  await new Delivery(options, workers).run(chunks);
}

/** One delivery: where chunks are searched, in which order, and how many at a time. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #workers: Workers;
  readonly #stages: Stage[];
  readonly #assembly: Assembly;
  readonly #fetch: RemoteFetch;
  /** The most concurrent requests at each remote store. */
  readonly #requests: number[] = [];

  constructor(options: DeliveryOptions, workers: Workers) {
    this.#options = options;
    this.#workers = workers;
    const { cache, stores, ...rest } = options.sources;
    const sources = {
      cache: cache === undefined ? undefined : this.#limited(cache),
      stores: stores.map((store) => this.#limited(store)),
      ...rest,
    };
    this.#stages = stagesOf(sources);
    const writer = writerFor(options.destination);
    if (writer !== undefined) this.#requests.push(writer.max);
    const cacheUse = new CacheUse(sources);
    this.#assembly = new Assembly(options, workers, cacheUse, writer);
    this.#fetch = new RemoteFetch(cacheUse, this.#assembly);
  }

  /** The store with a bound on its requests, if it is not a directory. */
  #limited<S extends ChunkStore>(store: S): S {
    const { directory, concurrency } = store.properties;
    if (directory !== undefined) return store;
    const limiter = new Limiter(concurrency);
    this.#requests.push(limiter.max);
    return limitStore(store, limiter);
  }

  /** Delivers all of the chunks, in groups. */
  async run(chunks: Iterable<PlannedChunk>): Promise<void> {
    const groups = grouped(chunks, this.#isRemote ? REMOTE_GROUP : LOCAL_GROUP, GROUP_BYTES, workOf);
    await forEachConcurrent(
      groups,
      this.concurrency,
      this.#options.signal,
      (group, signal) => this.deliverGroup(group, signal),
    );
  }

  get #isRemote(): boolean {
    return this.#requests.length > 0;
  }

  /** Groups that should be delivered at a time. */
  get concurrency(): number {
    return this.#isRemote ? this.#remoteConcurrency() : 2 * this.#workers.size;
  }

  /** Enough groups at a time to keep the allowed requests busy, as far as memory goes. */
  #remoteConcurrency(): number {
    const { sizes } = this.#options;
    const most = Math.max(2, Math.floor(FETCH_BYTES / Math.max(REMOTE_GROUP * sizes.avg, sizes.max)));
    const requests = Math.max(...this.#requests);
    return Math.min(2 + Math.ceil((1.5 * requests) / REMOTE_GROUP), most);
  }

  /** Takes a group through the stages until every chunk is delivered. */
  async deliverGroup(group: readonly PlannedChunk[], signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#deliverGroup(group, { signal });
    } catch (error) {
      for (const { leads } of group) leads?.fail(error);
      throw error;
    }
  }

  async #deliverGroup(group: readonly PlannedChunk[], options: RequestOptions): Promise<void> {
    const { destination, probeTarget = false, sources } = this.#options;
    let rest: readonly PlannedChunk[] = group;
    const damage = new Damage();
    for (const { follows } of group) await follows?.delivered;
    // What is there already need not be read.
    const copies = group.some(({ follows }) => follows !== undefined);
    if (probeTarget || copies || destination !== undefined) rest = await this.#assembly.probe(rest, options);
    // A store that is filled gets the chunk of zeros as another has it, where one does.
    if (destination === undefined) rest = await this.#makeZeros(rest, options);
    for (const stage of this.#stages) {
      if (rest.length === 0) return;
      rest = await this.#pass(stage, rest, damage, options);
    }
    rest = await this.#makeZeros(rest, options);
    if (rest.length > 0) throw undelivered(rest[0].id, sources, damage.of(rest[0].id));
  }

  /** Delivers what the stage has of the chunks. Returns the others. */
  async #pass(
    stage: Stage,
    chunks: readonly PlannedChunk[],
    damage: Damage,
    options: RequestOptions,
  ): Promise<PlannedChunk[]> {
    switch (stage.kind) {
      case "directories":
        return await this.#assembly.fromDirectories(chunks, stage.directories, options);
      case "cache":
        return await this.#fetch.fromCache(chunks, options);
      case "store":
        return await this.#fetch.fromStore(chunks, stage.store, damage, options);
    }
  }

  /** Delivers the chunk of zeros if it is one of these. Returns the others. */
  async #makeZeros(
    chunks: readonly PlannedChunk[],
    options: RequestOptions,
  ): Promise<readonly PlannedChunk[]> {
    const { zeros } = this.#options;
    if (zeros === undefined) return chunks;
    const made: FetchedChunk[] = [];
    const others: PlannedChunk[] = [];
    for (const chunk of chunks) {
      if (!zeros.is(chunk.id, chunk.size)) others.push(chunk);
      else made.push({ chunk, stored: { form: "plain", bytes: zeros.bytes() }, origin: { kind: "zeros" } });
    }
    // Not into the cache: no later run will ask it for this chunk.
    await this.#assembly.write(made, options, false);
    return others;
  }
}
