/** Makes an index of its bytes, as they come: each is checked before more are taken, and none is kept. */
import { freeBytes, readU64, resizeBuffer, viewOf } from "../../core/bytes.ts";
import { type ChunkSizes, ID_BYTES, MAX_CHUNK_SIZE } from "../../core/chunk.ts";
import {
  Index,
  type IndexHeader,
  invalidIndex,
  ITEM_BYTES,
  ITEMS_AT,
  startsLikeIndex,
  TABLE_AT,
  TABLE_TYPE,
  TAIL_MARKER,
  UNKNOWN_SIZE,
} from "./index.ts";

/** No index is larger: that of a blob of 3 TB in chunks of the usual size. */
const MAX_INDEX_BYTES = 2 ** 31 - 1;
/** Bytes that are enough to see what it is. */
const START_BYTES = 16;
/** Chunks for which there is room at first, and at most so, whatever is expected. */
const FIRST_ROOM = 1024;
const MOST_FIRST_ROOM = 5_000_000;

/**
 * The index in these bytes, all of which must belong to it.
 *
 * Throws `invalid-index` when they are something else, end too early, contradict themselves, or describe chunks
 * that no writer makes (larger than the header's maximum or than 128 MiB).
 *
 * @example The chunks of an index that lies in memory
 * ```ts
 * import { Index, parseIndex, serializeIndex } from "@desync/desync";
 *
 * const header = { flags: 0xb000000000000000n, sizes: { min: 16384, avg: 65536, max: 262144 } };
 * const bytes = serializeIndex(new Index(header, Float64Array.of(1000), new Uint8Array(32)));
 * const index = parseIndex(bytes);
 * if (index.count !== 1 || index.size !== 1000) throw new Error("not what was written");
 * ```
 */
export function parseIndex(bytes: Uint8Array): Index {
  const parser = new IndexParser();
  parser.push(bytes);
  return parser.finish();
}

/**
 * The same of bytes that come in pieces, whose memory is given back: what is not an index may have no end. Of
 * `expectedBytes`, if that is known, none has to be copied for room as more come.
 */
export async function parsePieces(pieces: AsyncIterable<Uint8Array>, expectedBytes?: number): Promise<Index> {
  const parser = new IndexParser(expectedBytes);
  for await (const piece of pieces) {
    parser.push(piece);
    freeBytes(piece);
  }
  return parser.finish();
}

/** Takes the bytes in pieces of any size. All it holds is the index. */
export class IndexParser {
  #header: IndexHeader | undefined;
  #ends = new Float64Array();
  #ids = new Uint8Array();
  #count = 0;
  /** Its last item has been read. */
  #ended = false;
  /** Bytes so far. */
  #length = 0;
  /** The part of the header or an item that has come. */
  readonly #part = new Uint8Array(ITEMS_AT);
  #partLength = 0;
  readonly #firstRoom: number;

  /** `expectedBytes` is how many will probably come. */
  constructor(expectedBytes = 0) {
    const chunks = Math.floor((expectedBytes - ITEMS_AT - ITEM_BYTES) / ITEM_BYTES);
    this.#firstRoom = Math.min(Math.max(chunks, FIRST_ROOM), MOST_FIRST_ROOM);
  }

