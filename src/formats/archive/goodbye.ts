/**
 * GOODBYE, the table at the end of each directory of an archive, by which a reader finds a child without reading the
 * others.
 *
 *     0   size of the element, 0xdfd35c5e8327c403
 *     16  items of 24 bytes: offset (from the start of GOODBYE back to the child's FILENAME), size (FILENAME to the
 *         child's end), hash (SipHash-2-4 of the name, without NUL)
 *         tail of 24 bytes: offset (from GOODBYE back to the directory's ENTRY), size of GOODBYE, 0x57446fa533702943
 *
 * The items, in order of hash and then offset, are laid out as a complete binary search tree: smaller ones than item i
 * start at 2i+1, larger ones at 2i+2, and only the last level may be incomplete, at its right.
 *
 * Source: casync's caformat.h, checked against archives that casync 2 and desync 1.0.4 wrote.
 */
import { fromHex, readU64, viewOf, writeU64 } from "../../core/bytes.ts";
import type { DesyncError } from "../../core/errors.ts";
import { ELEMENT, ELEMENT_HEADER_BYTES } from "./archive_elements.ts";
import { invalidArchive } from "./archive_node.ts";
import { SIPHASH_KEY_BYTES, SipKey } from "./siphash.ts";

/** Bytes of an item, and of the tail. */
export const GOODBYE_ITEM_BYTES = 24;

const TAIL_MARKER = 0x57446fa533702943n;
const NAME_KEY = new SipKey(fromHex("b3841d0f2b447485c12ec2d130ed3627"));

/** One child. */
export interface GoodbyeItem {
  /** Bytes from the child's FILENAME to the start of GOODBYE. */
  readonly offset: number;
  /** Bytes from the child's FILENAME to the child's end. */
  readonly size: number;
  /** {@linkcode nameHash} of the child. */
  readonly hash: bigint;
}

/** By what a child is found. */
export function nameHash(name: Uint8Array): bigint {
  return NAME_KEY.hash(name);
}

function invalid(reason: string): DesyncError {
  return invalidArchive(`a directory's table of children ${reason}`);
}

/**
 * The whole element for these children, in any order.
 *
 * @param entryOffset bytes from the directory's ENTRY to the start of GOODBYE
 */
export function buildGoodbye(items: readonly GoodbyeItem[], entryOffset: number): Uint8Array<ArrayBuffer> {
  const sorted = items.toSorted((a, b) => a.hash === b.hash ? a.offset - b.offset : a.hash < b.hash ? -1 : 1);
  const bytes = new Uint8Array(ELEMENT_HEADER_BYTES + (items.length + 1) * GOODBYE_ITEM_BYTES);
  const view = viewOf(bytes);
  writeU64(view, 0, bytes.length);
  view.setBigUint64(8, ELEMENT.goodbye, true);
  treeOrder(items.length, (sortedAt, treeAt) => {
    const at = ELEMENT_HEADER_BYTES + treeAt * GOODBYE_ITEM_BYTES;
    writeU64(view, at, sorted[sortedAt].offset);
    writeU64(view, at + 8, sorted[sortedAt].size);
    view.setBigUint64(at + 16, sorted[sortedAt].hash, true);
  });
  const tail = bytes.length - GOODBYE_ITEM_BYTES;
  writeU64(view, tail, entryOffset);
  writeU64(view, tail + 8, bytes.length);
  view.setBigUint64(tail + 16, TAIL_MARKER, true);
  return bytes;
}

/** Calls `place` for the items in order with each one's place in the tree. */
function treeOrder(count: number, place: (sortedAt: number, treeAt: number) => void): void {
  let next = 0;
  const visit = (at: number) => {
    if (at >= count) return;
    visit(2 * at + 1);
    place(next++, at);
    visit(2 * at + 2);
  };
  visit(0);
}

/** The item in these 24 bytes. Throws `invalid-archive` when it points outside the directory. */
export function parseGoodbyeItem(bytes: Uint8Array): GoodbyeItem {
  const view = viewOf(bytes);
  const [offset, size] = [readU64(view, 0), readU64(view, 8)];
  if (offset === undefined || size === undefined || size > offset) throw invalid("points outside of it");
  return { offset, size, hash: view.getBigUint64(16, true) };
}

/** What the tail in these 24 bytes says: the element's size, and how far it is from ENTRY. Throws `invalid-archive`. */
export function parseGoodbyeTail(bytes: Uint8Array): { size: number; entryOffset: number } {
  const view = viewOf(bytes);
  if (view.getBigUint64(16, true) !== TAIL_MARKER) throw invalid("does not end as it should");
  const [entryOffset, size] = [readU64(view, 0), readU64(view, 8)];
  if (entryOffset === undefined || size === undefined) throw invalid("points outside of it");
  return { size, entryOffset };
}

/** Throws `invalid-archive` unless these 24 bytes are the tail of an element that is so large and so far from ENTRY. */
export function checkGoodbyeTail(bytes: Uint8Array, size: number, entryOffset: number): void {
  const tail = parseGoodbyeTail(bytes);
  if (tail.size !== size) throw invalid("says that it has another size");
  if (tail.entryOffset !== entryOffset) throw invalid("says that the directory starts elsewhere");
}

/** A key of this process alone, so that no one can make different tables with the same sum. */
const SUM_KEY = new SipKey(crypto.getRandomValues(new Uint8Array(SIPHASH_KEY_BYTES)));

/** Whether a table names exactly the children that were seen, in memory that does not grow with their number. */
export class GoodbyeSum {
  #count = 0;
  readonly #sum = new Uint32Array(2);

  /** Counts a child. `start` is the place of its FILENAME in the archive. */
  add(start: number, size: number, hash: bigint): void {
    this.#count++;
    SUM_KEY.addHash(
      this.#sum,
      start,
      start / TWO_TO_32,
      size,
      size / TWO_TO_32,
      Number(hash & 0xffffffffn),
      Number(hash >> 32n),
    );
  }

  /** Whether both have counted the same children, in whatever order. */
  equals(other: GoodbyeSum): boolean {
    return this.#count === other.#count && this.#sum[0] === other.#sum[0] && this.#sum[1] === other.#sum[1];
  }
}

const TWO_TO_32 = 2 ** 32;
