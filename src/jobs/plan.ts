/** Which chunks a blob needs and where each of them goes: every id once, in the order of the blob. */
import type { ChunkId } from "../chunk.ts";
import type { Codec } from "../codec/codec.ts";
import type { Index } from "../formats/index.ts";
import { toHex } from "../bytes.ts";
import type { ByteRange } from "./ports.ts";

/** A chunk and all its places in the blob. */
export interface PlannedChunk {
  readonly id: ChunkId;
  readonly size: number;
  readonly offsets: number[];
}

/** The id of a chunk of `max` zeros, which is what long runs of zeros are cut into. */
export function zeroChunkId(index: Index, codec: Codec): ChunkId {
  return toHex(codec.digest(index.digest, new Uint8Array(index.sizes.max)));
}

/** A plan for one index: 8 bytes a chunk besides the index, however large the blob. */
export class BlobPlan {
  readonly #index: Index;
  /** For each chunk the first of the same id. */
  readonly #first: Int32Array;
  /** For each chunk the next of the same id, -1 at the last. */
  readonly #next: Int32Array;
  readonly #skip: ChunkId | undefined;

  /** Chunks of the largest size with the id `skip` are left out. */
  constructor(index: Index, skip?: ChunkId) {
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
    return this.#skip !== undefined && this.#index.length(i) === this.#index.sizes.max &&
      this.#index.id(i) === this.#skip;
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
