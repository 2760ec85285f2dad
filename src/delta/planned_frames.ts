/** How new chunks are put together into frames, and how much of the old version a frame may refer to. */
import type { Index } from "../formats/index/index.ts";
import { MOST_FRAME_BYTES } from "./delta_header.ts";

/** Neighbours that are compressed together: fewer compress less and slower, more need too large a base. */
const MOST_CHUNKS = 8;
const MOST_BYTES = 2 * 1024 * 1024;

/**
 * Bytes of old chunks that zstd finds its way in: it does not notice copies in more than that, without an error (measured
 * with zstd 1.5.4: level 3 to 2 MiB, 9 to 4, 12 to 8, 19 to 32).
 */
const REACH_BYTES = 4 * 1024 * 1024;
const SHORT_REACH_BYTES = 2 * 1024 * 1024;
const SHORT_REACH_LEVELS = 8;

/** Whether a reader would take a frame with this chunk alone. */
export function fitsInFrame(size: number): boolean {
  return size <= MOST_FRAME_BYTES;
}

/** New chunks that are neighbours in the index, a few together, in order. One that is too large for a frame is alone. */
export function* plannedFrames(target: Index, fresh: Int32Array): Generator<number[]> {
  let frame: number[] = [];
  let bytes = 0;
  for (const chunk of fresh) {
    const size = target.length(chunk);
    const isFull = frame.length === MOST_CHUNKS || bytes + size > MOST_BYTES || frame.at(-1) !== chunk - 1;
    if (frame.length > 0 && isFull) {
      yield frame;
      frame = [];
      bytes = 0;
    }
    frame.push(chunk);
    bytes += size;
  }
  if (frame.length > 0) yield frame;
}

/** The old chunks for a frame, in the order of the old version: of each list the best first, as far as there is room. */
export function baseOfFrame(base: Index, chosen: readonly (readonly number[])[], level: number): number[] {
  const room = level <= SHORT_REACH_LEVELS ? SHORT_REACH_BYTES : REACH_BYTES;
  const chunks = new Set<number>();
  let bytes = 0;
  const deepest = Math.max(0, ...chosen.map(({ length }) => length));
  for (let rank = 0; rank < deepest; rank++) {
    for (const list of chosen) {
      const chunk = list[rank];
      if (chunk === undefined || chunks.has(chunk) || bytes + base.length(chunk) > room) continue;
      chunks.add(chunk);
      bytes += base.length(chunk);
    }
  }
  return [...chunks].sort((a, b) => a - b);
}
