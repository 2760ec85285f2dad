/** Makes what is in a delta file: finds out which old chunks the new ones are like, and has them compressed. */
import { mapInOrder } from "../core/map_in_order.ts";
import { Progress } from "../core/progress.ts";
import type { DeltaHeader } from "../delta/delta_header.ts";
import { runsOfChunks, type WrittenFrame } from "../delta/frame_list.ts";
import { freshChunks } from "../delta/index_recipe.ts";
import { Likeness } from "../delta/likeness.ts";
import { baseOfFrame, fitsInFrame, plannedFrames } from "../delta/planned_frames.ts";
import { IdTable } from "../formats/index/id_table.ts";
import type { Index } from "../formats/index/index.ts";
import type { DeltaWorkers, VersionChunk } from "../transfer/delta_messages.ts";
import { GROUP_BYTES, GROUP_SPANS, grouped } from "../transfer/groups.ts";

/** One of the two versions. */
export interface Version {
  readonly index: Index;
  /** Where a chunk is, or its bytes. Of the old version some are asked for more than once, each for the first time in order. */
  readonly chunk: (i: number) => Promise<VersionChunk> | VersionChunk;
}

/** How a delta is made. */
export interface MakeDeltaOptions {
  /** zstd's level. */
  readonly level: number;
  readonly signal?: AbortSignal;
  /** Counts bytes of both versions' chunks that differ. */
  readonly progress?: Progress;
  /** Gets the frames, in their order. */
  readonly write: (frame: Uint8Array) => void;
}

/** What was made, but for the frames. */
export interface MadeDelta {
  readonly frames: readonly WrittenFrame[];
  readonly largest: Pick<DeltaHeader, "largestBase" | "largestFrame">;
  /** New chunks, and their bytes. */
  readonly chunks: number;
  readonly bytes: number;
  /** About what they take in a store. */
  readonly storedBytes: number;
  /** Bytes of all frames. */
  readonly framesBytes: number;
}

/** One shingle in 64, or fewer, so that the samples of all old chunks are no more than this. They take 16 bytes each. */
const SAMPLE_BITS = 6;
const MOST_SAMPLES = 6 * 1024 * 1024;
/** Of one frame in so many it is found out what its chunks would take in a store. */
const MEASURED = 8;
/** Frames at a time for each worker: some wait for the one before them. */
const FRAMES_PER_WORKER = 4;

