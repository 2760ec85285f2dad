/**
 * Brings chunks from their sources to where they are wanted: a blob, a store, or both. Workers read, verify and write;
 * this side decides what is asked where, and fetches what is not on this machine.
 */
import type { ChunkId, ChunkSizes, DigestName, StoredChunk } from "../core/chunk.ts";
import { isInvalid } from "../codec/open_chunk.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import { DesyncError, errorFromWire, type WireError } from "../core/errors.ts";
import { CACHE_ENCODING } from "../stores/wrappers/cache_policy.ts";
import { CacheUse } from "../stores/wrappers/cache_use.ts";
import { openFrom, undelivered } from "../stores/wrappers/open_from.ts";
import { limitStore } from "../stores/wrappers/limit_store.ts";
import { Limiter } from "../stores/wrappers/limiter.ts";
import type { ChunkStore, RequestOptions, Sources } from "../stores/store.ts";
import type { AssembleResult, ChunkDestination, DirectorySource, Found, TargetInfo } from "./messages.ts";
import { allOrFirstFailure } from "../core/all_or_first_failure.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import { GROUP_BYTES, grouped, type PlannedChunk, workOf } from "./plan.ts";
import type { Workers } from "./ports.ts";
import { type FilledDestination, forWorkers, type StoreWriter, writerFor } from "./store_writer.ts";
import type { Origin } from "../core/origin.ts";
import { Progress } from "../core/progress.ts";
import { type Stage, stagesOf } from "./stages.ts";

/** Chunks that a worker takes at a time when it reads them itself. */
const LOCAL_GROUP = 64;
/** Chunks that are fetched and handed over together. */
const REMOTE_GROUP = 8;
/** Bytes of chunks in all groups that are being fetched: what memory is bounded by. */
const FETCH_BYTES = 48 * 1024 * 1024;

/** What is delivered and where to. */
export interface Delivery {
  readonly digest: DigestName;
  /** Limits of the chunks' sizes: they say how much memory a request may take. */
  readonly sizes: ChunkSizes;
  readonly sources: Sources;
  /** The blob that the chunks are written to. */
  readonly target?: TargetInfo;
  /** First look whether the target holds the right bytes already. */
  readonly probeTarget?: boolean;
  /** The chunk that no source has to have. */
  readonly zeros?: ZeroChunk;
  /** The store that gets the chunks; those that it has are not fetched. Default: the cache, for those not from it. */
  readonly destination?: FilledDestination;
  /** Takes the verified bytes of the chunks, in the order in which they arrive. */
  readonly receive?: (chunk: { readonly id: ChunkId }, bytes: Uint8Array) => void;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** Delivers the chunks. Throws at the first failure, when all that was under way has ended. */
export async function deliver(
  chunks: Iterable<PlannedChunk>,
  delivery: Delivery,
  workers: Workers,
): Promise<void> {
  await new Fetcher(delivery, workers).run(chunks);
}

/** Knows where chunks are asked for and how many at a time. */
export class Fetcher {
  readonly #delivery: Delivery;
  readonly #workers: Workers;
  readonly #progress: Progress;
  readonly #stages: Stage[];
  readonly #cache: CacheUse;
  /** Adds the chunks to a destination that is not a directory. */
  readonly #writer: StoreWriter | undefined;
  /** The most requests under way at each remote store. */
  readonly #requests: number[] = [];

  constructor(delivery: Delivery, workers: Workers) {
    this.#delivery = delivery;
    this.#workers = workers;
    this.#progress = delivery.progress ?? new Progress();
    const { cache, stores, ...rest } = delivery.sources;
    const sources = {
      cache: cache === undefined ? undefined : this.#limited(cache),
      stores: stores.map((store) => this.#limited(store)),
      ...rest,
    };
    this.#stages = stagesOf(sources);
    this.#cache = new CacheUse(sources);
    this.#writer = writerFor(delivery.destination);
    if (this.#writer !== undefined) this.#requests.push(this.#writer.max);
  }

  /** The store with a bound on its requests, if it is not a directory. */
  #limited<S extends ChunkStore>(store: S): S {
    const { directory, concurrency } = store.properties;
    if (directory !== undefined) return store;
    const limiter = new Limiter(concurrency);
    this.#requests.push(limiter.max);
    return limitStore(store, limiter);
  }

  async run(chunks: Iterable<PlannedChunk>): Promise<void> {
    const groups = grouped(chunks, this.#isRemote ? REMOTE_GROUP : LOCAL_GROUP, GROUP_BYTES, workOf);
    await forEachConcurrent(
      groups,
      this.concurrency,
      this.#delivery.signal,
      (group, signal) => this.bring(group, signal),
    );
  }

  /** How the cache is filled, if it is. */
  get #cacheDestination(): ChunkDestination | undefined {
    const { cache } = this.#delivery.sources;
    if (cache === undefined || !this.#cache.fills) return undefined;
    const { directory } = cache.properties;
    return directory === undefined
      ? { kind: "main", encoding: CACHE_ENCODING }
      : { kind: "directory", directory, encoding: CACHE_ENCODING };
  }

  get #isRemote(): boolean {
    return this.#requests.length > 0;
  }

  /** Groups that should be under way at a time. */
  get concurrency(): number {
    return this.#isRemote ? this.#remoteConcurrency() : 2 * this.#workers.size;
  }

  /** Enough groups at a time to keep the allowed requests busy, as far as memory goes. */
  #remoteConcurrency(): number {
    const { sizes } = this.#delivery;
    const most = Math.max(2, Math.floor(FETCH_BYTES / Math.max(REMOTE_GROUP * sizes.avg, sizes.max)));
    const requests = Math.max(...this.#requests);
    return Math.min(2 + Math.ceil((1.5 * requests) / REMOTE_GROUP), most);
  }

  /** Takes a group through the stages until every chunk has arrived. */
  async bring(group: readonly PlannedChunk[], signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#bring(group, { signal });
    } catch (error) {
      for (const { leads } of group) leads?.fail(error);
      throw error;
    }
  }

