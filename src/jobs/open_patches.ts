/** Delta files as sources of chunks: which of them are of use for an index, and old chunks for their frames. */
import { DesyncError, errorFromWire } from "../core/errors.ts";
import type { Codec } from "../codec/codec.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import { equalBytes } from "../core/bytes.ts";
import { Yielder } from "../core/yielder.ts";
import {
  type DeltaHead,
  deltaSuffix,
  isBaseOf,
  openDelta,
  readDeltaHead,
  targetDigestOf,
} from "../delta/delta_file.ts";
import { DeltaStore, type MakeFrame } from "../delta/delta_store.ts";
import type { DeltaFrame } from "../delta/frame_list.ts";
import { IdTable } from "../formats/index/id_table.ts";
import type { Index } from "../formats/index/index.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import type { ChunkStore, PatchStore, Sources } from "../stores/store.ts";
import { getFromSeed } from "../stores/wrappers/get_from_seed.ts";
import type { PatchBase, PatchingWorkers } from "../transfer/delta_messages.ts";
import type { SeedFile } from "../transfer/messages.ts";

/** A delta file that may be of use. */
export interface DeltaInput {
  /** What it is called. */
  readonly location: string;
  /** Its bytes. */
  readonly access: RandomAccess;
}

/** The same, and what it begins with, where that has been read. */
export interface ReadDelta extends DeltaInput {
  readonly head?: DeltaHead;
}

/**
 * An old version that is at hand: a file with its index, or a store that has its chunks. With neither it can only be planned
 * with: it counts as having all.
 */
export interface OldVersion {
  readonly index: Index;
  readonly file?: SeedFile;
  readonly store?: ChunkStore;
  /** The index of what it was before some of it was overwritten: deltas for that can be used as far as its chunks are left. */
  readonly was?: Index;
}

/** How deltas are used. */
export interface OpenPatchesOptions {
  readonly codec: Codec;
  /** Makes the frames. */
  readonly workers: PatchingWorkers;
  /** Looks whether something else that is at hand begins with an old version of so many bytes. */
  readonly findVersion?: (bytes: number) => Promise<OldVersion | undefined>;
  /** Called with the index of the old version that a delta is for, before anything is made of it. */
  readonly onBase?: (index: Index) => void;
  /** The chunk that no source has to have. */
  readonly zeros?: ZeroChunk;
  readonly signal?: AbortSignal;
  /** Called for bytes that were fetched. */
  readonly onFetched?: (location: string, bytes: number) => void;
  /** Gets what is wrong with a delta that is not used, or of which a part is of no use. */
  readonly onProblem?: (problem: DesyncError, location: string) => void;
}

/**
 * The deltas that make chunks of `index` out of what is at hand. One that cannot be read, is for other versions or invalid is
 * reported and left out. Throws `interrupted` alone.
 */
export async function openPatches(
  index: Index,
  deltas: readonly ReadDelta[],
  versions: readonly OldVersion[],
  options: OpenPatchesOptions,
): Promise<PatchStore[]> {
  const patches: PatchStore[] = [];
  for (const { location, access, head: known } of deltas) {
    try {
      const head = known ?? await readDeltaHead(access, options.codec, { signal: options.signal });
      patches.push(await openPatch(index, { location, access }, head, versions, options));
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
      options.onProblem?.(
        error.withContext({ action: "use", subject: `the delta ${location}` }),
        location,
      );
    }
  }
  return patches;
}

async function openPatch(
  index: Index,
  { location, access }: DeltaInput,
  head: DeltaHead,
  versions: readonly OldVersion[],
  options: OpenPatchesOptions,
): Promise<PatchStore> {
  const { codec, workers, zeros, onFetched, onProblem } = options;
  const { header } = head;
  const isTarget = header.digest === index.digest && header.targetCount === index.count &&
    equalBytes(targetDigestOf(index, codec), header.targetDigest);
  if (!isTarget) throw new DesyncError("mismatch", { reason: "it is for another new version" });
  const isBase = (index: Index | undefined) => index !== undefined && isBaseOf(index, head, codec);
  const findBase = () =>
    header.baseCount === 0 ? undefined : versions.flatMap(({ index, was }) => [index, was]).find(isBase);
  let base = findBase();
  if (header.baseCount > 0 && base === undefined) {
    const more = await options.findVersion?.(header.baseSize);
    if (more !== undefined) versions = [...versions, more];
    base = findBase();
  }
  if (base !== undefined) options.onBase?.(base);
  if (header.baseCount > 0 && base === undefined) {
    throw new DesyncError("mismatch", {
      reason: versions.length === 0
        ? "the old version that it is for is not at hand"
        : "it is for another old version than those at hand",
      hint: "name the old version with --seed",
    });
  }
  const delta = openDelta(head, base, codec);
  const bases = await OldChunks.find(delta.frames, base, versions, options.signal);
  const inVersions = versions.map(({ index: old }) => new IdTable(old.ids).find(index.ids));
  return new DeltaStore(delta, head, access, {
    location,
    make: frameMaker(bases, header.digest, workers),
    hasBase: (chunk) => bases.has(chunk),
    isNeeded: (chunk) =>
      zeros?.is(index.id(chunk), index.length(chunk)) !== true &&
      inVersions.every((found) => found[chunk] < 0),
    onFetched: onFetched && ((bytes) => onFetched(location, bytes)),
    onProblem: onProblem && ((problem) => onProblem(problem, location)),
  });
}