/** Makes the frames for the chunks that `target` has and `base` lacks. Throws `mismatch`, `unsupported`, and what reading throws. */
export async function makeDelta(
  base: Version | undefined,
  target: Version,
  workers: DeltaWorkers,
  { level, signal, progress = new Progress(), write }: MakeDeltaOptions,
): Promise<MadeDelta> {
  const fresh = freshChunks(target.index, base?.index);
  const gone = base === undefined ? [] : goneChunks(base.index, target.index);
  const bytesOf = (index: Index, chunks: Iterable<number>) => {
    let sum = 0;
    for (const i of chunks) sum += index.length(i);
    return sum;
  };
  const goneBytes = base === undefined ? 0 : bytesOf(base.index, gone);
  const bytes = bytesOf(target.index, fresh);
  const sampleBits = SAMPLE_BITS +
    Math.max(0, Math.ceil(Math.log2(goneBytes / 2 ** SAMPLE_BITS / MOST_SAMPLES)));
  progress.total = goneBytes + bytes;
  const { digest } = target.index;
  const readAll = (version: Version, chunks: readonly number[]) =>
    Promise.all(chunks.map((i) => version.chunk(i)));
  const sketchAll = async (chunks: readonly VersionChunk[]) =>
    (await workers.sketch({ digest, chunks, sampleBits })).samples;

  const likeness = new Likeness();
  if (base !== undefined) {
    const sized = gone.map((i) => ({ i, size: base.index.length(i) }));
    const groups = grouped(sized, GROUP_SPANS, GROUP_BYTES);
    const sketches = mapInOrder(groups, 2 * workers.size, signal, async (group) => {
      const samples = await sketchAll(await readAll(base, group.map(({ i }) => i)));
      progress.done += group.reduce((sum, { size }) => sum + size, 0);
      return samples;
    });
    for await (const samples of sketches) for (const some of samples) likeness.add(some);
  }

  let frameCount = 0;
  const makeFrame = async (chunks: readonly number[]): Promise<MadeFrame> => {
    const measure = frameCount++ % MEASURED === 0;
    const size = bytesOf(target.index, chunks);
    if (!fitsInFrame(size)) {
      progress.done += size;
      return {
        written: { chunks: chunks.length, codec: "elsewhere", base: [], length: 0 },
        size,
        baseSize: 0,
        storedBytes: size,
        isSure: false,
      };
    }
    const isSketched = gone.length > 0;
    const read = await readAll(target, chunks);
    const samples = isSketched ? await sketchAll(read) : [];
    const chosen = samples.map((some) => likeness.choose(some).map((number) => gone[number]));
    const baseChunks = base === undefined ? [] : baseOfFrame(base.index, chosen, level);
    const readBase = base === undefined ? [] : await readAll(base, baseChunks);
    const { codec, frame, storedBytes, isSure } = await workers.frame({
      chunks: read,
      base: readBase,
      verifyBy: isSketched ? undefined : digest,
      level,
      measure,
    });
    const isPrefixed = codec === "prefixed";
    progress.done += size;
    return {
      written: {
        chunks: chunks.length,
        codec,
        base: isPrefixed ? runsOfChunks(baseChunks) : [],
        length: frame.length,
      },
      size,
      baseSize: isPrefixed ? bytesOf(base!.index, baseChunks) : 0,
      storedBytes,
      isSure,
      frame,
    };
  };
  const frames: WrittenFrame[] = [];
  let [largestBase, largestFrame, framesBytes] = [0, 0, 0];
  const stored = new StoredEstimate();
  const planned = plannedFrames(target.index, fresh);
  const made = mapInOrder(planned, FRAMES_PER_WORKER * workers.size, signal, makeFrame);
  for await (const { written, size, baseSize, storedBytes, isSure, frame } of made) {
    frames.push(written);
    if (frame !== undefined) {
      write(frame);
      largestFrame = Math.max(largestFrame, size);
    }
    largestBase = Math.max(largestBase, baseSize);
    stored.add(size, storedBytes, isSure);
    framesBytes += written.length;
  }
  await workers.release();
  progress.done = progress.total;
  return {
    frames,
    largest: { largestBase, largestFrame },
    chunks: fresh.length,
    bytes,
    storedBytes: stored.bytes,
    framesBytes,
  };
}

interface MadeFrame {
  readonly written: WrittenFrame;
  readonly size: number;
  readonly baseSize: number;
  readonly storedBytes?: number;
  readonly isSure: boolean;
  readonly frame?: Uint8Array;
}

/** What all chunks take in a store, where that is known of some of those for which it matters least. */
class StoredEstimate {
  #known = 0;
  #sampled = 0;
  #sampledStored = 0;
  #others = 0;

  add(size: number, storedBytes: number | undefined, isSure: boolean): void {
    if (storedBytes === undefined) this.#others += size;
    else if (isSure) {
      this.#sampled += size;
      this.#sampledStored += storedBytes;
    } else this.#known += storedBytes;
  }

  get bytes(): number {
    const all = this.#sampled + this.#others;
    const share = this.#sampled === 0 ? 1 : this.#sampledStored / this.#sampled;
    return this.#known + Math.round(all * share);
  }
}

/** Old chunks that the new version does not have, each once, in order: the new ones are like these. */
function goneChunks(base: Index, target: Index): number[] {
  const found = new IdTable(target.ids).find(base.ids);
  const first = base.firstOccurrences();
  const gone: number[] = [];
  for (let i = 0; i < base.count; i++) if (first[i] === i && found[i] < 0) gone.push(i);
  return gone;
}

/** The chunks of a version that lies in a file. */
export function versionInFile(index: Index, path: string): Version {
  const file = { path, displayName: path };
  return {
    index,
    chunk: (i) => ({
      id: index.id(i),
      size: index.length(i),
      place: { file, offset: index.start(i) },
    }),
  };
}

/** The chunks of a version that are read from somewhere else, verified. */
export function versionInStores(
  index: Index,
  read: (chunk: { readonly id: string; readonly size: number }) => Promise<Uint8Array>,
): Version {
  return {
    index,
    chunk: async (i) => {
      const chunk = { id: index.id(i), size: index.length(i) };
      return { ...chunk, bytes: await read(chunk) };
    },
  };
}
