/**
 * The bytes of a delta's frames. They are fetched in parts of the file of many frames each, and each frame is given out as soon
 * as its own bytes have come. Frames that are expected are fetched before they are requested, so that the link is not idle
 * while others are made.
 */
import { DesyncError } from "../core/errors.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import type { PatchFetch } from "../stores/store.ts";
import { retrying, type RetryOptions } from "../stores/wrappers/retry.ts";
import type { DeltaHead } from "./delta_file.ts";
import type { DeltaFrame } from "./frame_list.ts";

/** Frames that lie together are fetched together, up to so many bytes. */
const RANGE_BYTES = 1024 * 1024;
/** Parts that are fetched at a time before they are asked for: more would compete with those that are needed first. */
const AHEAD = 3;
/** Bytes of frames that have not been asked for and are fetched all the same. */
const AHEAD_BYTES = 8 * 1024 * 1024;
/** Bytes of fetched frames that are kept: where some are never requested, the oldest are dropped. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What breaks off is requested again from there on. What does not begin has been retried already. */
const RETRY: RetryOptions = { retries: 2, baseIntervalMs: 0 };
/** As often as it likes, as long as so many bytes come between two times. */
const PROGRESS_BYTES = 16 * 1024;

/** A part of the file, and the frames in it that are used. */
interface FileRange {
  readonly start: number;
  end: number;
  readonly frames: number[];
  isBegun: boolean;
}

/** A frame's bytes as they come. */
interface ComingFrame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly whole: PromiseWithResolvers<Uint8Array<ArrayBuffer>>;
}

/** Frames by their numbers in the delta. */
export class FrameBytes {
  readonly #frames: readonly DeltaFrame[];
  readonly #head: DeltaHead;
  readonly #access: RandomAccess;
  readonly #onFetched: ((bytes: number) => void) | undefined;
  readonly #ranges: FileRange[] = [];
  /** For each frame the part that has it; `undefined` where the frame is not used. */
  readonly #rangeOf: (FileRange | undefined)[] = [];
  /** Frames that were begun and not yet asked for, the oldest first. */
  readonly #coming = new Map<number, ComingFrame>();
  #comingBytes = 0;
  /** Parts that are expected and were not begun, in the order of the file. */
  #expected: FileRange[] = [];
  #fetchedAhead = 0;
  readonly #stop = new AbortController();

  /** `isUsed` says which frames will ever be asked for. */
  constructor(
    frames: readonly DeltaFrame[],
    isUsed: (frame: DeltaFrame) => boolean,
    head: DeltaHead,
    access: RandomAccess,
    onFetched?: (bytes: number) => void,
  ) {
    this.#frames = frames;
    this.#head = head;
    this.#access = access;
    this.#onFetched = onFetched;
    for (const [number, frame] of frames.entries()) {
      this.#rangeOf.push(isUsed(frame) ? this.#rangeWith(number, frame) : undefined);
    }
  }

