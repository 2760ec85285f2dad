/**
 * The step of a delivery that workers do: they open chunks, which verifies them, and write them to the blob, to a store or
 * to both. This side sends the tasks, puts into stores what workers cannot, and counts.
 */
import type { ChunkId, DigestName, StoredChunk } from "../core/chunk.ts";
import { type DesyncError, errorFromWire, type WireError } from "../core/errors.ts";
import { allOrFirstFailure } from "../core/all_or_first_failure.ts";
import { onAbort } from "../core/on_abort.ts";
import type { Origin } from "../core/origin.ts";
import { Progress } from "../core/progress.ts";
import { cacheEncoding } from "../stores/wrappers/cache_policy.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import type { CacheUse } from "../stores/wrappers/cache_use.ts";
import type { BatchedStore, NearFailure, NearRequest, NearStore, RequestOptions } from "../stores/store.ts";
import type {
  AssembleResult,
  ChunkDestination,
  DirectorySource,
  Found,
  NearRequests,
  TargetInfo,
} from "./messages.ts";
import type { PlannedChunk } from "./blob_plan.ts";
import type { AssemblingWorkers } from "./ports.ts";
import { seedOrigin, type SeedUse } from "./seeds/seed_use.ts";
import type { BatchStage, LocalStage, StoreStage } from "./stages.ts";
import { type FilledDestination, forWorkers, sealingKey, type StoreWriter } from "./store_writer.ts";

/**
 * For each worker, a worker waits no longer for the answers to the requests that it makes for a group, in milliseconds: all of
 * them get 2000 chunks a second or more. A server that sends fewer is better served by the main thread, which has the
 * processor time for these and finds out how many requests at a time get the most.
 */
const NEAR_PATIENCE_MS = 32;

/** Where chunks are written. */
export interface WorkerDeliveryOptions {
  readonly digest: DigestName;
  /** The blob that the chunks are written to. */
  readonly target?: TargetInfo;
  /** First look whether the target holds the right bytes already. */
  readonly probeTarget?: boolean;
  /** The files at hand that have some of the chunks. */
  readonly seeds?: SeedUse;
  /** The store that gets the chunks; those that it has are not fetched. Default: the cache, for those not from it. */
  readonly destination?: FilledDestination;
  /** Takes the verified bytes of the chunks, in the order in which they arrive. */
  readonly receive?: (chunk: { readonly id: ChunkId }, bytes: Uint8Array) => void;
  /** The chunk that no source has to have. */
  readonly zeros?: ZeroChunk;
  readonly progress?: Progress;
}

/** A chunk that was fetched, not yet verified, and where it is from. */
export interface FetchedChunk {
  readonly chunk: PlannedChunk;
  readonly stored: StoredChunk;
  readonly origin: Origin;
}

/** A chunk that is not what its id says, and why. */
export type DamagedChunk = readonly [chunk: PlannedChunk, error: DesyncError];

/** What workers do of one delivery. */
export class WorkerDelivery {
  readonly #options: WorkerDeliveryOptions;
  readonly #workers: AssemblingWorkers;
  readonly #cache: CacheUse;
  /** Adds the chunks to a destination that is not a directory. */
  readonly #writer: StoreWriter | undefined;
  readonly #progress: Progress;
  readonly #stopFlags = new Map<NearStore, Int32Array<SharedArrayBuffer>>();

  constructor(
    options: WorkerDeliveryOptions,
    workers: AssemblingWorkers,
    cache: CacheUse,
    writer: StoreWriter | undefined,
  ) {
    this.#options = options;
    this.#workers = workers;
    this.#cache = cache;
    this.#writer = writer;
    this.#progress = options.progress ?? new Progress();
  }

  /** Whether the chunks that are written may be encrypted. */
  get takesSealed(): boolean {
    return this.#workers.haveCiphers === true;
  }