  async #bring(group: readonly PlannedChunk[], options: RequestOptions): Promise<void> {
    let rest: readonly PlannedChunk[] = group;
    const damage = new Damage();
    for (const { follows } of group) await follows?.delivered;
    // What is there already need not be asked for.
    const { probeTarget = false, destination } = this.#delivery;
    const copies = group.some(({ follows }) => follows !== undefined);
    if (probeTarget || copies || destination !== undefined) {
      rest = this.#writer === undefined
        ? (await this.#assemble(rest.map(ungiven), options, { look: true })).missing
        : await this.#claim(rest, this.#writer, options);
    }
    // A store that is filled gets the chunk of zeros as another has it, where one does.
    if (destination === undefined) rest = await this.#makeZeros(rest, options);
    for (const stage of this.#stages) {
      if (rest.length === 0) return;
      if (stage.kind === "directories") {
        const { directories } = stage;
        ({ missing: rest } = await this.#assemble(rest.map(ungiven), options, { directories }));
      } else {
        rest = stage.kind === "cache"
          ? await this.#fetchCached(rest, options)
          : await this.#fetch(rest, stage.store, damage, options);
      }
    }
    rest = await this.#makeZeros(rest, options);
    if (rest.length > 0) throw undelivered(rest[0].id, this.#delivery.sources, damage.of(rest[0].id));
  }

  /** The chunks that the destination lacks; the others are there. */
  async #claim(
    group: readonly PlannedChunk[],
    writer: StoreWriter,
    options: RequestOptions,
  ): Promise<PlannedChunk[]> {
    const lacking = await writer.claim(group.map(({ id }) => id), options);
    for (const chunk of group) {
      if (!lacking.has(chunk.id)) this.#progress.add({ kind: "present" }, 1, chunk.size, 0);
    }
    return group.filter(({ id }) => lacking.has(id));
  }

  /** Delivers the chunk of zeros if it is one of the group. Returns the others. */
  async #makeZeros(
    group: readonly PlannedChunk[],
    options: RequestOptions,
  ): Promise<readonly PlannedChunk[]> {
    const { zeros } = this.#delivery;
    if (zeros === undefined) return group;
    const made: Item[] = [];
    const others: PlannedChunk[] = [];
    for (const chunk of group) {
      if (!zeros.is(chunk.id, chunk.size)) others.push(chunk);
      else made.push({ chunk, given: { form: "plain", bytes: zeros.bytes() }, origin: { kind: "zeros" } });
    }
    // The cache does not get it: it will not be asked for it.
    if (made.length > 0) await this.#assemble(made, options, { toCache: false });
    return others;
  }

