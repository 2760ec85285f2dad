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
import { toHex, viewOf, writeU64 } from "../../core/bytes.ts";
import { type ChunkId, type ChunkSizes, type DigestName, ID_BYTES } from "../../core/chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import { IdTable } from "./id_table.ts";

/** The type of the first element of an index. */
export const INDEX_TYPE = 0x96824d9c7b129ff9n;
/** The types and numbers of its table. */
export const TABLE_TYPE = 0xe75b9e112f17417dn;
export const TAIL_MARKER = 0x4b4f050e5549ecd1n;
export const UNKNOWN_SIZE = 0xffffffffffffffffn;

const HEADER_BYTES = 48;
/** Where the table begins, and its items, and bytes of each. */
export const TABLE_AT: number = HEADER_BYTES;
export const ITEMS_AT = 64;
export const ITEM_BYTES = 40;

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
    const { first } = new IdTable(this.ids);
    for (let i = 0; i < this.count; i++) {
      if (this.length(first[i]) !== this.length(i)) {
        throw invalidIndex(
          `chunk ${this.id(i)} has ${this.length(first[i])} bytes at one place and ${
            this.length(i)
          } at another`,
        );
      }
    }
    return first;
  }
}

/** The error for bytes that are not an index; `retriable` when they may not have arrived whole. */
export function invalidIndex(reason: string, retriable = false): DesyncError {
  return new DesyncError("invalid-index", { reason: `not a valid index: ${reason}`, retriable });
}

/** Whether these are the first bytes of an index, 16 or more. */
export function startsLikeIndex(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  return view.byteLength >= 16 && view.getBigUint64(0, true) === BigInt(HEADER_BYTES) &&
    view.getBigUint64(8, true) === INDEX_TYPE;
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
