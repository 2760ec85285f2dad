/**
 * Brings chunks from their sources to where they are wanted: a blob, a store, or both. Workers read, verify and write;
 * this side decides what is asked where, and fetches what is not on this machine.
 */
import type { ChunkId, ChunkSizes, DigestName, StoredChunk } from "../chunk.ts";
import { DEFAULT_ZSTD_LEVEL } from "../codec/codec.ts";
import { isInvalid } from "../codec/open_chunk.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import { DesyncError, errorFromWire, type WireError } from "../errors.ts";
import { CacheUse } from "../stores/cache_use.ts";
import { openFrom, undelivered } from "../stores/open_from.ts";
import { limitStore } from "../stores/limit_store.ts";
import { Limiter, type LimiterOptions } from "../stores/limiter.ts";
import type { ChunkStore, Sources } from "../stores/store.ts";
import type { AssembleItem, Filling, FolderSource, Origin, TargetPlace } from "./tasks.ts";
import { inLanes } from "./lanes.ts";
import { GROUP_BYTES, grouped, type PlannedChunk, workOf } from "./plan.ts";
import type { Workers } from "./ports.ts";
import { Progress } from "./progress.ts";
import { type Stage, stagesOf } from "./stages.ts";

/** What the target is called among the sources, as far as it had the right bytes already. */
export const THE_TARGET = "the target itself";
/** The same for what the target had, but not at all of its places. */
const COPIES = "copies within the target";
/** What the chunk of zeros comes from. */
export const ZEROS = "zeros";

/** Chunks that a worker takes at a time when it reads them itself. */
const LOCAL_GROUP = 64;
/** Chunks that are fetched and handed over together. */
const REMOTE_GROUP = 8;
/** Bytes of chunks in all groups that are being fetched: what memory is bounded by. */
const FETCH_BYTES = 48 * 1024 * 1024;

/** What is delivered and where to. */
export interface Delivery {
  readonly digest: DigestName;
  /** Limits of the chunks' sizes: they tell how much memory a request may take. */
  readonly sizes: ChunkSizes;
  readonly sources: Sources;
  /** The blob that the chunks are written to. */
  readonly target?: TargetPlace;
  /** First look whether the target holds the right bytes already. */
  readonly probeTarget?: boolean;
  /** The chunk that no source has to have. */
  readonly zeros?: ZeroChunk;
  /** The store that gets the chunks; those that it has are not fetched. Default: the cache, for those not from it. */
  readonly fill?: Filling;
  /** Takes the verified bytes of the chunks, in the order in which they arrive. */
  readonly receive?: (chunk: { readonly id: ChunkId }, bytes: Uint8Array) => void;
  /** Bounds of the requests in flight to each store. */
  readonly limits?: LimiterOptions;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** Delivers the chunks. Throws at the first failure, when all that was under way has ended. */
export async function deliver(
  chunks: Iterable<PlannedChunk>,
  delivery: Delivery,
  workers: Workers,
): Promise<void> {
  await new Courier(delivery, workers).run(chunks);
}

/** Knows where chunks are asked for and how many at a time. */
export class Courier {
  readonly #delivery: Delivery;
  readonly #workers: Workers;
  readonly #progress: Progress;
  readonly #stages: Stage[];
  readonly #cacheUse: CacheUse;
  /** The most requests under way at each remote store. */
  readonly #requests: number[] = [];

  constructor(delivery: Delivery, workers: Workers) {
    this.#delivery = delivery;
    this.#workers = workers;
    this.#progress = delivery.progress ?? new Progress();
    this.#stages = stagesOf(delivery.sources, (store) => this.#limited(store));
    this.#cacheUse = new CacheUse(delivery.sources);
  }

  #limited(store: ChunkStore): ChunkStore {
    const limiter = new Limiter(store.properties.concurrency ?? this.#delivery.limits);
    this.#requests.push(limiter.max);
    return limitStore(store, limiter);
  }