  /** Asks a cache that is not a directory for the chunks and has those delivered that it gave. Returns the others. */
  async #fetchCached(group: readonly PlannedChunk[], options: RequestOptions): Promise<PlannedChunk[]> {
    const { location = "" } = this.#delivery.sources.cache?.properties ?? {};
    const { given, missing, damaged } = await this.#request(
      group,
      { kind: "cache", location },
      (id) => this.#cache.get(id, options),
    );
    if (given.length > 0) damaged.push(...(await this.#assemble(given, options, { toCache: false })).damaged);
    for (const [chunk, error] of damaged) {
      await this.#cache.refuse(chunk.id, error, options);
      missing.push(chunk);
    }
    const used = given.filter(({ chunk }) => !damaged.some(([other]) => other === chunk));
    await allOrFirstFailure(used.map(({ chunk }) => this.#cache.touch(chunk.id, options)));
    return missing;
  }

  /** Asks a store for the chunks and has those delivered that it gave. Returns the others. */
  async #fetch(
    group: readonly PlannedChunk[],
    store: ChunkStore,
    damage: Damage,
    options: RequestOptions,
  ): Promise<PlannedChunk[]> {
    const origin = { kind: "store", location: store.properties.location } as const;
    const { given, missing, damaged } = await this.#request(group, origin, (id) => store.get(id, options));
    if (given.length > 0) damaged.push(...(await this.#assemble(given, options)).damaged);
    await allOrFirstFailure(damaged.map(async ([chunk, first]) => {
      const open = async (stored: StoredChunk) => {
        const { damaged } = await this.#assemble([{ chunk, given: stored, origin }], options);
        for (const [, error] of damaged) throw error;
        return true;
      };
      const { id } = chunk;
      const delivered = await openFrom(store, id, open, { damage: damage.of(id), first, ...options });
      if (delivered === null) missing.push(chunk);
    }));
    return missing;
  }

  /** Asks for all chunks of a group at a time. */
  async #request(
    group: readonly PlannedChunk[],
    origin: Origin,
    get: (id: ChunkId) => Promise<StoredChunk | null>,
  ): Promise<{ given: Item[]; missing: PlannedChunk[]; damaged: [PlannedChunk, DesyncError][] }> {
    const answers = await allOrFirstFailure(
      group.map(({ id }) => get(id).catch((error) => isInvalid(error) ? error : Promise.reject(error))),
    );
    const given: Item[] = [];
    const missing: PlannedChunk[] = [];
    const damaged: [PlannedChunk, DesyncError][] = [];
    for (const [i, chunk] of group.entries()) {
      const stored = answers[i];
      if (stored === null) missing.push(chunk);
      else if (stored instanceof DesyncError) damaged.push([chunk, stored]);
      else given.push({ chunk, given: stored, origin });
    }
    return { given, missing, damaged };
  }

  /**
   * Has a worker deliver the chunks: given ones, or those in the directories. With `look` it only finds out which are
   * where they should be. Returns the ones it did not find, and the given ones that are not what their ids say.
   */
  async #assemble(
    items: readonly Item[],
    options: RequestOptions,
    { directories = [], look = false, toCache = true }: AssembleOptions = {},
  ): Promise<{ missing: PlannedChunk[]; damaged: [PlannedChunk, DesyncError][] }> {
    const { digest, target, probeTarget = false, destination, receive } = this.#delivery;
    const result = await this.#workers.assemble({
      digest,
      target,
      probeTarget: probeTarget && look,
      directories,
      destination: forWorkers(destination) ?? (toCache ? this.#cacheDestination : undefined),
      cacheMayFail: destination === undefined && this.#cache.mayFail,
      skipPresent: destination !== undefined && look,
      giveBack: receive !== undefined,
      items: items.map(({ chunk: { id, size, offsets, follows }, given }) => {
        return { id, size, offsets, given, copyFrom: follows?.offset };
      }),
    });
    if (result.cacheProblem !== undefined) this.#cache.failed(errorFromWire(result.cacheProblem));
    if (this.#writer !== undefined) await this.#writer.put(result.encoded, options);
    else await allOrFirstFailure(result.encoded.map((chunk) => this.#cache.put(chunk, options)));
    return this.#count(items, directories, result);
  }

  #count(
    items: readonly Item[],
    directories: readonly DirectorySource[],
    { found, storedBytes, bytes }: AssembleResult,
  ): { missing: PlannedChunk[]; damaged: [PlannedChunk, DesyncError][] } {
    const { target, receive } = this.#delivery;
    const missing: PlannedChunk[] = [];
    const damaged: [PlannedChunk, DesyncError][] = [];
    for (const [i, item] of items.entries()) {
      const { chunk } = item;
      const where = found[i];
      if (where === "missing") missing.push(chunk);
      else if (typeof where === "object") damaged.push([chunk, errorFromWire(where)]);
      else {
        const origin = originOf(where, item, directories);
        const places = target === undefined ? 1 : chunk.offsets.length;
        this.#progress.add(origin, chunk.follows === undefined ? 1 : 0, chunk.size * places, storedBytes[i]);
        chunk.leads?.deliver(origin);
        receive?.(chunk, bytes[i]!);
      }
    }
    return { missing, damaged };
  }
}

/** How chunks are assembled. */
interface AssembleOptions {
  readonly directories?: readonly DirectorySource[];
  /** Only find out what is where it should be. */
  readonly look?: boolean;
  /** Chunks that come from stores go to the cache as well. */
  readonly toCache?: boolean;
}

/** A chunk, and its bytes and where they are from when they are at hand. */
interface Item {
  readonly chunk: PlannedChunk;
  readonly given?: StoredChunk;
  readonly origin?: Origin;
}

function ungiven(chunk: PlannedChunk): Item {
  return { chunk };
}

/** Why copies of the chunks of a group were not used. */
class Damage {
  readonly #errors = new Map<ChunkId, DesyncError[]>();

  /** Of one chunk, to be added to. */
  of(id: ChunkId): DesyncError[] {
    let errors = this.#errors.get(id);
    if (errors === undefined) this.#errors.set(id, errors = []);
    return errors;
  }
}

function originOf(
  found: Exclude<Found, "missing" | WireError>,
  { chunk, origin }: Item,
  directories: readonly DirectorySource[],
): Origin {
  switch (found) {
    case "in place":
    case "present":
      return { kind: found };
    case "copied": {
      const first = chunk.follows?.origin;
      return first === undefined || first.kind === "in place" ? { kind: "self" } : first;
    }
    case "given":
      if (origin === undefined) throw new TypeError("given chunks have an origin");
      return origin;
    default: {
      const { role, directory } = directories[found];
      return { kind: role, location: directory };
    }
  }
}
