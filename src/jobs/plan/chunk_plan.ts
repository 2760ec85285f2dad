/** Where each chunk of a blob will come from, found out without fetching any. */
import type { Codec } from "../../codec/codec.ts";
import { portableCodec } from "../../codec/portable.ts";
import { ZeroChunk } from "../../codec/zero_chunk.ts";
import type { ChunkId } from "../../core/chunk.ts";
import { forEachConcurrent } from "../../core/for_each_concurrent.ts";
import type { Origin } from "../../core/origin.ts";
import { CHUNKS_PER_CHECK, Yielder } from "../../core/yielder.ts";
import type { Index } from "../../formats/index/index.ts";
import { DEFAULT_LIMITS } from "../../stores/wrappers/limiter.ts";
import type { ChunkStore, PatchFetch, Sources } from "../../stores/store.ts";
import { assign } from "../../transfer/seeds/assign.ts";
import { OldVersions } from "./old_versions.ts";
import { listedSize, type ListedSizes, storedSize } from "../stored_sizes.ts";

/** Where bytes come from in a plan. `missing`: no source has them, or none was named. */
export type PlanOrigin = Origin | { readonly kind: "missing" };

/** Chunks of the blob that follow each other and that the output has already. */
export interface PlacedRun {
  /** The first of them in the index. */
  readonly first: number;
  /** How many. */
  readonly count: number;
  /** `resumed`: in what an interrupted run left. `self`: at another place of it. */
  readonly kind: "in place" | "resumed" | "self";
}

/** A blob that is at hand, usually an older version. */
export interface PlanSeed {
  /** What it is called. */
  readonly location: string;
  /** Its index: nothing else of it is needed. */
  readonly index: Index;
}

/** What {@linkcode planChunks} may be given. */
export interface ChunkPlanOptions {
  /** Default: JavaScript that runs anywhere. It hashes the chunk of zeros. */
  readonly codec?: Codec;
  /** What is in the output already. */
  readonly placed?: Iterable<PlacedRun>;
  /** Not all of that which is in place is copied to its other places: `placed` has what is. Default: all is. */
  readonly placedIsAll?: boolean;
  /** Blobs that are at hand. Default: none. */
  readonly seeds?: readonly PlanSeed[];
  /** What is known of the chunks' sizes: stores are not asked for them. */
  readonly listed?: ReadonlyMap<ChunkId, ListedSizes>;
  /** Stops the work. */
  readonly signal?: AbortSignal;
}

/** Bytes that a chunk takes where it is stored are not known. */
export const UNKNOWN_STORED = 0xffff_ffff;

/** One number for each chunk of the index, whatever the blob's size. */
export interface ChunkPlan {
  readonly index: Index;
  /** What is copied from seeds. */
  readonly old: OldVersions;
  /** All that was named, and what else gives something, in the order in which it is tried. */
  readonly origins: readonly PlanOrigin[];
  /** For each chunk the number of its origin. A chunk that comes again is fetched once, and then of the kind `self`. */
  readonly from: Uint16Array;
  /** For each chunk the first of the same id. */
  readonly first: Int32Array;
  /** For each chunk that the cache or a store gives the bytes that it takes there, or {@linkcode UNKNOWN_STORED}. */
  readonly stored: Uint32Array;
  /** For each origin how many chunks it is asked for and does not have. */
  readonly notFound: readonly number[];
  /** What is fetched of delta files, by the numbers of these origins. */
  readonly patched: ReadonlyMap<number, PatchFetch>;
  /** For each origin whether it was not asked, because asking would fetch, and counts as having all that is left. */
  readonly assumed: readonly boolean[];
}

const NOTHING: PatchFetch = { requests: 0, bytes: 0 };

/** Requests at a time for stores that allow more. */
const MOST_REQUESTS = 64;

