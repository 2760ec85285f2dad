/**
 * Delivers chunks from their sources to a blob, a store, or both: takes them in groups through the stages (stages.ts).
 * Workers read, verify and write (worker_delivery.ts); what they cannot read is fetched here (remote_fetch.ts). Where a
 * part of the chunks is on this machine, the others go through a queue, so that no request waits for what needs none.
 */
import type { ChunkSizes } from "../core/chunk.ts";
import { abortable } from "../core/abortable.ts";
import { allOrFirstFailure } from "../core/all_or_first_failure.ts";
import { BoundedQueue } from "../core/bounded_queue.ts";
import { CacheUse } from "../stores/wrappers/cache_use.ts";
import { undelivered } from "../stores/wrappers/open_from.ts";
import { limitRemote } from "../stores/wrappers/limit_store.ts";
import type { Limiter } from "../stores/wrappers/limiter.ts";
import type { ChunkStore, NearTurn, RequestOptions, Sources } from "../stores/store.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import { onAbort } from "../core/on_abort.ts";
import {
  type FetchedChunk,
  type NearOutcome,
  WorkerDelivery,
  type WorkerDeliveryOptions,
} from "./worker_delivery.ts";
import { type PlannedChunk, workOf } from "./blob_plan.ts";
import { GROUP_BYTES, grouped } from "./groups.ts";
import type { AssemblingWorkers } from "./ports.ts";
import { Damage, RemoteFetch } from "./remote_fetch.ts";
import { type Stage, stagesOf, type StoreStage } from "./stages.ts";
import { writerFor } from "./store_writer.ts";

/** Chunks that a worker takes at a time when it reads them itself. */
const LOCAL_GROUP = 64;
/** Chunks that wait to be requested while others are searched on this machine: more than are requested at a time. */
const QUEUED = 1024;
/** Chunks that are fetched and passed to a worker together. */
export const REMOTE_GROUP = 8;
/** Chunks that are asked for at a time where they are made: several come of one frame, several of these in one request. */
const PATCHED = 128;
/** Bytes of chunks in all groups that are being fetched: this bounds the memory. */
const FETCH_BYTES = 48 * 1024 * 1024;

/** What is delivered and where to. */
export interface DeliveryOptions extends WorkerDeliveryOptions {
  /** Limits of the chunks' sizes: they say how much memory a request may take. */
  readonly sizes: ChunkSizes;
  readonly sources: Sources;
  readonly signal?: AbortSignal;
}

/** Delivers the chunks. Throws at the first failure, when all concurrent work has ended. */
export async function deliver(
  chunks: Iterable<PlannedChunk>,
  options: DeliveryOptions,
  workers: AssemblingWorkers,
): Promise<void> {
  await new Delivery(options, workers).run(chunks);
}

