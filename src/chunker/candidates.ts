/**
 * The expensive half of chunking: finding the candidates, the positions where a cut would be allowed by the data.
 *
 * A position is the number of bytes before it. Whether it is a candidate depends on nothing but the 48 bytes before
 * it, not on earlier cuts, so any part of a file can be scanned on its own and by anyone; which candidates become
 * cuts is settled afterwards (cuts.ts).
 */

import { BYTE_WORDS, hashWindow, LEAVING_WORDS } from "./buzhash.ts";
import { WINDOW_SIZE } from "./params.ts";
import { compileScanKernel, KERNEL_MAX, KERNEL_STEP, type ScanKernel } from "./scan_kernel.ts";

/** How many bytes before a part its scan has to see, where the blob has as many. */
export const LEAD_IN = WINDOW_SIZE - 1;

/**
 * A discriminator d prepared for finding hashes with "hash mod d is d - 1", that is: d divides hash + 1.
 *
 * A division for every byte would be ten times as slow as the rest, so a filter of one multiplication goes first:
 * `(hash + 1) * factor mod 2^32 <= threshold`. It lets every right hash through and few others; those that pass
 * are then divided.
 */
export interface Divisor {
  /** d itself, 1 to 2^31 - 1. */
  readonly value: number;
  /** What hash + 1 is multiplied by. */
  readonly factor: number;
  /** The largest product that passes, unsigned. */
  readonly threshold: number;
}

/**
 * Prepares d, a whole number from 1 to 2^31 - 1, for {@linkcode scanCandidates}.
 *
 * Let d = odd * 2^k. Multiplying by the inverse of `odd` (mod 2^32) turns the multiple q * d into q * 2^k, which is at
 * most floor((2^32 - 1) / d) * 2^k, and spreads other numbers evenly: one in `odd` of them stays below (Warren,
 * Hacker's Delight, "Test for zero remainder after division by a constant"). That is exact for odd d; for even d
 * it weakens as k grows, and then shifting that product left by 32 - k, which leaves 0 of a multiple and of one in
 * 2^k other numbers, is the better filter. The better of the two passes at most one number in sqrt(d).
 */
export function divisor(value: number): Divisor {
  const k = 31 - Math.clz32(value & -value);
  const odd = value >>> k;
  // Newton's step doubles the count of right low bits, and any odd number is its own inverse in the lowest three.
  let inverse = odd;
  for (let bits = 3; bits < 32; bits *= 2) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));

  if (2 ** k > odd) return { value, factor: inverse << (32 - k), threshold: 0 };
  return { value, factor: inverse, threshold: Math.floor(0xffffffff / value) * 2 ** k };
}

/**
 * Candidates in ascending order, counted from where their scan began, so that four bytes hold each of them.
 *
 * Data can be made in which every other position is a candidate, with small sizes every one, and each may matter:
 * which is the first one far enough from a cut depends on all cuts before. So none is dropped. A list costs at most
 * four bytes per byte scanned (a part of 4 MiB: 16 MiB; usual data with default sizes: 340 bytes), and a `capacity`
 * bounds it where even that is too much.
 */
export class CandidateList {
  /** After how many candidates a scan into this list pauses. */
  readonly capacity: number;
  #positions: Uint32Array<ArrayBuffer>;
  #length = 0;

