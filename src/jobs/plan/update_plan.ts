/** What an update will cost: bytes and requests from each source, and where in the blob they go, before anything is fetched. */
import { CHUNKS_PER_CHECK, Yielder } from "../../core/yielder.ts";
import type { Index } from "../../formats/index/index.ts";
import type { Sources } from "../../stores/store.ts";
import {
  type ChunkPlan,
  type ChunkPlanOptions,
  planChunks,
  type PlanOrigin,
  UNKNOWN_STORED,
} from "./chunk_plan.ts";
import type { CopiedRun, OldVersion } from "./old_versions.ts";
import { runsOf } from "./planned_runs.ts";
import { type PathCosts, pathCosts } from "./path_costs.ts";
import { type WholeSize, wholeSize } from "./whole_size.ts";

/** What one source gives. */
export interface PlannedSource {
  /** What it is. */
  readonly origin: PlanOrigin;
  /** Different chunks that it gives. Those that come again are counted for copies within the blob. */
  readonly chunks: number;
  /** Bytes of the blob. */
  readonly bytes: number;
  /** Of these, bytes that lie at another offset in a seed. */
  readonly movedBytes: number;
  /** Chunks that a store or the cache is asked for: those that it gives, and those that it does not have. */
  readonly requests: number;
  /** Of these, chunks that it does not have. */
  readonly notFound: number;
  /** Bytes that a store or the cache gives, as they are stored; `undefined` when they are not known. */
  readonly storedBytes: number | undefined;
  /** It was not asked, and counts as having all chunks that are left: asking would have fetched them, or a list was given. */
  readonly assumed: boolean;
}

/** A part of the blob with one source. */
export interface PlannedRun {
  /** Where it begins in the blob. */
  readonly offset: number;
  /** Its bytes. */
  readonly length: number;
  /** The number of its source. */
  readonly source: number;
}

/** What all stores give together. */
export interface PlannedFetch {
  /** Different chunks. */
  readonly chunks: number;
  /** Chunks that are asked for, also in vain. */
  readonly requests: number;
  /** Bytes of the blob. */
  readonly bytes: number;
  /** Bytes as they are stored, which is what is transferred; `undefined` when they are not known. */
  readonly storedBytes: number | undefined;
}

/** A plan. It is data: what has made it is not needed any more. */
export interface UpdatePlan {
  /** Bytes of the blob. */
  readonly size: number;
  /** Chunks of the blob, repeated ones included. */
  readonly chunks: number;
  /** Different chunks. */
  readonly uniqueChunks: number;
  /** In the order in which they are tried; copies within the blob, and what no source has, are sources too. */
  readonly sources: readonly PlannedSource[];
  /** What has to be fetched. */
  readonly fetch: PlannedFetch;
  /** Bytes that are written to the output: all but those in place, and zeros in a new file. */
  readonly writtenBytes: number;
  /** Bytes that the output takes on the disk beside what is there now; less where the file system shares parts of seeds. */
  readonly outputBytes: number;
  /** Bytes that the cache grows by, about; `undefined` when they are not known. */
  readonly cacheBytes: number | undefined;
  /** What all chunks of the blob take in the stores; `undefined` when it can be neither known nor estimated. */
  readonly whole: WholeSize | undefined;
  /** The blob from its beginning to its end, each byte with its source. */
  readonly runs: readonly PlannedRun[];
  /** 0 when the runs are exact, else the bytes of the spans within which they are sorted by source. */
  readonly runPrecision: number;
  /** The blobs that parts are copied from. */
  readonly oldVersions: readonly OldVersion[];
  /** The longest parts that are copied from them. */
  readonly copies: readonly CopiedRun[];
  /** The paths of the archive that cost the most, where they were asked for. */
  readonly paths?: PathCosts;
}

/** What {@linkcode updatePlan} may be given. */
export interface UpdatePlanOptions extends ChunkPlanOptions {
  /** The output exists and is written in place. */
  readonly inPlace?: { readonly size: number };
  /** The blob is an archive: how many of its paths to list. For that, the chunks with its tables are fetched. */
  readonly heaviestPaths?: number;
}