  async run(chunks: Iterable<PlannedChunk>): Promise<void> {
    const groups = grouped(chunks, this.#isRemote ? REMOTE_GROUP : LOCAL_GROUP, GROUP_BYTES, workOf);
    await inLanes(groups, this.lanes, this.#delivery.signal, (group, signal) => this.bring(group, signal));
  }

  /** How the cache is filled, if it is. */
  get #cache(): Filling | undefined {
    const folder = this.#delivery.sources.cache?.properties.directory;
    return folder === undefined || !this.#cacheUse.fills
      ? undefined
      : { folder, form: "compressed", level: DEFAULT_ZSTD_LEVEL };
  }

  get #isRemote(): boolean {
    return this.#requests.length > 0;
  }

  /** Groups that should be under way at a time. */
  get lanes(): number {
    return this.#isRemote ? this.#remoteLanes() : 2 * this.#workers.size;
  }

  /** Enough groups at a time to keep the allowed requests busy, as far as memory goes. */
  #remoteLanes(): number {
    const { sizes } = this.#delivery;
    const most = Math.max(2, Math.floor(FETCH_BYTES / Math.max(REMOTE_GROUP * sizes.avg, sizes.max)));
    const requests = Math.max(...this.#requests);
    return Math.min(2 + Math.ceil((1.5 * requests) / REMOTE_GROUP), most);
  }

  /** Takes a group through the stages until every chunk has arrived. */
  async bring(group: readonly PlannedChunk[], signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#bring(group, signal);
    } catch (error) {
      for (const { leads } of group) leads?.fail(error);
      throw error;
    }
  }