/** One delivery: where chunks are searched, in which order, and how many at a time. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #workers: AssemblingWorkers;
  /** Those that need no requests and come before all others, and the others. */
  readonly #localStages: Stage[];
  readonly #otherStages: Stage[];
  readonly #workerDelivery: WorkerDelivery;
  readonly #fetch: RemoteFetch;
  /** Chunks that are fetched and passed to a worker together: more where it fetches them itself. */
  readonly remoteGroup: number = REMOTE_GROUP;
  /** What bounds the concurrent requests at each remote store. */
  readonly #limiters = new Map<ChunkStore, Limiter>();
  /** The most of them. */
  readonly #requests: number[] = [];

  constructor(options: DeliveryOptions, workers: AssemblingWorkers) {
    this.#options = options;
    this.#workers = workers;
    const { cache, stores, ...rest } = options.sources;
    const limited = <S extends ChunkStore>(store: S): S => {
      let limiter: Limiter | undefined;
      const result = limitRemote(store, (made) => limiter = made);
      if (limiter !== undefined) {
        this.#requests.push(limiter.max);
        this.#limiters.set(result, limiter);
      }
      return result;
    };
    const sources = {
      cache: cache && limited(cache),
      stores: stores.map((store) => limited(store)),
      ...rest,
    };
    const stages = stagesOf(sources, options.seeds?.files, workers);
    if (stages.some(({ kind }) => kind === "batches")) this.remoteGroup = LOCAL_GROUP;
    const local = stages.findIndex(({ kind }) => kind !== "local" && kind !== "seed");
    this.#localStages = stages.splice(0, local < 0 ? stages.length : local);
    this.#otherStages = stages;
    if ((sources.patches ?? []).length > 0) this.#requests.push(PATCHED);
    const writer = writerFor(options.destination);
    if (writer !== undefined) this.#requests.push(writer.max);
    const cacheUse = new CacheUse(sources);
    this.#workerDelivery = new WorkerDelivery(options, workers, cacheUse, writer);
    this.#fetch = new RemoteFetch(cacheUse, this.#workerDelivery);
  }

  /** Delivers all of the chunks, in groups. */
  async run(chunks: Iterable<PlannedChunk>): Promise<void> {
    const { probeTarget = false, destination } = this.#options;
    const searchesHere = probeTarget || this.#localStages.length > 0;
    if (searchesHere && this.#otherStages.length > 0 && destination === undefined) {
      return await this.#runInTwo(chunks);
    }
    const groups = grouped(chunks, () => this.#groupNow, GROUP_BYTES, workOf);
    await forEachConcurrent(
      groups,
      this.concurrency,
      this.#options.signal,
      (group, signal) => this.deliverGroup(group, signal),
    );
  }

  /** Searches all chunks on this machine while those that are not there are requested. */
  async #runInTwo(chunks: Iterable<PlannedChunk>): Promise<void> {
    const { signal } = this.#options;
    const queue = new BoundedQueue<PlannedChunk>(QUEUED);
    const stop = new AbortController();
    const over = onAbort(signal, () => stop.abort());
    /** When one of the two fails, the other is to end. */
    const endingBoth = async (work: Promise<void>) => {
      try {
        await work;
      } catch (error) {
        for (const { leads } of queue.fail(error)) leads?.fail(error);
        stop.abort();
        throw error;
      }
    };
    const search = async () => {
      const groups = grouped(chunks, LOCAL_GROUP, GROUP_BYTES, workOf);
      await forEachConcurrent(groups, 2 * this.#workers.size, stop.signal, async (group, signal) => {
        await failingLeads(group, async () => {
          for (const chunk of await this.#searchHere(group, { signal })) await queue.add(chunk);
        });
      });
      queue.close();
    };
    const request = async () => {
      const groups = queue.groups(() => this.#groupNow, GROUP_BYTES, workOf);
      await forEachConcurrent(groups, this.#remoteConcurrency(), stop.signal, async (group, signal) => {
        await failingLeads(group, () => this.#searchElsewhere(group, { signal }));
      });
    };
    try {
      await allOrFirstFailure([endingBoth(search()), endingBoth(request())]);
    } finally {
      over();
    }
  }

  /** Chunks in the next group: few where a slow request would hold up the others of its group. */
  get #groupNow(): number {
    const isNear = this.#otherStages.some((stage) => stage.kind === "store" && stage.near?.isNear);
    return isNear || !this.#isRemote ? LOCAL_GROUP : this.remoteGroup;
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
    const most = Math.max(2, Math.floor(FETCH_BYTES / Math.max(this.remoteGroup * sizes.avg, sizes.max)));
    const requests = Math.max(...this.#requests);
    return Math.min(2 + Math.ceil((1.5 * requests) / this.remoteGroup), most);
  }

  /** Takes a group through the stages until every chunk is delivered. */
  async deliverGroup(group: readonly PlannedChunk[], signal: AbortSignal | undefined): Promise<void> {
    await failingLeads(group, async () => {
      await this.#searchElsewhere(await this.#searchHere(group, { signal }), { signal });
    });
  }

  /** Delivers what is on this machine. Returns the others. */
  async #searchHere(
    group: readonly PlannedChunk[],
    options: RequestOptions,
  ): Promise<readonly PlannedChunk[]> {
    const { destination, probeTarget = false } = this.#options;
    let rest: readonly PlannedChunk[] = group;
    for (const { follows } of group) {
      if (follows !== undefined) await abortable(() => follows.delivered, options.signal);
    }
    // What is there already need not be read.
    const copies = group.some(({ follows }) => follows !== undefined);
    if (probeTarget || copies || destination !== undefined) {
      rest = await this.#workerDelivery.probe(rest, options);
    }
    // A store that is filled gets the chunk of zeros as another has it, where one does.
    if (destination === undefined) rest = await this.#makeZeros(rest, options);
    return await this.#passAll(this.#localStages, rest, new Damage(), options);
  }

  /** Delivers the chunks from the other sources. */
  async #searchElsewhere(group: readonly PlannedChunk[], options: RequestOptions): Promise<void> {
    const damage = new Damage();
    let rest = await this.#passAll(this.#otherStages, group, damage, options);
    rest = await this.#makeZeros(rest, options);
    if (rest.length > 0) throw undelivered(rest[0].id, this.#options.sources, damage.of(rest[0].id));
  }

  async #passAll(
    stages: readonly Stage[],
    chunks: readonly PlannedChunk[],
    damage: Damage,
    options: RequestOptions,
  ): Promise<readonly PlannedChunk[]> {
    let rest = chunks;
    for (const stage of stages) {
      if (rest.length === 0) return rest;
      rest = await this.#pass(stage, rest, damage, options);
    }
    return rest;
  }

  /** Delivers what the stage has of the chunks. Returns the others. */
  async #pass(
    stage: Stage,
    chunks: readonly PlannedChunk[],
    damage: Damage,
    options: RequestOptions,
  ): Promise<PlannedChunk[]> {
    switch (stage.kind) {
      case "local":
        return await this.#workerDelivery.fromHere(chunks, stage, options);
      case "batches":
        return [...await this.#workerDelivery.fromBatches(chunks, stage, options)];
      case "seed":
        return await this.#fetch.fromSeed(chunks, stage.seed, options);
      case "patch":
        return await this.#fetch.fromPatch(chunks, stage.patch, options);
      case "cache":
        return await this.#fetch.fromCache(chunks, options);
      case "store": {
        const { absent, missing } = await this.#passNear(stage, chunks, options);
        // Of a large group, what has come is written while the rest is waited for.
        const groups = [...grouped(missing, REMOTE_GROUP, GROUP_BYTES)];
        const fetch = (group: readonly PlannedChunk[]) =>
          this.#fetch.fromStore(group, stage.store, damage, options);
        return [...absent, ...(await allOrFirstFailure(groups.map(fetch))).flat()];
      }
    }
  }

  /**
   * Where workers make requests to the store by themselves, has one do so, with its share of the requests that are allowed.
   * Returns those that the store does not have, and those that are to be requested otherwise.
   */
  async #passNear(
    stage: StoreStage,
    chunks: readonly PlannedChunk[],
    options: RequestOptions,
  ): Promise<NearOutcome> {
    const { store, near } = stage;
    const limiter = this.#limiters.get(store);
    const left = { absent: [], missing: chunks };
    if (near === undefined || limiter === undefined || this.#workers.fetchesNear !== "now") return left;
    const { size, sessionWorkers = 0 } = this.#workers;
    const turn: NearTurn = {
      ids: chunks.map(({ id }) => id),
      sessionWorkers,
      hold: (work) => limiter.hold(Math.max(1, Math.floor(limiter.limit / size)), work),
    };
    return await near.turn(
      turn,
      (request) => this.#workerDelivery.fromNear(chunks, { ...stage, near }, request, options),
    ) ?? left;
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
    await this.#workerDelivery.write(made, options, false);
    return others;
  }
}

/** Runs `work` on the chunks. When it fails, what waits for one of them fails too. */
async function failingLeads(group: readonly PlannedChunk[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    for (const { leads } of group) leads?.fail(error);
    throw error;
  }
}