  #rangeWith(number: number, { offset, length }: DeltaFrame): FileRange {
    let range = this.#ranges.at(-1);
    if (range === undefined || range.end !== offset || offset + length - range.start > RANGE_BYTES) {
      range = { start: offset, end: offset, frames: [], isBegun: false };
      this.#ranges.push(range);
    }
    range.end += length;
    range.frames.push(number);
    return range;
  }

  /** Whether the frame can be had. */
  has(frame: number): boolean {
    return this.#rangeOf[frame] !== undefined;
  }

  /** What will be fetched for these frames, the head included. */
  plannedFetch(frames: Iterable<number>): PatchFetch {
    const { fetchedBytes, requests } = this.#head;
    const ranges = new Set<FileRange>();
    for (const frame of frames) {
      const range = this.#rangeOf[frame];
      if (range !== undefined) ranges.add(range);
    }
    const fetch = { requests, bytes: fetchedBytes };
    for (const { start, end } of ranges) {
      const from = Math.max(start, this.#atHand);
      if (from >= end) continue;
      fetch.requests++;
      fetch.bytes += end - from;
    }
    return fetch;
  }

  /** These frames will be asked for: they are fetched before, a few parts at a time. */
  expect(frames: Iterable<number>): void {
    const ranges = new Set(this.#expected);
    for (const frame of frames) {
      const range = this.#rangeOf[frame];
      if (range !== undefined && !range.isBegun) ranges.add(range);
    }
    this.#expected = [...ranges].sort((a, b) => a.start - b.start);
    this.#fetchAhead();
  }

  /** The frame's bytes, which are the caller's. Throws what fetching throws. */
  async read(frame: number): Promise<Uint8Array<ArrayBuffer>> {
    const range = this.#rangeOf[frame];
    if (range === undefined) throw new RangeError("this frame is not used");
    if (!range.isBegun) this.#begin(range);
    let coming = this.#coming.get(frame);
    if (coming === undefined) {
      // It was given out before.
      const { offset, length } = this.#frames[frame];
      this.#begin({ start: offset, end: offset + length, frames: [frame], isBegun: false });
      coming = this.#coming.get(frame)!;
    }
    this.#forget(frame);
    this.#fetchAhead();
    return await coming.whole.promise;
  }

  #forget(frame: number): void {
    if (this.#coming.delete(frame)) this.#comingBytes -= this.#frames[frame].length;
  }

  /** Bytes of the file that came with the head. */
  get #atHand(): number {
    return this.#head.start.length;
  }

  #fetchAhead(): void {
    while (this.#fetchedAhead < AHEAD && !this.#stop.signal.aborted) {
      const [next] = this.#expected;
      if (next === undefined) return;
      if (!next.isBegun && this.#comingBytes + next.end - next.start > AHEAD_BYTES) return;
      this.#expected.shift();
      if (next.isBegun) continue;
      this.#fetchedAhead++;
      this.#begin(next).finally(() => {
        this.#fetchedAhead--;
        this.#fetchAhead();
      });
    }
  }

  /** Fetches a part. Returns when that has ended, in whatever way: its frames say how. */
  async #begin(range: FileRange): Promise<void> {
    range.isBegun = true;
    const coming = range.frames.map((frame): ComingFrame => {
      const one = {
        bytes: new Uint8Array(this.#frames[frame].length),
        whole: Promise.withResolvers<Uint8Array<ArrayBuffer>>(),
      };
      one.whole.promise.catch(() => {}); // some are never asked for
      this.#coming.set(frame, one);
      this.#comingBytes += one.bytes.length;
      return one;
    });
    for (const oldest of this.#coming.keys()) {
      if (this.#comingBytes <= MOST_BYTES || range.frames.includes(oldest)) break;
      this.#forget(oldest);
    }
    try {
      await this.#fetch(range, coming);
    } catch (error) {
      for (const { whole } of coming) whole.reject(error);
      // The others would take their time to fail, too.
      this.#expected = [];
    }
  }

  async #fetch({ start, end }: FileRange, coming: readonly ComingFrame[]): Promise<void> {
    let next = 0;
    let filled = 0;
    let at = start;
    const take = (piece: Uint8Array) => {
      at += piece.length;
      for (let from = 0; from < piece.length;) {
        const { bytes, whole } = coming[next];
        const part = piece.subarray(from, from + bytes.length - filled);
        bytes.set(part, filled);
        from += part.length;
        filled += part.length;
        if (filled < bytes.length) continue;
        whole.resolve(bytes);
        next++;
        filled = 0;
      }
    };
    take(this.#head.start.subarray(start, end));
    const { signal } = this.#stop;
    if (at < end) {
      let before = at;
      const cameFurther = () => {
        if (at - before < PROGRESS_BYTES) return false;
        before = at;
        return true;
      };
      const fetchRest = async () => {
        for await (const piece of this.#access.pieces(at, end, { signal })) {
          this.#onFetched?.(piece.length);
          if (at + piece.length > end) {
            throw new DesyncError("store", { reason: "more came than was asked for" });
          }
          take(piece);
        }
        if (at < end) {
          throw new DesyncError("store", { reason: `it broke off ${end - at} bytes early`, retriable: true });
        }
      };
      await retrying(RETRY, signal, fetchRest, cameFurther);
    }
  }

  /** Ends what is being fetched. */
  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
