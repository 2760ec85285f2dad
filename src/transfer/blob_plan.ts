/** Which chunks a blob needs and where each of them goes, in the order in which the blob first needs them. */
import type { ChunkId } from "../core/chunk.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index/index.ts";
import { FirstPart } from "./first_part.ts";
import { GROUP_BYTES } from "./groups.ts";
import type { ByteRange } from "./ports.ts";
import type { Assignment, SeedPlace, SeedRun } from "./seeds/assign.ts";

/** A place takes a call of the system, however small the chunk. */
const LEAST_WORK = 1024;
/** Offsets of a large chunk that are worth reading it for, as far as that does not take too long. */
const WORTHWHILE_PLACES = 16;
const LONGEST_BYTES = 64 * 1024 * 1024;

/** A chunk and its places in the blob: all of them, or a part of very many. */
export interface PlannedChunk {
  readonly id: ChunkId;
  readonly size: number;
  readonly offsets: number[];
  /** Where seeds should have it. */
  readonly places?: readonly SeedPlace[];
  /** Its bytes were cloned to some of its places in the blob, unverified. */
  readonly cloned?: boolean;
  /** For the first part of the places where there are others. */
  readonly leads?: FirstPart;
  /** For the others. */
  readonly follows?: FirstPart;
}

/** How much work a chunk is, in bytes. */
export function workOf({ size, offsets }: PlannedChunk): number {
  return offsets.length * Math.max(size, LEAST_WORK);
}

/** Offsets in one part. */
function placesInPart(size: number): number {
  const bytes = Math.max(GROUP_BYTES, Math.min(WORTHWHILE_PLACES * size, LONGEST_BYTES));
  return Math.max(1, Math.floor(bytes / Math.max(size, LEAST_WORK)));
}

/** A plan for one index: 8 bytes a chunk besides the index, however large the blob. */
export class BlobPlan {
  readonly #index: Index;
  /** For each chunk the first of the same id. */
  readonly #first: Int32Array;
  /** For each chunk the next of the same id, -1 at the last. */
  readonly #next: Int32Array;
  /** The first occurrence of the chunk that is omitted, -1 without one. */
  readonly #skipped: number;
  readonly #seeds: Assignment | undefined;
  /** For each chunk whether its bytes are cloned. */
  #cloned: Uint8Array | undefined;
  /** For each chunk whether it is where it has to be. */
  #done: Uint8Array | undefined;

  /** The chunk `skip` is left out. */
  constructor(index: Index, skip?: ZeroChunk, seeds?: Assignment) {
    this.#index = index;
    this.#first = index.firstOccurrences();
    this.#next = linkRepeats(this.#first);
    this.#skipped = skip === undefined ? -1 : this.#firstOf(skip);
    this.#seeds = seeds;
  }

  /** What comes from seeds and is not left out. */
  runs(): Iterable<SeedRun> {
    return this.#seeds?.runs((i) => this.#skips(i)) ?? [];
  }

  /** Notes whether the bytes of a run are cloned: they need no room, and count as soon as they are verified. */
  setCloned({ first, end }: SeedRun, isCloned: boolean): void {
    this.#cloned ??= new Uint8Array(this.#index.count);
    this.#cloned.fill(isCloned ? 1 : 0, first, end);
  }

  /** Notes, for each chunk of the index, with 1 that it is where it has to be: {@linkcode chunks} leaves these places out. */
  setDone(done: Uint8Array): void {
    this.#done = done;
  }

  /**
   * The different chunks. One with very many places comes in parts, one right after the other: no part that follows is in
   * a group (groups.ts, by their work) with the one that leads.
   */
  *chunks(): Generator<PlannedChunk> {
    for (let i = 0; i < this.#index.count; i++) {
      if (this.#first[i] === i && !this.#skips(i)) yield* this.#parts(i);
    }
  }

  *#parts(first: number): Generator<PlannedChunk> {
    const chunk = { id: this.#index.id(first), size: this.#index.length(first), ...this.#seeded(first) };
    const most = placesInPart(chunk.size);
    let follows: FirstPart | undefined;
    let offsets: number[] = [];
    for (let at = first; at >= 0; at = this.#next[at]) {
      if (this.#done?.[at] === 1) continue;
      if (offsets.length === most) {
        if (follows === undefined) {
          follows = new FirstPart(offsets[0]);
          yield { ...chunk, offsets, leads: follows };
        } else yield { ...chunk, offsets, follows };
        offsets = [];
      }
      offsets.push(this.#index.start(at));
    }
    if (offsets.length === 0) return;
    yield follows === undefined ? { ...chunk, offsets } : { ...chunk, offsets, follows };
  }

  /** What seeds have to do with a chunk. */
  #seeded(first: number): Pick<PlannedChunk, "places" | "cloned"> {
    if (!this.#seeds?.has(first)) return {};
    const places = this.#seeds.places(first);
    for (let at = first; this.#cloned !== undefined && at >= 0; at = this.#next[at]) {
      if (this.#cloned[at] !== 0) return { places, cloned: true };
    }
    return { places };
  }

  #firstOf(chunk: ZeroChunk): number {
    for (let i = 0; i < this.#index.count; i++) {
      if (this.#first[i] !== i || this.#index.length(i) !== chunk.size) continue;
      if (chunk.is(this.#index.id(i), chunk.size)) return i;
    }
    return -1;
  }

  /** The parts of the blob that need room: those neither left out nor cloned, joined where they touch. */
  ranges(): Iterable<ByteRange> {
    return this.#rangesOf((i) => !this.#skips(i) && this.#cloned?.[i] !== 1);
  }

  /** The parts of the blob that are left out, joined where they touch. */
  omittedRanges(): Iterable<ByteRange> {
    return this.#rangesOf((i) => this.#skips(i));
  }

  /** The parts of the blob with those chunks. */
  *#rangesOf(has: (chunk: number) => boolean): Generator<ByteRange> {
    let start = -1;
    for (let i = 0; i <= this.#index.count; i++) {
      const isIn = i < this.#index.count && has(i);
      if (isIn && start < 0) start = this.#index.start(i);
      if (!isIn && start >= 0) {
        yield { offset: start, length: this.#index.start(i) - start };
        start = -1;
      }
    }
  }

  #skips(i: number): boolean {
    return this.#first[i] === this.#skipped;
  }
}

function linkRepeats(first: Int32Array): Int32Array {
  const next = new Int32Array(first.length).fill(-1);
  const last = new Int32Array(first.length);
  for (let i = 0; i < first.length; i++) {
    if (first[i] !== i) next[last[first[i]]] = i;
    last[first[i]] = i;
  }
  return next;
}
