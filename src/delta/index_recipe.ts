/**
 * How a new index is made of an old one: runs of the old one's chunks, new chunks, and repeats. Ids of new chunks are most of
 * it; they cannot be compressed.
 */
import { type DigestName, ID_BYTES, MAX_CHUNK_SIZE } from "../core/chunk.ts";
import { FLAG_SHA512_256, Index } from "../formats/index/index.ts";
import { IdTable } from "../formats/index/id_table.ts";
import { resizeBuffer, viewOf } from "../core/bytes.ts";
import { invalidDelta } from "./invalid_delta.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

/** What a run is, in the two lowest bits of its first number; the others say how many chunks it has. */
const FROM_BASE = 0;
const NEW = 1;
const REPEATED = 2;
const KINDS = 4;

const NONE = -1;
/** Chunks for which there is room at first. */
const FIRST_ROOM = 1024;

/** The new index, and which of its chunks are new: each once, where it comes first. */
export interface MadeIndex {
  readonly index: Index;
  readonly fresh: Int32Array;
}

/** The new chunks of an index: those that the other one does not have, each once, where it comes first. */
export function freshChunks(target: Index, base: Index | undefined): Int32Array {
  const found = base === undefined ? undefined : new IdTable(base.ids).find(target.ids);
  const first = target.firstOccurrences();
  const fresh: number[] = [];
  for (let i = 0; i < target.count; i++) {
    if (first[i] === i && (found === undefined || found[i] === NONE)) fresh.push(i);
  }
  return Int32Array.from(fresh);
}

/** The recipe for `target`. Throws `invalid-index` when the two say different things about a chunk. */
export function writeIndexRecipe(target: Index, base: Index | undefined): Uint8Array<ArrayBuffer> {
  const writer = new VarintWriter();
  const flags = new Uint8Array(8);
  viewOf(flags).setBigUint64(0, target.flags, true);
  writer.bytes(flags);
  for (const size of [target.sizes.min, target.sizes.avg, target.sizes.max]) writer.number(size);
  const table = base === undefined ? undefined : new IdTable(base.ids);
  const found = table?.find(target.ids) ?? new Int32Array(target.count).fill(NONE);
  const first = target.firstOccurrences();
  /** Where in the base chunk `i` is when the run before it goes on there. */
  const inBase = (i: number, at: number) =>
    at < (base?.count ?? 0) && table?.first[at] === found[i] ? at : found[i];
  let expected = 0;
  for (let i = 0; i < target.count;) {
    let end = i + 1;
    if (found[i] !== NONE) {
      const from = inBase(i, expected);
      while (end < target.count && found[end] !== NONE && inBase(end, from + end - i) === from + end - i) {
        end++;
      }
      writer.number((end - i) * KINDS + FROM_BASE);
      writer.signed(from - expected);
      expected = from + end - i;
    } else if (first[i] === i) {
      while (end < target.count && found[end] === NONE && first[end] === end) end++;
      writer.number((end - i) * KINDS + NEW);
      for (let k = i; k < end; k++) writer.number(target.length(k));
      writer.bytes(target.ids.subarray(i * ID_BYTES, end * ID_BYTES));
    } else {
      const distance = i - first[i];
      const goesOn = (k: number) => found[k] === NONE && first[k] !== k && first[k - distance] === first[k];
      while (end < target.count && goesOn(end)) end++;
      writer.number((end - i) * KINDS + REPEATED);
      writer.number(distance);
    }
    i = end;
  }
  return writer.build();
}

/**
 * The index of `count` chunks that a recipe makes. Throws `invalid-delta`; that the result is the right one is for the caller
 * to find out.
 */
export function readIndexRecipe(
  recipe: Uint8Array,
  base: Index | undefined,
  count: number,
  digest: DigestName,
): MadeIndex {
  const reader = new VarintReader(recipe);
  const flags = viewOf(reader.bytes(8)).getBigUint64(0, true);
  if (((flags & FLAG_SHA512_256) === 0n ? "sha256" : "sha512-256") !== digest) {
    throw invalidDelta("its index has another digest");
  }
  const [min, avg, max] = [0, 0, 0].map(() => reader.number(MAX_CHUNK_SIZE));
  if (min < 1 || min > avg || avg > max) throw invalidDelta("its chunk sizes are out of order");
  const table = new GrowingTable(max);
  const fresh: number[] = [];
  let expected = 0;
  while (table.count < count) {
    const head = reader.number();
    const length = Math.floor(head / KINDS);
    if (length < 1 || length > count - table.count) throw invalidDelta("a run has too many chunks, or none");
    switch (head % KINDS) {
      case FROM_BASE: {
        const from = expected + reader.signed();
        if (base === undefined || from < 0 || from + length > base.count) {
          throw invalidDelta("a run is outside the old version");
        }
        for (let i = from; i < from + length; i++) table.add(base.length(i), base.ids, i);
        expected = from + length;
        break;
      }
      case NEW: {
        const lengths: number[] = [];
        while (lengths.length < length) lengths.push(reader.number(max));
        const ids = reader.bytes(length * ID_BYTES);
        for (const [i, size] of lengths.entries()) {
          fresh.push(table.count);
          table.add(size, ids, i);
        }
        break;
      }
      case REPEATED: {
        const distance = reader.number();
        if (distance < 1 || distance > table.count) throw invalidDelta("a run repeats what is not there");
        for (let i = 0; i < length; i++) table.repeat(distance);
        break;
      }
      default:
        throw invalidDelta("a run is of an unknown kind");
    }
  }
  if (!reader.isAtEnd) throw invalidDelta("something follows its index");
  return { index: table.build(flags, { min, avg, max }), fresh: Int32Array.from(fresh) };
}

/** An index that grows; a claim of many chunks takes no memory before they are there. */
class GrowingTable {
  readonly #max: number;
  #ends = new Float64Array(FIRST_ROOM);
  #ids = new Uint8Array(FIRST_ROOM * ID_BYTES);
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a chunk whose id is number `i` of `ids`. */
  add(length: number, ids: Uint8Array, i: number): void {
    if (length < 1 || length > this.#max) throw invalidDelta("a chunk has an impossible size");
    const end = this.#endOf(this.#count - 1) + length;
    if (!Number.isSafeInteger(end)) throw invalidDelta("its blob is too large");
    if (this.#count === this.#ends.length) this.#resize(2 * this.#count);
    this.#ends[this.#count] = end;
    this.#ids.set(ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES), this.#count * ID_BYTES);
    this.#count++;
  }

  /** Adds the chunk that came `distance` before. */
  repeat(distance: number): void {
    const i = this.#count - distance;
    this.add(this.#ends[i] - this.#endOf(i - 1), this.#ids, i);
  }

  build(flags: bigint, sizes: Index["sizes"]): Index {
    this.#resize(this.#count);
    return new Index({ flags, sizes }, this.#ends, this.#ids);
  }

  #endOf(i: number): number {
    return i < 0 ? 0 : this.#ends[i];
  }

  #resize(room: number): void {
    this.#ends = new Float64Array(resizeBuffer(this.#ends.buffer, room * 8));
    this.#ids = new Uint8Array(resizeBuffer(this.#ids.buffer, room * ID_BYTES));
  }
}
