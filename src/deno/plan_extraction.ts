/** What `extractToFile` would do, without doing it. */
import { toHex } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import { Progress } from "../core/progress.ts";
import type { Index } from "../formats/index/index.ts";
import { chunksAtTheirPlaces, type IndexSpan, type KnownParts } from "../jobs/compare.ts";
import { planMoves } from "../jobs/move_within.ts";
import type { PlacedRun, PlanSeed } from "../jobs/plan/chunk_plan.ts";
import { type UpdatePlan, updatePlan, type UpdatePlanOptions } from "../jobs/plan/update_plan.ts";
import type { Sources } from "../stores/store.ts";
import type { Workers } from "../transfer/ports.ts";
import { WorkerPool } from "../workers/pool.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import type { ExtractToFileOptions } from "./extract_to_file.ts";
import { Holes } from "./files/holes.ts";
import { inspectSource, SourceFile } from "./files/source_file.ts";
import { usefulSize } from "./output/blob_target.ts";
import { sizeOfPartialFile } from "./output/partial_file.ts";
import { partialKey, partialPath } from "./output/temporary_names.ts";
import { RawFile } from "./system/libc.ts";
import { patchesFor } from "./patches_for.ts";
import { type Preparation, prepareExtraction } from "./prepare_extraction.ts";
import type { OpenedSeed } from "./seeds/blob_seed.ts";
import { OverwrittenVersion } from "./seeds/overwritten_version.ts";

/** What {@linkcode planExtraction} may be given. */
export type PlanExtractionOptions = Pick<
  ExtractToFileOptions,
  | "inPlace"
  | "threads"
  | "seeds"
  | "outputAsSeed"
  | "deltas"
  | "findDelta"
  | "onDeltaProblem"
  | "invalidSeeds"
  | "seedIndexes"
  | "onSeedProblem"
  | "onPhase"
  | "signal"
  | "progress"
>;

/**
 * What {@linkcode extractToFile} would fetch, copy and write, if it were called with the same values now. Nothing is fetched or
 * written, but for `seedIndexes`: files of this machine are read, and cut if they are seeds without an index; stores are
 * asked what they have.
 *
 * Throws {@linkcode DesyncError}: `store`, `timeout`, `io`, `usage`, `interrupted`.
 *
 * @example What there is to fetch for a file that is there already
 * ```ts
 * import { parseIndex } from "@desync/desync";
 * import { extractToFile, LocalStore, planExtraction } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const sources = { stores: [new LocalStore("testdata/casync-zstd.castr")] };
 * const before = await planExtraction(index, sources, `${directory}/blob`);
 * await extractToFile(index, sources, `${directory}/blob`);
 * const after = await planExtraction(index, sources, `${directory}/blob`);
 * if (before.fetch.chunks === 0 || after.fetch.chunks !== 0) throw new Error("it was there after the first time");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function planExtraction(
  index: Index,
  sources: Sources,
  path: string,
  options: PlanExtractionOptions = {},
): Promise<UpdatePlan> {
  const { threads, signal, progress = new Progress() } = options;
  using pool = new WorkerPool(threads);
  const planning = { codec: nativeCodec, signal };
  const prepared = await prepareExtraction(index, sources, path, pool, {
    ...options,
    progress,
    dryRun: true,
  });
  if (prepared.upToDate) {
    const placed: PlacedRun[] = [{ first: 0, count: index.count, kind: "in place" }];
    return await updatePlan(index, sources, { ...planning, placed, inPlace: { size: index.size } });
  }
  const { seedPlan, writesInPlace } = prepared;
  const placing = writesInPlace
    ? await placesInPlace(index, path, pool, prepared, { signal, progress })
    : await placesInPartialFile(index, path, pool, { signal, progress });
  seedPlan.plan();
  const patches = await patchesFor(index, seedPlan.seeds, pool, {
    ...options,
    progress: undefined,
    sources,
    zeros: prepared.zeros,
    overwritten: prepared.looksForMoves ? new OverwrittenVersion(path, index, pool, options) : undefined,
    dryRun: true,
  });
  await pool.release();
  return await updatePlan(index, { ...sources, patches }, {
    ...planning,
    seeds: named(seedPlan.seeds),
    ...placing,
  });
}

/** What the options of a plan say about the output. */
type Placing = Pick<UpdatePlanOptions, "placed" | "placedIsAll" | "inPlace">;

/** How files are looked at. */
interface LookOptions {
  readonly signal?: AbortSignal;
  readonly progress: Progress;
}

