/**
 * Index files (.caibx of a blob, .caidx of an archive): which chunks, in which order, make the whole.
 *
 * All numbers are little-endian u64.
 *
 *     0   48, 0x96824d9c7b129ff9, feature flags, chunk size min, avg, max
 *     48  2^64-1, 0xe75b9e112f17417d
 *     64  items of 40 bytes: offset just past the chunk (never 0), 32 bytes chunk id
 *         tail of 40 bytes: 0, 0, 48, size of the table from byte 48 to the end, 0x4b4f050e5549ecd1
 *
 * Source: casync's caformat.h, checked against indexes that casync 2 and desync 1.0.4 wrote.
 */
import { readU64, toHex, viewOf, writeU64 } from "../bytes.ts";
import { type ChunkId, type ChunkSizes, type DigestName, ID_BYTES, MAX_CHUNK_SIZE } from "../chunk.ts";
import { DesyncError } from "../errors.ts";

/** The type of the first element of an index. */
export const INDEX_TYPE = 0x96824d9c7b129ff9n;
const TABLE_TYPE = 0xe75b9e112f17417dn;
const TAIL_MARKER = 0x4b4f050e5549ecd1n;
const UNKNOWN_SIZE = 0xffffffffffffffffn;

const HEADER_BYTES = 48;
const TABLE_AT = HEADER_BYTES;
const ITEMS_AT = 64;
const ITEM_BYTES = 40;

/** Feature flag: the ids are SHA-512/256. Without it they are SHA-256. */
export const FLAG_SHA512_256 = 0x2000000000000000n;
/** Feature flags that casync sets for the index of a blob: exclude-nodump, exclude-file. */
export const BLOB_FLAGS = 0x9000000000000000n;

/** What an index says besides its chunks. */
export interface IndexHeader {
  /** casync's feature flags, kept as they are. */
  readonly flags: bigint;
  /** Limits of the chunks' sizes, in bytes. */
  readonly sizes: ChunkSizes;
}

/**
 * An index in memory: 40 bytes a chunk, whatever their number.
 *
 * @example Look into an index
 * ```ts
 * import { parseIndex } from "@desync/desync";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const last = index.count - 1;
 * if (index.start(last) + index.length(last) !== index.size) throw new Error("the last chunk ends the blob");
 * if (index.chunkAt(index.size - 1) !== last) throw new Error("and holds its last byte");
 * ```
 */
export class Index {
  /** casync's feature flags, kept as they are. */
  readonly flags: bigint;
  /** Limits of the chunks' sizes, in bytes. */
  readonly sizes: ChunkSizes;
  /** For each chunk the offset in the blob just past it. */
  readonly ends: Float64Array;
  /** The chunks' ids, 32 bytes each, one after the other. */
  readonly ids: Uint8Array;

  /** Takes the arrays as they are, without a copy. `ids` holds 32 bytes for each of the `ends`. */
  constructor(header: IndexHeader, ends: Float64Array, ids: Uint8Array) {
    this.flags = header.flags;
    this.sizes = header.sizes;
    this.ends = ends;
    this.ids = ids;
  }

  /** How many chunks, repeated ones included. */
  get count(): number {
    return this.ends.length;
  }

  /** Bytes in the blob. */
  get size(): number {
    return this.count === 0 ? 0 : this.ends[this.count - 1];
  }

  /** Which digest the ids are. */
  get digest(): DigestName {
    return (this.flags & FLAG_SHA512_256) === 0n ? "sha256" : "sha512-256";
  }

  /** Offset in the blob at which chunk `i` starts. */
  start(i: number): number {
    return i === 0 ? 0 : this.ends[i - 1];
  }

  /** Bytes in chunk `i`. */
  length(i: number): number {
    return this.ends[i] - this.start(i);
  }

