/**
 * Builds a blob in a file. Workers read, verify and write; this side decides what is asked where, and fetches what is
 * not on this machine.
 */
import type { Index } from "../formats/index.ts";
import { missingChunk } from "../stores/chain.ts";
import { Limiter, type LimiterOptions } from "../stores/limiter.ts";
import type { ChunkStore, Sources } from "../stores/store.ts";
import type { AssembleItem, FolderSource, Origin } from "../workers/messages.ts";
import { inLanes } from "./lanes.ts";
import { type BlobPlan, grouped, type PlannedChunk } from "./plan.ts";
import type { BlobTarget, Workers } from "./ports.ts";
import { Progress } from "./progress.ts";
import { type Stage, stagesOf } from "./stages.ts";

/** Chunks that a worker takes at a time when it reads them itself. */
const LOCAL_GROUP = 64;
/** Chunks that are fetched and handed over together. */
const REMOTE_GROUP = 8;
/** Bytes of chunks in one group, and in all groups that are being fetched: what memory is bounded by. */
const GROUP_BYTES = 4 * 1024 * 1024;
const FETCH_BYTES = 48 * 1024 * 1024;

/** What an extraction may be given. */
export interface ExtractOptions {
  /** Stops the work; the target is discarded. */
  readonly signal?: AbortSignal;
  /** Counted up while the work goes on. */
  readonly progress?: Progress;
  /** Bounds of the requests in flight to each store. */
  readonly limits?: LimiterOptions;
  /** First look whether the target holds the right bytes already. */
  readonly probeTarget?: boolean;
}

/** Writes the blob to the target and makes it count. On any failure the target is discarded and the error thrown. */
export async function extractBlob(
  index: Index,
  plan: BlobPlan,
  sources: Sources,
  target: BlobTarget,
  workers: Workers,
  options: ExtractOptions = {},
): Promise<void> {
  const extraction = new Extraction(index, sources, target, workers, options);
  try {
    await extraction.run(plan);
    await workers.release();
    target.commit();
  } catch (error) {
    await workers.release().catch(() => {});
    target.discard();
    throw error;
  }
}

class Extraction {
  readonly #index: Index;
  readonly #sources: Sources;
  readonly #target: BlobTarget;
  readonly #workers: Workers;
  readonly #options: ExtractOptions;
  readonly #progress: Progress;
  readonly #stages: Stage[];
  readonly #limiters = new Map<ChunkStore, Limiter>();

  constructor(index: Index, sources: Sources, target: BlobTarget, workers: Workers, options: ExtractOptions) {
    this.#index = index;
    this.#sources = sources;
    this.#target = target;
    this.#workers = workers;
    this.#options = options;
    this.#progress = options.progress ?? new Progress();
    this.#stages = stagesOf(sources);
    for (const stage of this.#stages) {
      if (stage.kind === "store") this.#limiters.set(stage.store, new Limiter(options.limits));
    }
  }

  async run(plan: BlobPlan): Promise<void> {
    this.#progress.total = this.#index.size;
    const remote = this.#stages.some((stage) => stage.kind === "store");
    const groups = grouped(plan.chunks(), remote ? REMOTE_GROUP : LOCAL_GROUP, GROUP_BYTES);
    const lanes = remote ? this.#remoteLanes() : 2 * this.#workers.size;
    await inLanes(groups, lanes, this.#options.signal, (group, signal) => this.#extract(group, signal));
    // What the plan leaves out is zeros, which the target holds already.
    const zeros = this.#index.size - this.#progress.done;
    if (zeros > 0) this.#progress.add("zeros", 0, zeros, 0);
  }

  /** Enough groups at a time to keep the allowed requests busy, as far as memory goes. */
  #remoteLanes(): number {
    const usual = Math.max(REMOTE_GROUP * this.#index.sizes.avg, this.#index.sizes.max);
    const most = Math.max(2, Math.floor(FETCH_BYTES / usual));
    const requests = Math.max(...[...this.#limiters.values()].map((limiter) => limiter.max));
    return Math.min(2 + Math.ceil((1.5 * requests) / REMOTE_GROUP), most);
  }

  /** Takes a group through the stages until every chunk is written. */
  async #extract(group: PlannedChunk[], signal: AbortSignal): Promise<void> {
    let rest: PlannedChunk[] = group;
    if (this.#options.probeTarget) rest = await this.#assemble(rest, []);
    for (const stage of this.#stages) {
      if (rest.length === 0) return;
      rest = stage.kind === "folders"
        ? await this.#assemble(rest, stage.folders)
        : await this.#fetch(rest, stage.store, signal);
    }
    if (rest.length > 0) throw missingChunk(rest[0].id, this.#sources);
  }

  /** Asks a store for the chunks and has those written that it gave. Returns the others. */
  async #fetch(group: PlannedChunk[], store: ChunkStore, signal: AbortSignal): Promise<PlannedChunk[]> {
    const limiter = this.#limiters.get(store)!;
    const answers = await allOrFirstFailure(
      group.map(({ id }) => limiter.run(() => store.get(id, signal), (stored) => stored?.bytes.length ?? 0)),
    );
    const given: AssembleItem[] = [];
    const missing: PlannedChunk[] = [];
    for (const [i, chunk] of group.entries()) {
      const stored = answers[i];
      if (stored === null) missing.push(chunk);
      else given.push({ ...chunk, given: stored, givenBy: store.location });
    }
    if (given.length > 0) await this.#assemble(given, []);
    return missing;
  }

  /** Has a worker write the chunks, given ones or those in the folders. Returns the ones it did not find. */
  async #assemble<T extends AssembleItem>(items: T[], folders: readonly FolderSource[]): Promise<T[]> {
    const { origins, storedBytes } = await this.#workers.assemble({
      digest: this.#index.digest,
      target: this.#target.path,
      sparse: this.#target.sparse,
      probeTarget: this.#options.probeTarget === true && folders.length === 0,
      folders,
      fill: this.#sources.cache?.folder,
      items,
    });
    const missing: T[] = [];
    for (const [i, item] of items.entries()) {
      const origin = origins[i];
      if (origin === "missing") missing.push(item);
      else this.#count(originName(origin, item, folders), item, storedBytes[i]);
    }
    return missing;
  }

  #count(name: string, item: AssembleItem, storedBytes: number): void {
    this.#progress.add(name, 1, item.size * item.offsets.length, storedBytes);
  }
}

function originName(
  origin: Exclude<Origin, "missing">,
  item: AssembleItem,
  folders: readonly FolderSource[],
): string {
  if (origin === "target") return "the target itself";
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