/**
 * What building the blob will fetch, copy and write, without fetching anything (but for `heaviestPaths`). Stores are asked
 * which of the chunks they have that nothing else gives, and what these take there. Throws `usage` when a listed chunk has
 * another size than in the index, `invalid-archive` when paths are wanted of what is not an archive, `interrupted`, and what
 * the stores throw.
 *
 * @example What a store would deliver
 * ```ts
 * import { parseIndex, updatePlan } from "@desync/desync";
 * import { LocalStore } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const store = new LocalStore("testdata/casync-zstd.castr"); // new HttpStore("https://example.com/store/")
 * const { fetch } = await updatePlan(index, { stores: [store] });
 * if (fetch.bytes > index.size || fetch.storedBytes === undefined) throw new Error("the store says what it has");
 * ```
 */
export async function updatePlan(
  index: Index,
  sources: Sources,
  options: UpdatePlanOptions = {},
): Promise<UpdatePlan> {
  const { signal, inPlace, heaviestPaths: most } = options;
  const plan = await planChunks(index, sources, options);
  const { old } = plan;
  const { planned, unique } = await sumUp(plan, signal);
  const fetch = fetchOf(planned);
  const bytesOf = (kind: PlanOrigin["kind"]) =>
    planned.reduce((sum, { origin, bytes }) => origin.kind === kind ? sum + bytes : sum, 0);
  const holes = inPlace === undefined ? bytesOf("zeros") : 0;
  const { runs, precision } = runsOf(index.ends, plan.from);
  return {
    size: index.size,
    chunks: index.count,
    uniqueChunks: unique,
    sources: planned,
    fetch,
    writtenBytes: index.size - bytesOf("in place") - bytesOf("resumed") - holes,
    outputBytes: inPlace === undefined
      ? index.size - holes - bytesOf("resumed")
      : Math.max(0, index.size - inPlace.size),
    cacheBytes: sources.cache === undefined ? 0 : fetch.storedBytes,
    whole: await wholeSize(plan, fetch.chunks === 0 ? [] : sources.stores, options),
    runs: runs.map(({ kind, ...run }) => ({ ...run, source: kind })),
    runPrecision: precision,
    oldVersions: old.versions,
    copies: old.copies,
    paths: most === undefined ? undefined : await pathCosts(plan, sources, { ...options, most }),
  };
}

type Sums = { -readonly [Key in keyof PlannedSource]: PlannedSource[Key] };

/** Chunks and bytes by source. */
async function sumUp(
  { index, old, origins, from, first, stored, patched, notFound, assumed }: ChunkPlan,
  signal: AbortSignal | undefined,
): Promise<{ planned: PlannedSource[]; unique: number }> {
  const planned = origins.map((origin, i): Sums => ({
    origin,
    chunks: 0,
    bytes: 0,
    movedBytes: origin.kind === "seed" ? old.movedBytes(origin.location) : 0,
    requests: notFound[i] + (patched.get(i)?.requests ?? 0),
    notFound: notFound[i],
    storedBytes: patched.get(i)?.bytes ?? 0,
    assumed: assumed[i],
  }));
  const yielder = new Yielder(signal);
  /** Chunks that a source without requests gives, which may give one several times. */
  const counted = new Uint8Array(index.count);
  let unique = 0;
  for (let i = 0; i < index.count; i++) {
    if (i % CHUNKS_PER_CHECK === 0) await yielder.yieldIfDue();
    const source = planned[from[i]];
    source.bytes += index.length(i);
    if (first[i] === i) unique++;
    const { kind } = source.origin;
    if (kind === "self") continue;
    const fetched = kind === "store" || kind === "cache";
    if (!fetched && kind !== "missing") {
      if (counted[first[i]] === 1) continue;
      counted[first[i]] = 1;
    }
    source.chunks++;
    if (!fetched) continue;
    source.requests++;
    if (stored[i] === UNKNOWN_STORED) source.storedBytes = undefined;
    else if (source.storedBytes !== undefined) source.storedBytes += stored[i];
  }
  return { planned, unique };
}

function fetchOf(planned: readonly PlannedSource[]): PlannedFetch {
  const stores = planned.filter(({ origin }) => origin.kind === "store" || origin.kind === "patched");
  const sum = (value: (source: PlannedSource) => number) => stores.reduce((sum, one) => sum + value(one), 0);
  return {
    chunks: sum(({ chunks }) => chunks),
    requests: sum(({ requests }) => requests),
    bytes: sum(({ bytes }) => bytes),
    storedBytes: stores.some(({ storedBytes }) => storedBytes === undefined)
      ? undefined
      : sum(({ storedBytes }) => storedBytes ?? 0),
  };
}