  /** Id of chunk `i`. */
  id(i: number): ChunkId {
    return toHex(this.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES));
  }

  /** The chunk that holds the byte at `offset`, which must be inside the blob. */
  chunkAt(offset: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ends[middle] > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * For each chunk the first chunk of the same id: itself when there is none before it.
   * A repeated chunk must have one length everywhere; throws `invalid-index` when it has not.
   */
  firstOccurrences(): Int32Array {
    const words = new Int32Array(new Uint8Array(this.ids).buffer);
    const wordsPerId = ID_BYTES / 4;
    const factors = crypto.getRandomValues(new Int32Array(wordsPerId));
    const slots = new Int32Array(slotCount(this.count)).fill(-1);
    const first = new Int32Array(this.count);
    for (let i = 0; i < this.count; i++) {
      let slot = slotOf(words, i * wordsPerId, factors) & (slots.length - 1);
      while (slots[slot] >= 0 && !sameWords(words, slots[slot] * wordsPerId, i * wordsPerId, wordsPerId)) {
        slot = (slot + 1) & (slots.length - 1);
      }
      if (slots[slot] < 0) slots[slot] = i;
      first[i] = slots[slot];
      if (this.length(first[i]) !== this.length(i)) {
        throw invalid(
          `chunk ${this.id(i)} has ${this.length(first[i])} bytes at one place and ${
            this.length(i)
          } at another`,
        );
      }
    }
    return first;
  }
}

/**
 * A place for the id. Its first word would do, being part of a digest, but for an index that was made to slow its reader
 * down: the factors are other ones each time.
 */
function slotOf(words: Int32Array, at: number, factors: Int32Array): number {
  let hash = 0;
  for (let i = 0; i < factors.length; i++) hash = (hash + Math.imul(words[at + i], factors[i])) | 0;
  return hash ^ (hash >>> 15);
}

/** At least twice as many slots as ids, a power of two. */
function slotCount(ids: number): number {
  let count = 16;
  while (count < 2 * ids) count *= 2;
  return count;
}

function sameWords(words: Int32Array, a: number, b: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (words[a + i] !== words[b + i]) return false;
  return true;
}

function invalid(reason: string): DesyncError {
  return new DesyncError("invalid-index", `Not a valid index: ${reason}`);
}

/**
 * The index in these bytes, all of which must belong to it.
 *
 * Throws `invalid-index` when they are something else, end too early, contradict themselves, or describe chunks
 * that no writer makes (larger than the header's maximum or than 128 MiB).
 *
 * @example The chunks of an index that lies in memory
 * ```ts
 * import { parseIndex, serializeIndex, Index } from "./index.ts";
 *
 * const header = { flags: 0xb000000000000000n, sizes: { min: 16384, avg: 65536, max: 262144 } };
 * const bytes = serializeIndex(new Index(header, Float64Array.of(1000), new Uint8Array(32)));
 * const index = parseIndex(bytes);
 * if (index.count !== 1 || index.size !== 1000) throw new Error("not what was written");
 * ```
 */
export function parseIndex(bytes: Uint8Array): Index {
  if (bytes.length < 16) {
    throw invalid(bytes.length === 0 ? "it is empty" : `it has only ${bytes.length} bytes`);
  }
  const view = viewOf(bytes);
  if (!startsLikeIndex(bytes)) throw invalid("it does not start like a .caibx or .caidx");
  if (bytes.length < ITEMS_AT + ITEM_BYTES) {
    throw invalid(`it ends after ${bytes.length} bytes, inside its header`);
  }
  const header: IndexHeader = { flags: view.getBigUint64(16, true), sizes: readSizes(view) };
  if (
    view.getBigUint64(TABLE_AT + 8, true) !== TABLE_TYPE || view.getBigUint64(TABLE_AT, true) !== UNKNOWN_SIZE
  ) {
    throw invalid("there is no chunk table behind its header");
  }
  const count = countItems(view);
  checkTail(view, ITEMS_AT + count * ITEM_BYTES);
  return readItems(header, bytes, view, count);
}

function readSizes(view: DataView): ChunkSizes {
  const [min, avg, max] = [24, 32, 40].map((at) => readU64(view, at));
  if (min === undefined || avg === undefined || max === undefined || max > MAX_CHUNK_SIZE || min < 1) {
    throw invalid(`its chunk sizes are out of range (1 to ${MAX_CHUNK_SIZE} bytes)`);
  }
  if (min > avg || avg > max) throw invalid(`its chunk sizes are out of order (${min}:${avg}:${max})`);
  return { min, avg, max };
}

