/** Which chunks a blob needs and where each of them goes: every id once, in the order of the blob. */
import type { ChunkId } from "../chunk.ts";
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Index } from "../formats/index.ts";
import type { ByteRange } from "./ports.ts";

/** A chunk and all its places in the blob. */
export interface PlannedChunk {
  readonly id: ChunkId;
  readonly size: number;
  readonly offsets: number[];
}

/** A plan for one index: 8 bytes a chunk besides the index, however large the blob. */
export class BlobPlan {
  readonly #index: Index;
  /** For each chunk the first of the same id. */
  readonly #first: Int32Array;
  /** For each chunk the next of the same id, -1 at the last. */
  readonly #next: Int32Array;
  readonly #skip: ZeroChunk | undefined;

  /** The chunk `skip` is left out. */
  constructor(index: Index, skip?: ZeroChunk) {
    this.#index = index;
    this.#first = index.firstOccurrences();
    this.#next = linkRepeats(this.#first);
    this.#skip = skip;
  }

  /** The different chunks, in the order in which the blob first needs them. */
  *chunks(): Generator<PlannedChunk> {
    for (let i = 0; i < this.#index.count; i++) {
      if (this.#first[i] !== i) continue;
      if (this.#skips(i)) continue;
      const id = this.#index.id(i);
      const offsets: number[] = [];
      for (let at = i; at >= 0; at = this.#next[at]) offsets.push(this.#index.start(at));
      yield { id, size: this.#index.length(i), offsets };
    }
  }

  /** The parts of the blob that are not left out, joined where they touch. */
  *ranges(): Generator<ByteRange> {
    let start = -1;
    for (let i = 0; i < this.#index.count; i++) {
      const skipped = this.#skips(i);
      if (!skipped && start < 0) start = this.#index.start(i);
      if (skipped && start >= 0) {
        yield { offset: start, length: this.#index.start(i) - start };
        start = -1;
      }
    }
    if (start >= 0) yield { offset: start, length: this.#index.size - start };
  }

  #skips(i: number): boolean {
    const size = this.#index.length(i);
    return this.#skip !== undefined && size === this.#skip.size && this.#skip.is(this.#index.id(i), size);
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

/** The chunks in groups of up to `count` and about `bytes`. */
export function* grouped<T extends { readonly size: number }>(
  chunks: Iterable<T>,
  count: number,
  bytes: number,
): Generator<T[]> {
  let group: T[] = [];
  let sum = 0;
  for (const chunk of chunks) {
    if (group.length > 0 && (group.length >= count || sum + chunk.size > bytes)) {
      yield group;
      group = [];
      sum = 0;
    }
    group.push(chunk);
    sum += chunk.size;
  }
  if (group.length > 0) yield group;
}