  /** Takes the next bytes, and keeps none of them. Throws `invalid-index` as soon as they cannot be an index. */
  push(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > MAX_INDEX_BYTES) throw invalidIndex(`it has more than ${MAX_INDEX_BYTES} bytes`);
    let at = 0;
    if (this.#partLength > 0) {
      const wanted = this.#wanted;
      at = Math.min(wanted - this.#partLength, piece.length);
      this.#keep(piece.subarray(0, at));
      if (this.#partLength < wanted) return;
      this.#partLength = 0;
      const part = this.#part.subarray(0, wanted);
      this.#take(part, viewOf(part), 0);
    }
    const view = viewOf(piece);
    while (!this.#ended && piece.length - at >= this.#wanted) at = this.#take(piece, view, at);
    if (at === piece.length) return;
    if (this.#ended) throw invalidIndex(`at least ${piece.length - at} bytes follow its end`);
    this.#keep(piece.subarray(at));
  }

  /** The index, when all has come. Throws `invalid-index`, which is retriable, when something is missing. */
  finish(): Index {
    if (this.#length < START_BYTES) {
      throw invalidIndex(this.#length === 0 ? "it is empty" : `it has only ${this.#length} bytes`, true);
    }
    if (this.#header === undefined || !this.#ended) {
      const where = this.#header === undefined ? "header" : "chunk table";
      throw invalidIndex(`it ends after ${this.#length} bytes, inside its ${where}`, true);
    }
    this.#resize(this.#count);
    return new Index(this.#header, this.#ends, this.#ids);
  }

  /** Bytes of what comes next. */
  get #wanted(): number {
    return this.#header === undefined ? ITEMS_AT : ITEM_BYTES;
  }

  #keep(bytes: Uint8Array): void {
    this.#part.set(bytes, this.#partLength);
    this.#partLength += bytes.length;
    // Something else is seen as such before the whole header has come.
    if (this.#header === undefined && this.#partLength >= START_BYTES) checkStart(this.#part);
  }

  /** Takes the header, the tail, or as many items as there are in the bytes. Returns where what it took ends. */
  #take(bytes: Uint8Array, view: DataView, at: number): number {
    if (this.#header === undefined) {
      this.#header = readHeader(bytes.subarray(at, at + ITEMS_AT));
      return at + ITEMS_AT;
    }
    if (view.getUint32(at, true) !== 0 || view.getUint32(at + 4, true) !== 0) {
      return this.#takeItems(this.#header.sizes.max, bytes, view, at);
    }
    this.#takeTail(view, at);
    return at + ITEM_BYTES;
  }

  /** Takes items up to the tail or the end of the bytes. Without a call or an object for each: there are millions. */
  #takeItems(maxSize: number, bytes: Uint8Array, view: DataView, from: number): number {
    let ends = this.#ends;
    let ids = this.#ids;
    let i = this.#count;
    let previous = i === 0 ? 0 : ends[i - 1];
    let at = from;
    for (; bytes.length - at >= ITEM_BYTES; at += ITEM_BYTES, i++) {
      const end = readU64(view, at);
      if (end === 0) break;
      if (end === undefined) throw invalidIndex(`chunk ${i} ends beyond 2^53 bytes`);
      if (end <= previous) {
        throw invalidIndex(`chunk ${i} ends at ${end}, not after the one before it (${previous})`);
      }
      if (end - previous > maxSize) {
        throw invalidIndex(`chunk ${i} has ${end - previous} bytes, more than the maximum of ${maxSize}`);
      }
      if (i === ends.length) {
        this.#resize(i === 0 ? this.#firstRoom : 2 * i);
        ends = this.#ends;
        ids = this.#ids;
      }
      ends[i] = previous = end;
      const id = i * ID_BYTES;
      for (let k = 0; k < ID_BYTES; k++) ids[id + k] = bytes[at + 8 + k];
    }
    this.#count = i;
    return at;
  }

  #takeTail(view: DataView, at: number): void {
    if (view.getBigUint64(at + 32, true) !== TAIL_MARKER || view.getBigUint64(at + 8, true) !== 0n) {
      throw invalidIndex("its chunk table does not end as it should");
    }
    if (readU64(view, at + 16) !== TABLE_AT) {
      throw invalidIndex("its chunk table says that it starts elsewhere");
    }
    const size = ITEMS_AT - TABLE_AT + (this.#count + 1) * ITEM_BYTES;
    const claimed = readU64(view, at + 24);
    if (claimed !== size) {
      throw invalidIndex(`its chunk table claims ${claimed ?? "too many"} bytes and has ${size}`);
    }
    this.#ended = true;
  }

  #resize(room: number): void {
    if (room === this.#ends.length) return;
    this.#ends = new Float64Array(resizeBuffer(this.#ends.buffer, room * 8));
    this.#ids = new Uint8Array(resizeBuffer(this.#ids.buffer, room * ID_BYTES));
  }
}

function checkStart(bytes: Uint8Array): void {
  if (!startsLikeIndex(bytes)) throw invalidIndex("it does not start like a .caibx or .caidx");
}

function readHeader(bytes: Uint8Array): IndexHeader {
  const view = viewOf(bytes);
  checkStart(bytes);
  const header = { flags: view.getBigUint64(16, true), sizes: readSizes(view) };
  if (
    view.getBigUint64(TABLE_AT + 8, true) !== TABLE_TYPE || view.getBigUint64(TABLE_AT, true) !== UNKNOWN_SIZE
  ) {
    throw invalidIndex("there is no chunk table behind its header");
  }
  return header;
}

function readSizes(view: DataView): ChunkSizes {
  const [min, avg, max] = [24, 32, 40].map((at) => readU64(view, at));
  if (min === undefined || avg === undefined || max === undefined || max > MAX_CHUNK_SIZE || min < 1) {
    throw invalidIndex(`its chunk sizes are out of range (1 to ${MAX_CHUNK_SIZE} bytes)`);
  }
  if (min > avg || avg > max) throw invalidIndex(`its chunk sizes are out of order (${min}:${avg}:${max})`);
  return { min, avg, max };
}