/** Whether these are the first bytes of an index, 16 or more. */
export function startsLikeIndex(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  return view.byteLength >= 16 && view.getBigUint64(0, true) === BigInt(HEADER_BYTES) &&
    view.getBigUint64(8, true) === INDEX_TYPE;
}

/** Items before the first one that begins with 0, which is the tail. */
function countItems(view: DataView): number {
  for (let at = ITEMS_AT; at + ITEM_BYTES <= view.byteLength; at += ITEM_BYTES) {
    if (view.getUint32(at, true) === 0 && view.getUint32(at + 4, true) === 0) {
      return (at - ITEMS_AT) / ITEM_BYTES;
    }
  }
  throw invalid(`it ends after ${view.byteLength} bytes, inside its chunk table`);
}

function checkTail(view: DataView, at: number): void {
  const end = at + ITEM_BYTES;
  if (view.getBigUint64(at + 32, true) !== TAIL_MARKER || view.getBigUint64(at + 8, true) !== 0n) {
    throw invalid("its chunk table does not end as it should");
  }
  if (readU64(view, at + 16) !== TABLE_AT) throw invalid("its chunk table says that it starts elsewhere");
  const claimed = readU64(view, at + 24);
  if (claimed !== end - TABLE_AT) {
    throw invalid(`its chunk table claims ${claimed ?? "too many"} bytes and has ${end - TABLE_AT}`);
  }
  if (end !== view.byteLength) throw invalid(`${view.byteLength - end} bytes follow its end`);
}

function readItems(header: IndexHeader, bytes: Uint8Array, view: DataView, count: number): Index {
  const ends = new Float64Array(count);
  const ids = new Uint8Array(count * ID_BYTES);
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const at = ITEMS_AT + i * ITEM_BYTES;
    const end = readU64(view, at);
    if (end === undefined) throw invalid(`chunk ${i} ends beyond 2^53 bytes`);
    if (end <= previous) {
      throw invalid(`chunk ${i} ends at ${end}, not after the one before it (${previous})`);
    }
    if (end - previous > header.sizes.max) {
      throw invalid(`chunk ${i} has ${end - previous} bytes, more than the maximum of ${header.sizes.max}`);
    }
    ends[i] = end;
    ids.set(bytes.subarray(at + 8, at + ITEM_BYTES), i * ID_BYTES);
    previous = end;
  }
  return new Index(header, ends, ids);
}

/**
 * The bytes of the index as casync writes them.
 *
 * @example An index that is read and written is the same
 * ```ts
 * import { parseIndex, serializeIndex } from "@desync/desync";
 *
 * const bytes = await Deno.readFile("testdata/casync-blob.caibx");
 * const again = serializeIndex(parseIndex(bytes));
 * if (again.toHex() !== bytes.toHex()) throw new Error("a byte was lost");
 * ```
 */
export function serializeIndex(index: Index): Uint8Array<ArrayBuffer> {
  const tailAt = ITEMS_AT + index.count * ITEM_BYTES;
  const bytes = new Uint8Array(tailAt + ITEM_BYTES);
  const view = viewOf(bytes);
  writeU64(view, 0, HEADER_BYTES);
  view.setBigUint64(8, INDEX_TYPE, true);
  view.setBigUint64(16, index.flags, true);
  writeU64(view, 24, index.sizes.min);
  writeU64(view, 32, index.sizes.avg);
  writeU64(view, 40, index.sizes.max);
  view.setBigUint64(TABLE_AT, UNKNOWN_SIZE, true);
  view.setBigUint64(TABLE_AT + 8, TABLE_TYPE, true);
  for (let i = 0; i < index.count; i++) {
    const at = ITEMS_AT + i * ITEM_BYTES;
    writeU64(view, at, index.ends[i]);
    bytes.set(index.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES), at + 8);
  }
  writeU64(view, tailAt + 16, TABLE_AT);
  writeU64(view, tailAt + 24, bytes.length - TABLE_AT);
  view.setBigUint64(tailAt + 32, TAIL_MARKER, true);
  return bytes;
}