  /** Finds out which chunks are where they belong. Returns the others. */
  async probe(group: readonly PlannedChunk[], options: RequestOptions): Promise<PlannedChunk[]> {
    if (this.#writer !== undefined) return await this.#claim(group, this.#writer, options);
    return (await this.#assemble(group.map(notFetched), options, { probe: true })).missing;
  }

  /** Has a worker read the chunks from seeds and directories and write them. Returns those that none of these has. */
  async fromHere(
    group: readonly PlannedChunk[],
    { seeds, directories }: LocalStage,
    options: RequestOptions,
  ): Promise<PlannedChunk[]> {
    return (await this.#assemble(group.map(notFetched), options, { seeds, directories })).missing;
  }

  /** Has a worker fetch the chunks and write them. Returns those that did not come, or came damaged. */
  async fromBatches(
    group: readonly PlannedChunk[],
    { store, batches }: BatchStage,
    options: RequestOptions,
  ): Promise<readonly PlannedChunk[]> {
    if (batches.answers === false) return group;
    const origin = { kind: "store", location: store.properties.location } as const;
    const items = group.map((chunk) => ({ chunk, origin }));
    return (await this.#assemble(items, options, { batches })).missing;
  }

  /**
   * Has a worker fetch the chunks, by one request for each, and write them. Returns those that the store does not have, and
   * those that did not come, or came damaged.
   */
  async fromNear(
    group: readonly PlannedChunk[],
    { store, near }: Required<StoreStage>,
    request: NearRequest,
    options: RequestOptions,
  ): Promise<NearOutcome> {
    const origin = { kind: "store", location: store.properties.location } as const;
    const items = group.map((chunk) => ({ chunk, origin }));
    const stopped = this.#stopFlagOf(near);
    const stop = () => void Atomics.store(stopped, 0, 1);
    const forgetSignal = onAbort(options.signal, stop);
    try {
      const patienceMs = NEAR_PATIENCE_MS * this.#workers.size;
      const requests = { ...request, patienceMs, stopped };
      const { absent, missing, nearFailure } = await this.#assemble(items, options, { near: requests });
      near.report(nearFailure, request);
      // Tasks that were sent before would find out the same.
      if (near.isOver) stop();
      if (absent.length + missing.length < group.length) near.found = true;
      return { absent, missing };
    } finally {
      forgetSignal();
    }
  }

  /** What ends the tasks at that store: a thread that waits gets no messages. */
  #stopFlagOf(near: NearStore): Int32Array<SharedArrayBuffer> {
    let flag = this.#stopFlags.get(near);
    if (flag === undefined) {
      flag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
      this.#stopFlags.set(near, flag);
    }
    return flag;
  }

  /** Has a worker write fetched chunks, to the cache as well where `toCache`. Returns those that are damaged. */
  async write(
    fetched: readonly FetchedChunk[],
    options: RequestOptions,
    toCache: boolean,
  ): Promise<DamagedChunk[]> {
    if (fetched.length === 0) return [];
    return (await this.#assemble(fetched, options, { toCache })).damaged;
  }

  /** The chunks that the destination lacks; the others count as present. */
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

  async #assemble(
    items: readonly Item[],
    options: RequestOptions,
    { seeds = [], directories = [], batches, near, probe = false, toCache = true }: AssembleOptions,
  ): Promise<Outcome> {
    const { digest, target, probeTarget = false, destination, receive } = this.#options;
    const result = await this.#workers.assemble({
      digest,
      target,
      probeTarget: probeTarget && probe,
      seeds,
      directories,
      batches: batches?.request,
      near,
      destination: forWorkers(destination, this.#workers) ?? (toCache ? this.#cacheDestination : undefined),
      cacheMayFail: destination === undefined && this.#cache.mayFail,
      skipPresent: destination !== undefined && probe,
      giveBack: receive !== undefined,
      items: items.map(({ chunk: { id, size, offsets, follows, cloned, ...chunk }, stored }) => {
        const places = seeds.length === 0 ? undefined : chunk.places;
        const isZeros = this.#options.zeros?.is(id, size);
        return { id, size, offsets, given: stored, copyFrom: follows?.offset, places, cloned, isZeros };
      }),
    }, options);
    if (batches !== undefined) {
      if (!options.signal?.aborted) batches.answers ??= result.batchAnswered;
      if (result.found.includes("given")) batches.found = true;
    }
    for (const place of result.invalidPlaces) this.#options.seeds?.refuse(place);
    if (result.cacheProblem !== undefined) this.#cache.failed(errorFromWire(result.cacheProblem));
    if (this.#writer !== undefined) await this.#writer.put(result.encoded, options);
    else await allOrFirstFailure(result.encoded.map((chunk) => this.#cache.put(chunk, options)));
    return { ...this.#count(items, { seeds, directories }, result), nearFailure: result.nearFailure };
  }

  /** How the cache is filled, if it is. */
  get #cacheDestination(): ChunkDestination | undefined {
    const { fills, properties } = this.#cache;
    if (properties === undefined || !fills) return undefined;
    const { directory, encryption } = properties;
    return directory === undefined
      ? {
        kind: "main",
        encoding: cacheEncoding(properties),
        encryption: sealingKey(properties, this.#workers),
      }
      : { kind: "directory", directory, encryption, encoding: cacheEncoding(properties) };
  }

  #count(
    items: readonly Item[],
    sources: LocalSources,
    { found, storedBytes, bytes }: AssembleResult,
  ): Omit<Outcome, "nearFailure"> {
    const { target, receive } = this.#options;
    const absent: PlannedChunk[] = [];
    const missing: PlannedChunk[] = [];
    const damaged: DamagedChunk[] = [];
    for (const [i, item] of items.entries()) {
      const { chunk } = item;
      const where = found[i];
      if (where === "absent") absent.push(chunk);
      else if (where === "missing") missing.push(chunk);
      else if (isDamage(where)) damaged.push([chunk, errorFromWire(where)]);
      else {
        const origin = this.#originOf(where, item, sources);
        const places = target === undefined ? 1 : chunk.offsets.length;
        // What was fetched for a chunk that was made is counted as it comes: it is for several.
        const read = origin.kind === "patched" ? 0 : storedBytes[i];
        this.#progress.add(origin, chunk.follows === undefined ? 1 : 0, chunk.size * places, read);
        chunk.leads?.deliver(origin);
        receive?.(chunk, bytes[i]!);
      }
    }
    return { absent, missing, damaged };
  }

  #originOf(
    found: Exclude<Found, "absent" | "missing" | WireError>,
    { chunk, origin }: Item,
    { seeds, directories }: LocalSources,
  ): Origin {
    const { target, zeros } = this.#options;
    if (typeof found === "object") return seedOrigin(seeds[found.seed]);
    switch (found) {
      case "in place":
        if (target?.resumed !== true) return { kind: found };
        return { kind: zeros?.is(chunk.id, chunk.size) ? "zeros" : "resumed" };
      case "present":
        return { kind: found };
      case "copied": {
        const first = chunk.follows?.origin;
        return first === undefined || IN_TARGET.has(first.kind) ? { kind: "self" } : first;
      }
      case "given":
        if (origin === undefined) throw new TypeError("fetched chunks have an origin");
        return origin;
      default: {
        const { role, directory } = directories[found];
        return { kind: role, location: directory };
      }
    }
  }
}

/** What a worker reads by itself. */
type LocalSources = Pick<LocalStage, "seeds"> & { readonly directories: readonly DirectorySource[] };

/** Where the target had the chunk before. */
const IN_TARGET: ReadonlySet<Origin["kind"]> = new Set(["in place", "resumed"]);

/** How one task is done. */
interface AssembleOptions extends Partial<LocalSources> {
  /** Only find out what is where it belongs. */
  readonly probe?: boolean;
  /** Chunks that come from stores go to the cache as well. */
  readonly toCache?: boolean;
  /** Where the worker fetches them, many by one request or one by one. */
  readonly batches?: BatchedStore;
  readonly near?: NearRequests;
}

/** What a worker's own requests to a store did not bring. */
export interface NearOutcome {
  /** Those that the store said it does not have: it need not be asked again. */
  readonly absent: readonly PlannedChunk[];
  readonly missing: readonly PlannedChunk[];
}

/** What one task did not write. */
interface Outcome extends NearOutcome {
  readonly missing: PlannedChunk[];
  readonly damaged: DamagedChunk[];
  /** Why a worker's own requests ended too early, if they did. */
  readonly nearFailure?: NearFailure;
}

/** A chunk, fetched or to be found by a worker. */
type Item = Pick<FetchedChunk, "chunk"> & Partial<FetchedChunk>;

function notFetched(chunk: PlannedChunk): Item {
  return { chunk };
}

function isDamage(found: Found): found is WireError {
  return typeof found === "object" && !("seed" in found);
}