  /** A list of at most `capacity` candidates, a whole number from 1 on. */
  constructor(capacity: number = Infinity) {
    this.capacity = capacity;
    this.#positions = new Uint32Array(Math.min(capacity, 256));
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** The candidates so far: a view that holds until the list changes. */
  get positions(): Uint32Array<ArrayBuffer> {
    return this.#positions.subarray(0, this.#length);
  }

  /** Adds a position, and says whether the list is full now. */
  push(position: number): boolean {
    if (this.#length === this.#positions.length) this.#grow();
    this.#positions[this.#length++] = position;
    return this.#length >= this.capacity;
  }

  /** Empties the list; its memory is kept for the next scan. */
  clear(): void {
    this.#length = 0;
  }

  #grow(): void {
    const larger = new Uint32Array(Math.min(this.capacity, this.#positions.length * 2));
    larger.set(this.#positions);
    this.#positions = larger;
  }
}

/** Whether every position that has only zeros before it is a candidate, or none is: the hash looks back over 48 bytes. */
export function isCandidateAmongZeros({ value }: Divisor): boolean {
  return (hashWindow(new Uint8Array(WINDOW_SIZE), WINDOW_SIZE) >>> 0) % value === value - 1;
}

/**
 * How many positions are tested in JavaScript before a scan turns to the kernel, which finds all candidates of a block
 * before the first one can be looked at.
 */
const PLAIN_FIRST = 3 * KERNEL_STEP;

/** The kernel of this thread, compiled when it is needed for the first time; null if it cannot be had. */
let kernel: ScanKernel | null | undefined;

/**
 * Tests the positions from + 1 … to of `bytes`, and appends those that are candidates to `list`, counted from `from`.
 *
 * A position with fewer than 48 bytes before it is not a candidate. So to scan the part [a, b) of a larger blob, hand over
 * the {@linkcode LEAD_IN} bytes before it too: `bytes` = blob[a - 47, b), `from` = 47, `to` = bytes.length. Where the
 * blob has fewer before the part, hand over those it has: `bytes` = blob[0, b), `from` = a.
 *
 * @param bytes Not written to while the scan runs.
 * @returns the last position tested: `to`, or less if the list is full; another scan can go on from there.
 */
export function scanCandidates(
  bytes: Uint8Array,
  from: number,
  to: number,
  divisor: Divisor,
  list: CandidateList,
): number {
  const start = Math.max(from, LEAD_IN); // no position up to 47 can be one
  if (start >= to) return to;
  if (to - start < PLAIN_FIRST + KERNEL_STEP) return scanPlainly(bytes, start, to, from, divisor, list);
  if (kernel === undefined) kernel = compileScanKernel() ?? null;
  if (kernel === null) return scanPlainly(bytes, start, to, from, divisor, list);

  let tested = scanPlainly(bytes, start, start + PLAIN_FIRST, from, divisor, list);
  while (to - tested >= KERNEL_STEP) {
    if (list.length >= list.capacity) return tested;
    // Never more than was tested before: if the list fills up at once, and does so again in the next scan, then at
    // most as much again has been done in vain.
    const length = Math.min(KERNEL_MAX, tested - start, to - tested);
    const whole = length - length % KERNEL_STEP;
    for (const position of kernel.scan(bytes, tested, whole, divisor)) {
      if (list.push(tested - from + position)) return tested + position;
    }
    tested += whole;
  }
  return tested < to ? scanPlainly(bytes, tested, to, from, divisor, list) : to;
}

/**
 * The scan in JavaScript: the positions start + 1 … to, counted from `origin`.
 *
 * @param start At least 47, and less than `to`.
 * @returns the last position tested: `to`, or less if the list is full.
 */
export function scanPlainly(
  bytes: Uint8Array,
  start: number,
  to: number,
  origin: number,
  divisor: Divisor,
  list: CandidateList,
): number {
  const factor = divisor.factor | 0;
  const threshold = divisor.threshold >>> 0;
  const enter = BYTE_WORDS;
  const leave = LEAVING_WORDS;

  let end = start + 1;
  let hash = hashWindow(bytes, end);
  if (take(hash, end - origin, divisor, list)) return end;

  // Four bytes in a turn, though the loop after this one says the same: a turn costs about as much as the work on a
  // byte.
  for (; end + 4 <= to; end += 4) {
    hash = ((hash << 1) | (hash >>> 31)) ^ (leave[bytes[end - 48]] ^ enter[bytes[end]]);
    if (Math.imul(hash + 1, factor) >>> 0 <= threshold && take(hash, end + 1 - origin, divisor, list)) {
      return end + 1;
    }
    hash = ((hash << 1) | (hash >>> 31)) ^ (leave[bytes[end - 47]] ^ enter[bytes[end + 1]]);
    if (Math.imul(hash + 1, factor) >>> 0 <= threshold && take(hash, end + 2 - origin, divisor, list)) {
      return end + 2;
    }
    hash = ((hash << 1) | (hash >>> 31)) ^ (leave[bytes[end - 46]] ^ enter[bytes[end + 2]]);
    if (Math.imul(hash + 1, factor) >>> 0 <= threshold && take(hash, end + 3 - origin, divisor, list)) {
      return end + 3;
    }
    hash = ((hash << 1) | (hash >>> 31)) ^ (leave[bytes[end - 45]] ^ enter[bytes[end + 3]]);
    if (Math.imul(hash + 1, factor) >>> 0 <= threshold && take(hash, end + 4 - origin, divisor, list)) {
      return end + 4;
    }
  }
  for (; end < to; end++) {
    hash = ((hash << 1) | (hash >>> 31)) ^ (leave[bytes[end - WINDOW_SIZE]] ^ enter[bytes[end]]);
    if (Math.imul(hash + 1, factor) >>> 0 <= threshold && take(hash, end + 1 - origin, divisor, list)) {
      return end + 1;
    }
  }
  return to;
}

/** Makes the exact test, adds the position if it is a candidate, and says whether that filled the list. */
function take(hash: number, position: number, divisor: Divisor, list: CandidateList): boolean {
  // `>>> 0` on all sides lets V8 divide whole numbers; with one side that may be something else it calls fmod.
  const d = divisor.value >>> 0;
  return (((hash >>> 0) % d) >>> 0) === ((d - 1) >>> 0) && list.push(position);
}
