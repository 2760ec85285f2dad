/**
 * Sparse files in tars, as GNU tar writes them: where the parts are that the tar has. They are listed in the member's header
 * and blocks behind it (type S), in an extended header (pax 0.0 and 0.1), or before the bytes themselves (pax 1.0): decimal
 * numbers, one a line, first how many parts, then each one's offset and length, filled up to whole blocks.
 *
 * Source: GNU tar's manual, "Storing Sparse Files".
 */
import {
  invalidTar,
  MAX_TAR_HEADER_BYTES,
  type SparsePart,
  TAR_BLOCK_BYTES,
  type TarMember,
} from "./tar_member.ts";

/** Offsets and lengths in turn. Throws `invalid-archive` when one is left over. */
export function sparseParts(numbers: readonly number[]): SparsePart[] {
  if (numbers.length % 2 !== 0) throw invalidTar("a sparse file's list of parts is not complete");
  const parts: SparsePart[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    // A part of no bytes marks where the file ends.
    if (numbers[i + 1] > 0) parts.push({ offset: numbers[i], length: numbers[i + 1] });
  }
  return parts;
}

/** Throws `invalid-archive` unless a file's size, its parts and what the tar has for it go together. */
export function checkSparse({ kind, sparse, size, storedSize }: TarMember): void {
  if (sparse === undefined) {
    // Extended headers may have a size and no parts: what comes behind the file's bytes is another member's.
    if (kind === "file" && size !== storedSize) throw invalidTar("a sparse file has no list of its parts");
    return;
  }
  let end = 0;
  let sum = 0;
  for (const { offset, length } of sparse) {
    if (offset < end) throw invalidTar("a sparse file's parts are not in order");
    end = offset + length;
    sum += length;
  }
  if (end > size) throw invalidTar("a sparse file's parts go beyond its end");
  if (sum !== storedSize) throw invalidTar("a sparse file's parts are not what the tar has of it");
}

/** Numbers in a list of decimal numbers, as pax 0.1 has them. Throws `invalid-archive`. */
export function parseSparseList(text: string): number[] {
  return text === "" ? [] : text.split(",").map(toNumber);
}

/** Reads the list in front of a file's bytes. */
export class SparseMapReader {
  readonly numbers: number[] = [];
  #count: number | undefined;
  #digits = "";
  #bytes = 0;

  /** Bytes that were pushed. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the next block. Whether it was the last. Throws `invalid-archive`. */
  push(block: Uint8Array): boolean {
    this.#bytes += TAR_BLOCK_BYTES;
    if (this.#bytes > MAX_TAR_HEADER_BYTES) throw invalidTar("a sparse file has too many parts");
    for (const byte of block) {
      if (byte !== 0x0a) this.#digits += String.fromCharCode(byte);
      else if (this.#take(toNumber(this.#digits))) return true;
      if (this.#digits.length > 20) throw invalidTar("a sparse file's list of parts is invalid");
    }
    return false;
  }

  #take(number: number): boolean {
    this.#digits = "";
    if (this.#count === undefined) this.#count = number;
    else this.numbers.push(number);
    return this.numbers.length >= 2 * this.#count;
  }
}

function toNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw invalidTar("a sparse file's list of parts is invalid");
}