/** What the output has already, and what can be moved within it. */
async function placesInPlace(
  index: Index,
  path: string,
  pool: Workers,
  { zeros, looksForMoves, onCut }: Preparation & { readonly upToDate: false },
  options: LookOptions,
): Promise<Placing> {
  const { size, isDevice } = outputAt(path);
  const inPlace = { size };
  using known = size < index.size ? new ZerosBehind(path, size, index.digest) : undefined;
  if (!looksForMoves || size === 0) {
    const found = await chunksAtTheirPlaces(path, index, pool, { ...options, known });
    return { placed: runsOf(found, "in place"), inPlace };
  }
  const moving = { ...options, zeros, onCut, known };
  const useful = usefulSize(size, index.size, isDevice);
  const { done, moves, order } = await planMoves(index, path, useful, pool, moving);
  const moved = new Uint8Array(index.count);
  const dropped = new Set(order.dropped);
  for (const [i, { chunks }] of moves.entries()) {
    if (!dropped.has(i)) { for (const chunk of chunks) moved[chunk] = 1; }
  }
  return { placed: [...runsOf(done, "in place"), ...runsOf(moved, "self")], placedIsAll: true, inPlace };
}

/** What an interrupted run has written, if the next one would go on from there. */
async function placesInPartialFile(
  index: Index,
  path: string,
  pool: Workers,
  options: LookOptions,
): Promise<Placing> {
  const partial = partialPath(path, await partialKey(index));
  const size = sizeOfPartialFile(partial);
  if (size === undefined) return {};
  using known = new Unwritten(partial, size, index.digest);
  const found = await chunksAtTheirPlaces(partial, index, pool, { ...options, known });
  return { placed: runsOf(found, "resumed") };
}

/** A file, or none, that will be continued by zeros. */
class ZerosBehind implements KnownParts, Disposable {
  readonly #size: number;
  readonly #digest: DigestName;
  readonly #file: SourceFile | undefined;

  constructor(path: string, size: number, digest: DigestName) {
    this.#size = size;
    this.#digest = digest;
    this.#file = size === 0 ? undefined : new SourceFile(path);
  }

  readonly covers = ({ offset, size }: IndexSpan): boolean => offset + size > this.#size;

  readonly has = ({ id, offset, size }: IndexSpan): boolean => {
    const bytes = new Uint8Array(size);
    if (offset < this.#size) this.#file?.read(bytes.subarray(0, this.#size - offset), offset);
    return toHex(nativeCodec.digest(this.#digest, bytes)) === id;
  };

  [Symbol.dispose](): void {
    this.#file?.close();
  }
}

/** What an interrupted run has not written, which the next one fetches: it does not read holes either. */
class Unwritten implements KnownParts, Disposable {
  readonly #behind: ZerosBehind;
  readonly #holes: Holes;

  constructor(path: string, size: number, digest: DigestName) {
    this.#behind = new ZerosBehind(path, size, digest);
    // Room was reserved for them: the file takes as much as if it had none.
    this.#holes = new Holes(RawFile.openToRead(path));
  }

  readonly covers = (span: IndexSpan): boolean => this.#isHole(span) || this.#behind.covers(span);

  readonly has = (span: IndexSpan): boolean => !this.#isHole(span) && this.#behind.has(span);

  #isHole({ offset, size }: IndexSpan): boolean {
    return this.#holes.covers(offset, size);
  }

  [Symbol.dispose](): void {
    this.#behind[Symbol.dispose]();
    this.#holes[Symbol.dispose]();
  }
}

/** The chunks that are where they belong. */
function runsOf(found: Uint8Array, kind: PlacedRun["kind"]): PlacedRun[] {
  const runs: PlacedRun[] = [];
  for (let first = 0; first < found.length;) {
    let end = first + 1;
    while (end < found.length && found[end] === found[first]) end++;
    if (found[first] === 1) runs.push({ first, count: end - first, kind });
    first = end;
  }
  return runs;
}

function named(seeds: readonly OpenedSeed[]): PlanSeed[] {
  return seeds.map(({ file, index }) => ({ location: file.displayName, index }));
}

/** The file or block device; of no bytes when it is not there. Throws `io`, `usage`. */
function outputAt(path: string): { readonly size: number; readonly isDevice: boolean } {
  try {
    return inspectSource(path);
  } catch (error) {
    if (error instanceof DesyncError && error.code === "missing-file") return { size: 0, isDevice: false };
    throw error;
  }
}