  async #bring(group: readonly PlannedChunk[], signal: AbortSignal | undefined): Promise<void> {
    let rest: readonly PlannedChunk[] = group;
    const damage = new Damage();
    for (const { follows } of group) await follows?.delivered;
    // What is there already need not be asked for.
    const { probeTarget = false, fill } = this.#delivery;
    const copies = group.some(({ follows }) => follows !== undefined);
    if (probeTarget || copies || fill !== undefined) {
      ({ missing: rest } = await this.#assemble(rest, [], true));
    }
    // A store that is filled gets the chunk of zeros as another has it, where one does.
    if (fill === undefined) rest = await this.#makeZeros(rest);
    for (const stage of this.#stages) {
      if (rest.length === 0) return;
      rest = stage.kind === "folders"
        ? (await this.#assemble(rest, stage.folders)).missing
        : await this.#fetch(rest, stage.store, damage, signal);
    }
    rest = await this.#makeZeros(rest);
    if (rest.length > 0) throw undelivered(rest[0].id, this.#delivery.sources, damage.of(rest[0].id));
  }

  /** Delivers the chunk of zeros if it is one of the group. Returns the others. */
  async #makeZeros(group: readonly PlannedChunk[]): Promise<readonly PlannedChunk[]> {
    const { zeros } = this.#delivery;
    if (zeros === undefined) return group;
    const made: Delivered[] = [];
    const others: PlannedChunk[] = [];
    for (const chunk of group) {
      if (!zeros.is(chunk.id, chunk.size)) others.push(chunk);
      else made.push({ ...chunk, given: { form: "plain", bytes: zeros.bytes() }, givenBy: ZEROS });
    }
    // The cache does not get it: it will not be asked for it.
    if (made.length > 0) await this.#assemble(made, [], false, false);
    return others;
  }

  /** Asks a store for the chunks and has those delivered that it gave. Returns the others. */
  async #fetch(
    group: readonly PlannedChunk[],
    store: ChunkStore,
    damage: Damage,
    signal: AbortSignal | undefined,
  ): Promise<PlannedChunk[]> {
    const { location } = store.properties;
    const answers = await allOrFirstFailure(
      group.map(({ id }) =>
        store.get(id, { signal }).catch((error) => isInvalid(error) ? error : Promise.reject(error))
      ),
    );
    const given: Delivered[] = [];
    const missing: PlannedChunk[] = [];
    const damaged: [PlannedChunk, DesyncError][] = [];
    for (const [i, chunk] of group.entries()) {
      const stored = answers[i];
      if (stored === null) missing.push(chunk);
      else if (stored instanceof DesyncError) damaged.push([chunk, stored]);
      else given.push({ ...chunk, given: stored, givenBy: location });
    }
    if (given.length > 0) damaged.push(...(await this.#assemble(given, [])).damaged);
    await allOrFirstFailure(damaged.map(async ([{ id, size, offsets, leads, follows }, first]) => {
      const chunk = { id, size, offsets, leads, follows };
      const open = (stored: StoredChunk) => this.#deliverOne({ ...chunk, given: stored, givenBy: location });
      const options = { damage: damage.of(id), first, signal };
      const delivered = await openFrom(store, id, open, options);
      if (delivered === null) missing.push(chunk);
    }));
    return missing;
  }

  /** Has a worker deliver a given chunk. Throws as `openChunk` does. */
  async #deliverOne(item: Delivered): Promise<true> {
    const { damaged } = await this.#assemble([item], []);
    for (const [, error] of damaged) throw error;
    return true;
  }

  /**
   * Has a worker deliver the chunks: given ones, or those in the folders. With `look` it only finds out which are
   * where they should be. Returns the ones it did not find, and the given ones that are not what their ids say.
   */
  async #assemble<T extends Delivered>(
    items: readonly T[],
    folders: readonly FolderSource[],
    look = false,
    toCache = true,
  ): Promise<{ missing: T[]; damaged: [T, DesyncError][] }> {
    const { digest, target, probeTarget = false, fill, receive, sources } = this.#delivery;
    const { origins, storedBytes, bytes, cacheProblem } = await this.#workers.assemble({
      digest,
      target,
      probeTarget: probeTarget && look,
      folders,
      fill: fill ?? (toCache ? this.#cache : undefined),
      cacheMayFail: fill === undefined && sources.stores.length > 0,
      skipPresent: fill !== undefined && look,
      giveBack: receive !== undefined,
      items: items.map(itemOf),
    });
    if (cacheProblem !== undefined) this.#cacheUse.failed(errorFromWire(cacheProblem));
    const missing: T[] = [];
    const damaged: [T, DesyncError][] = [];
    for (const [i, item] of items.entries()) {
      const origin = origins[i];
      if (origin === "missing") missing.push(item);
      else if (typeof origin === "object") damaged.push([item, errorFromWire(origin)]);
      else {
        const name = nameOf(origin, item, folders);
        this.#count(name, item, storedBytes[i]);
        item.leads?.deliver(name);
        receive?.(item, bytes[i]!);
      }
    }
    return { missing, damaged };
  }

  #count(name: string, item: Delivered, storedBytes: number): void {
    const places = this.#delivery.target === undefined ? 1 : item.offsets.length;
    this.#progress.add(name, item.follows === undefined ? 1 : 0, item.size * places, storedBytes);
  }
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

/** A chunk, and its bytes where they are at hand. */
type Delivered = PlannedChunk & Pick<AssembleItem, "given" | "givenBy">;

function itemOf({ id, size, offsets, given, givenBy, follows }: Delivered): AssembleItem {
  return { id, size, offsets, given, givenBy, copyFrom: follows?.offset };
}

function nameOf(
  origin: Exclude<Origin, "missing" | WireError>,
  item: Delivered,
  folders: readonly FolderSource[],
): string {
  if (origin === "target") return THE_TARGET;
  if (origin === "copied") {
    const source = item.follows?.source;
    return source === undefined || source === THE_TARGET ? COPIES : source;
  }
  if (origin === "present") return "there already";
  if (origin === "given") return item.givenBy ?? "a store";
  const { role, folder } = folders[origin];
  return role === "cache" ? `cache ${folder}` : folder;
}

/** Like Promise.all, but waits for all of them even when one has failed: nothing goes on behind the caller's back. */
async function allOrFirstFailure<T>(promises: Promise<T>[]): Promise<T[]> {
  const failures: unknown[] = [];
  const caught = promises.map((promise) => promise.catch((error) => void failures.push(error)));
  await Promise.all(caught);
  if (failures.length > 0) throw failures[0];
  return await Promise.all(promises);
}