/** Old chunks by their numbers, and where they are. */
class OldChunks {
  readonly #index: Index | undefined;
  readonly #versions: readonly OldVersion[];
  /** For each version and old chunk the number of the same in the version. */
  readonly #found: readonly Int32Array[];
  /** Stores that have the chunk although no index says so. */
  readonly #isThere: Uint8Array;
  /** Chunks that were verified where they lie first. */
  readonly #verified: Uint8Array;

  private constructor(index: Index | undefined, versions: readonly OldVersion[]) {
    const count = index?.count ?? 0;
    this.#index = index;
    this.#versions = versions;
    this.#found = versions.map((version) =>
      index === undefined ? new Int32Array(0) : new IdTable(version.index.ids).find(index.ids)
    );
    this.#isThere = new Uint8Array(count);
    this.#verified = new Uint8Array(count);
  }

  /** Finds out which of those that the frames need are there. */
  static async find(
    frames: readonly DeltaFrame[],
    index: Index | undefined,
    versions: readonly OldVersion[],
    signal: AbortSignal | undefined,
  ): Promise<OldChunks> {
    const chunks = new OldChunks(index, versions);
    const yielder = new Yielder(signal);
    for (const { base } of frames) {
      for (const { first, count } of base) {
        for (let i = first; i < first + count; i++) await chunks.#look(i);
      }
      await yielder.yieldIfDue();
    }
    return chunks;
  }

  has(chunk: number): boolean {
    return this.#isThere[chunk] === 1;
  }

  async #look(chunk: number): Promise<void> {
    if (this.has(chunk)) return;
    for (const [i, { file, store }] of this.#versions.entries()) {
      const at = this.#found[i][chunk];
      if (at < 0 || this.#versions[i].index.length(at) !== this.#index!.length(chunk)) continue;
      if (file !== undefined || store === undefined || await store.has(this.#index!.id(chunk))) {
        this.#isThere[chunk] = 1;
        return;
      }
    }
  }

  /** What a worker needs to read it. */
  async forWorker(chunk: number, signal: AbortSignal): Promise<PatchBase> {
    const [id, size] = [this.#index!.id(chunk), this.#index!.length(chunk)];
    const places: { file: SeedFile; offset: number }[] = [];
    let given: PatchBase["given"];
    for (const [i, { index, file, store }] of this.#versions.entries()) {
      const at = this.#found[i][chunk];
      if (at < 0 || index.length(at) !== size) continue;
      if (file !== undefined) places.push({ file, offset: index.start(at) });
      else if (places.length === 0 && store !== undefined) {
        given ??= await getFromSeed(store, id, { signal }) ?? undefined;
      }
    }
    return { id, size, places, given, isVerified: this.#verified[chunk] === 1 };
  }

  setVerified(chunk: number): void {
    this.#verified[chunk] = 1;
  }
}

/** Has workers make frames. */
function frameMaker(bases: OldChunks, digest: Index["digest"], workers: PatchingWorkers): MakeFrame {
  return async ({ size, base }, frame, signal) => {
    const numbers = base.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
    const chunks = await Promise.all(numbers.map((chunk) => bases.forWorker(chunk, signal)));
    const { bytes, missing, verified, problem } = await workers.patch({ digest, frame, size, base: chunks });
    for (const i of verified) bases.setVerified(numbers[i]);
    if (problem !== undefined) throw errorFromWire(problem);
    return missing.length > 0 ? null : bytes ?? null;
  };
}

/** Old versions for which a delta is looked for: each may take a request. */
const MOST_LOOKED_FOR = 4;

/** The deltas to `index` from some of the old versions, as far as `find` finds them by what their names end with. */
export async function findDeltas(
  index: Index,
  versions: readonly Index[],
  codec: Codec,
  find: ((suffix: string) => Promise<DeltaInput | undefined>) | undefined,
): Promise<DeltaInput[]> {
  const alike = versions.filter(({ digest, count }) => digest === index.digest && count > 0);
  const suffixes = new Set(alike.slice(0, MOST_LOOKED_FOR).map((version) => deltaSuffix(version, codec)));
  const found = await Promise.all([...suffixes].map((suffix) => find?.(suffix)));
  return found.filter((delta) => delta !== undefined);
}

/**
 * Has the patches fetch what they need before it is asked for: for a blob of which nothing is there yet. Chunks that the cache
 * has will not be asked for; of one that cannot be looked at without requests that is not known.
 */
export async function expectAll(
  patches: readonly PatchStore[],
  { cache }: Pick<Sources, "cache">,
  signal?: AbortSignal,
): Promise<void> {
  if (cache !== undefined && cache.properties.directory === undefined) return;
  const expected = new Set<string>();
  for (const patch of patches) {
    const ids: string[] = [];
    for (const id of patch.neededIds()) {
      if (expected.has(id) || await cache?.has(id, { signal })) continue;
      expected.add(id);
      ids.push(id);
    }
    patch.expect(ids);
  }
}
