/** The list of a delta's frames: which new chunks each makes, of which old ones, and where it is in the file. */
import type { Index } from "../formats/index/index.ts";
import { type DeltaHeader, framesAt } from "./delta_header.ts";
import { invalidDelta } from "./invalid_delta.ts";
import type { MadeIndex } from "./index_recipe.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

/** How the chunks of a frame are made. */
export type FrameCodec =
  /** zstd, with old chunks as the prefix. */
  | "prefixed"
  /** zstd alone. */
  | "alone"
  /** Not here: these chunks come from stores. */
  | "elsewhere";

/** By their numbers in the file. */
const CODECS: readonly FrameCodec[] = ["prefixed", "alone", "elsewhere"];

/** Old chunks that follow each other. */
export interface BaseRun {
  readonly first: number;
  readonly count: number;
}

/** What a writer says of a frame: in the order of the blob, they make all new chunks. */
export interface WrittenFrame {
  /** How many new chunks it makes. */
  readonly chunks: number;
  readonly codec: FrameCodec;
  /** The old chunks that it needs, in the order of the old version, each once. */
  readonly base: readonly BaseRun[];
  /** Its bytes in the file. */
  readonly length: number;
}

/** What a reader knows of one. */
export interface DeltaFrame extends Omit<WrittenFrame, "chunks"> {
  /** The chunks that it makes, one after the other, by their numbers in the new index. */
  readonly chunks: readonly number[];
  /** Their bytes. */
  readonly size: number;
  /** Bytes of the old chunks. */
  readonly baseSize: number;
  /** Where it is in the file. */
  readonly offset: number;
}

/**
 * Bytes that a frame with so much content has at most: what does not compress becomes a little longer. Nothing longer is
 * fetched.
 */
export function longestFrame(size: number): number {
  return size + Math.floor(size / 128) + 512;
}

/** Runs of numbers that grow. */
export function runsOfChunks(chunks: readonly number[]): BaseRun[] {
  const runs: { first: number; count: number }[] = [];
  for (const chunk of chunks) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === chunk) last.count++;
    else runs.push({ first: chunk, count: 1 });
  }
  return runs;
}

export function writeFrameList(frames: readonly WrittenFrame[]): Uint8Array<ArrayBuffer> {
  const writer = new VarintWriter();
  let expected = 0;
  for (const { chunks, codec, base, length } of frames) {
    writer.number(chunks);
    writer.byte(CODECS.indexOf(codec));
    if (codec === "elsewhere") continue;
    if (codec === "prefixed") {
      writer.number(base.length);
      for (const { first, count } of base) {
        writer.signed(first - expected);
        writer.number(count);
        expected = first + count;
      }
    }
    writer.number(length);
  }
  return writer.build();
}

/** The frames; `base` is the old version, `undefined` where none is needed. Throws `invalid-delta`. */
export function readFrameList(
  list: Uint8Array,
  header: DeltaHeader,
  { index, fresh }: MadeIndex,
  base: Index | undefined,
): DeltaFrame[] {
  const reader = new VarintReader(list);
  const frames: DeltaFrame[] = [];
  let expected = 0;
  let offset = framesAt(header);
  for (let at = 0; at < fresh.length;) {
    const count = reader.number(fresh.length - at);
    if (count < 1) throw invalidDelta("a frame has no chunks");
    const codec = CODECS[reader.byte()];
    if (codec === undefined) throw invalidDelta("a frame is of an unknown kind");
    const chunks = [...fresh.subarray(at, at += count)];
    const size = codec === "elsewhere" ? 0 : chunks.reduce((sum, i) => sum + index.length(i), 0);
    if (size > header.largestFrame) throw invalidDelta("a frame makes more than its header says");
    const runs: BaseRun[] = [];
    let baseSize = 0;
    if (codec === "prefixed") {
      const runCount = reader.number(header.baseCount);
      if (runCount < 1) throw invalidDelta("a frame has no old chunks");
      let end = 0;
      while (runs.length < runCount) {
        const first = expected + reader.signed();
        const length = reader.number(header.baseCount);
        if (first < end || length < 1 || first + length > header.baseCount) {
          throw invalidDelta("a frame has old chunks that are not there, or out of order");
        }
        runs.push({ first, count: length });
        expected = end = first + length;
        if (base !== undefined) baseSize += base.ends[end - 1] - base.start(first);
      }
      if (baseSize > header.largestBase) throw invalidDelta("a frame needs more than its header says");
    }
    const length = codec === "elsewhere" ? 0 : reader.number(header.framesBytes);
    if (codec !== "elsewhere" && length < 1) throw invalidDelta("a frame is empty");
    if (length > longestFrame(size)) throw invalidDelta("a frame is longer than what it makes");
    frames.push({ chunks, codec, base: runs, size, baseSize, offset, length });
    offset += length;
  }
  if (!reader.isAtEnd) throw invalidDelta("something follows its list of frames");
  if (offset !== framesAt(header) + header.framesBytes) {
    throw invalidDelta("its frames are not as long as its header says");
  }
  return frames;
}