/** Decides for each chunk what it comes from, as an extraction does. Throws `usage`, `interrupted`, and what the stores throw. */
export async function planChunks(
  index: Index,
  sources: Sources,
  options: ChunkPlanOptions = {},
): Promise<ChunkPlan> {
  const { codec = portableCodec, placed = [], placedIsAll = false, seeds = [], signal } = options;
  const origins = new Origins();
  const from = new Uint16Array(index.count);
  const yielder = new Yielder(signal);
  for (const { kind, first, count } of placed) {
    from.fill(origins.numberOf({ kind }), first, first + count);
    await yielder.yieldIfDue();
  }
  const zeros = new ZeroChunk(index, codec);
  const isZero = (i: number) => index.length(i) === zeros.size && zeros.is(index.id(i), zeros.size);
  const first = index.firstOccurrences();
  /** Of each different chunk whether the output has it at any place. */
  const isThere = new Uint8Array(index.count);
  for (let i = 0; i < index.count; i++) if (from[i] !== 0 && !placedIsAll) isThere[first[i]] = 1;
  for (let i = 0; i < index.count; i++) {
    if (i % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
    if (from[i] !== 0) continue;
    if (isThere[first[i]] === 1) from[i] = origins.numberOf({ kind: "self" });
    else if (isZero(i)) from[i] = origins.numberOf({ kind: "zeros" });
  }
  const old = new OldVersions(seeds);
  if (seeds.length > 0) {
    const numbers = seeds.map(({ location }) => origins.numberOf({ kind: "seed", location }));
    for (const run of assign(index, seeds.map(({ index }) => index)).runs((i) => from[i] !== 0)) {
      from.fill(numbers[run.seed], run.first, run.end);
      old.add(run);
      if (yielder.isDue) await yielder.yieldNow();
    }
  }
  // Before copies in the blob, which are made of what it gives.
  const asking = new Asking(index, sources, origins, options.listed);
  /** For each different chunk the first place that nothing has been found for. */
  const wanted: number[] = [];
  const isWanted = new Uint8Array(index.count);
  for (let i = 0; i < index.count; i++) {
    if (i % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
    if (from[i] !== 0) continue;
    if (isWanted[first[i]] === 1) {
      from[i] = origins.numberOf({ kind: "self" });
      continue;
    }
    isWanted[first[i]] = 1;
    wanted.push(i);
  }
  const stored = new Uint32Array(index.count).fill(UNKNOWN_STORED);
  const found = (i: number, { number, stored: bytes }: Found) => {
    from[i] = number;
    if (bytes !== undefined) stored[i] = bytes;
  };
  if (asking.asksNothing) {
    // A promise for each of a million chunks takes longer than all the rest.
    for (const [turn, i] of wanted.entries()) {
      if (turn % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
      found(i, asking.unasked(i));
    }
  } else {
    await forEachConcurrent(
      wanted,
      asking.concurrency,
      signal,
      async (i, signal) => found(i, await asking.find(i, signal)),
    );
  }
  return {
    index,
    old,
    from: from.map((number) => number - 1),
    first,
    stored,
    patched: new Map((sources.patches ?? []).map((patch) => {
      const number = origins.numberOf({ kind: "patched", location: patch.properties.location });
      const chunks = wanted.filter((i) => from[i] === number);
      const fetch = chunks.length === 0 ? NOTHING : patch.plannedFetch(chunks.map((i) => index.id(i)));
      return [number - 1, fetch];
    })),
    origins: origins.all,
    notFound: origins.all.map((_, i) => asking.notFound.get(i + 1) ?? 0),
    assumed: origins.all.map((_, i) => asking.assumed.has(i + 1)),
  };
}

/** Origins by numbers, from 1. */
class Origins {
  readonly all: PlanOrigin[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(origin: PlanOrigin): number {
    const key = "location" in origin ? `${origin.kind} ${origin.location}` : origin.kind;
    let number = this.#numbers.get(key);
    if (number === undefined) this.#numbers.set(key, number = this.all.push(origin));
    return number;
  }
}

/** What has a chunk, and the bytes that it takes there. */
interface Found {
  readonly number: number;
  readonly stored?: number;
}

/** Asks the cache and the stores, in their order. */
class Asking {
  /** Chunks that were asked for in vain, by the numbers of what was asked. */
  readonly notFound = new Map<number, number>();
  /** What was not asked, by its number. */
  readonly assumed = new Set<number>();
  readonly #index: Index;
  readonly #stores: { readonly store: ChunkStore; readonly number: number }[] = [];
  readonly #origins: Origins;
  readonly #listed: ReadonlyMap<ChunkId, ListedSizes> | undefined;

  constructor(
    index: Index,
    { cache, patches = [], stores }: Sources,
    origins: Origins,
    listed: ReadonlyMap<ChunkId, ListedSizes> | undefined,
  ) {
    this.#index = index;
    this.#origins = origins;
    this.#listed = listed;
    const add = (kind: "cache" | "patched" | "store", store: ChunkStore) => {
      const { location } = store.properties;
      this.#stores.push({ store, number: origins.numberOf({ kind, location }) });
    };
    if (cache !== undefined) add("cache", cache);
    for (const patch of patches) add("patched", patch);
    for (const store of stores) add("store", store);
  }

  /** Requests at a time. */
  get concurrency(): number {
    const bounds = this.#stores.map(({ store }) => (store.properties.concurrency ?? DEFAULT_LIMITS).max);
    return Math.min(MOST_REQUESTS, ...bounds);
  }

  /** Whether no request is made: there is no store, or only one, and a list says what its chunks take. */
  get asksNothing(): boolean {
    const [one, ...others] = this.#stores;
    return one === undefined ||
      (!this.#isPatched(one.number) && others.length === 0 &&
        (this.#listed !== undefined || one.store.properties.probe === "by-get"));
  }

  #isPatched(number: number): boolean {
    return this.#origins.all[number - 1].kind === "patched";
  }

  /** What counts as having the chunk where nothing is asked. */
  unasked(chunk: number): Found {
    const [one] = this.#stores;
    const stored = this.#sizeInList(chunk);
    if (one === undefined) return { number: this.#origins.numberOf({ kind: "missing" }), stored };
    this.assumed.add(one.number);
    return { number: one.number, stored };
  }

  /** The first that has the chunk. */
  async find(chunk: number, signal: AbortSignal): Promise<Found> {
    const id = this.#index.id(chunk);
    const listed = this.#sizeInList(chunk);
    for (const { store, number } of this.#stores) {
      if (store.properties.probe === "by-get") {
        this.assumed.add(number);
        return { number, stored: listed };
      }
      const size = await storedSize(store, id, signal);
      // What a delta makes was not asked for in vain: it is known beforehand.
      if (this.#isPatched(number)) {
        if (size !== null) return { number };
        continue;
      }
      if (size !== null) return { number, stored: listed ?? size };
      this.notFound.set(number, (this.notFound.get(number) ?? 0) + 1);
    }
    return { number: this.#origins.numberOf({ kind: "missing" }), stored: listed };
  }

  #sizeInList(chunk: number): number | undefined {
    if (this.#listed === undefined) return undefined;
    return listedSize(this.#listed, this.#index.id(chunk), this.#index.length(chunk));
  }
}
