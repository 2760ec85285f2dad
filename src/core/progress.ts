/** How far a job is: plain numbers that the job updates and that may be read at any time. */

import type { Origin } from "./origin.ts";

/** What one source has given. */
export interface SourceCount {
  /** Where the bytes came from. */
  readonly origin: Origin;
  /** Different chunks. */
  chunks: number;
  /** Bytes of the blob. */
  bytes: number;
  /** Bytes that were read or transferred for them or, where chunks are stored, written: compressed, as stored. */
  storedBytes: number;
  /** Bytes of a seed's that were not copied: the file system keeps them once, for the seed and for the target. */
  clonedBytes?: number;
}

/**
 * The state of a running or finished job.
 *
 * @example What a job has done so far, and out of what
 * ```ts
 * import { Progress } from "@desync/desync";
 *
 * const progress = new Progress();
 * progress.total = 1000;
 * progress.add({ kind: "store", location: "/srv/store" }, 1, 300, 120);
 * if (progress.done !== 300 || progress.sources[0].storedBytes !== 120) throw new Error("it counts");
 * ```
 */
export class Progress {
  /** Bytes that the whole job is about. */
  total = 0;
  /** Bytes of it that are done. */
  done = 0;
  readonly #sources = new Map<string, SourceCount>();

  /** In the order in which they first gave something. */
  get sources(): SourceCount[] {
    return [...this.#sources.values()];
  }

  /** Counts what a source gave. `bytes` are those of the job that this completes. */
  add(origin: Origin, chunks: number, bytes: number, storedBytes: number): void {
    const count = this.#countOf(origin);
    count.chunks += chunks;
    count.bytes += bytes;
    count.storedBytes += storedBytes;
    this.done += bytes;
  }

  /** Counts bytes that were cloned: a part of those that a source gave, or will have given. */
  addCloned(origin: Origin, bytes: number): void {
    const count = this.#countOf(origin);
    count.clonedBytes = (count.clonedBytes ?? 0) + bytes;
  }

  #countOf(origin: Origin): SourceCount {
    const key = "location" in origin ? `${origin.kind} ${origin.location}` : origin.kind;
    let count = this.#sources.get(key);
    if (count === undefined) this.#sources.set(key, count = { origin, chunks: 0, bytes: 0, storedBytes: 0 });
    return count;
  }

  /** Different chunks that came from origins of these kinds. */
  chunksFrom(...kinds: readonly Origin["kind"][]): number {
    return this.sources.reduce(
      (sum, { origin, chunks }) => kinds.includes(origin.kind) ? sum + chunks : sum,
      0,
    );
  }

  /** Nothing has been done: what was counted so far turned out to be of no use. */
  reset(): void {
    this.done = 0;
    this.#sources.clear();
  }
}

/** The same pieces, whose bytes are counted when they have been used. */
export async function* countBytes(
  pieces: AsyncIterable<Uint8Array>,
  progress: Progress | undefined,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of pieces) {
    // The consumer may give its memory back.
    const { length } = piece;
    yield piece;
    if (progress !== undefined) progress.done += length;
  }
}
