/**
 * What the chunker is compared with: the cutting rule written down plainly, with every window hashed anew and a
 * division each time, and data of all kinds to try it on.
 */

import { hashWindow } from "../../src/chunker/buzhash.ts";
import { CandidateList, divisor, LEAD_IN, scanCandidates } from "../../src/chunker/candidates.ts";
import { Cutter } from "../../src/chunker/cuts.ts";
import type { ChunkSizes } from "../../src/core/chunk.ts";
import { discriminator } from "../../src/chunker/params.ts";
import type { Random } from "../support/random.ts";

/** Sizes in the order in which casync's --chunk-size takes them. */
export function sizes(min: number, avg: number, max: number): ChunkSizes {
  return { min, avg, max };
}

/** Whether the hash of the 48 bytes before `position` allows a cut, asked as the format says it. */
export function allowsCut(bytes: Uint8Array, position: number, d: number): boolean {
  return position >= 48 && (hashWindow(bytes, position) >>> 0) % d === d - 1;
}

/** The cuts by the rule's own words. */
export function referenceCuts(bytes: Uint8Array, { min, avg, max }: ChunkSizes): number[] {
  const d = discriminator({ min, avg, max });
  const fixed = min === avg && avg === max;
  const cuts: number[] = [];
  let start = 0;
  for (let end = 1; end <= bytes.length; end++) {
    const length = end - start;
    const allowed = !fixed && length >= min && length >= 48 && allowsCut(bytes, end, d);
    if (allowed || length === max || end === bytes.length) {
      cuts.push(end);
      start = end;
    }
  }
  return cuts;
}

/** The cuts by way of parts, whose sizes `partSize` gives: each is scanned from a copy of its own bytes alone. */
export function cutsInParts(bytes: Uint8Array, chunkSizes: ChunkSizes, partSize: () => number): number[] {
  const prepared = divisor(discriminator(chunkSizes));
  const parts = [];
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + partSize());
    const leadIn = Math.min(start, LEAD_IN);
    const list = new CandidateList();
    const seen = bytes.slice(start - leadIn, end);
    scanCandidates(seen, leadIn, seen.length, prepared, list);
    parts.push({ start, end, positions: list.positions });
    start = end;
  }
  const cutter = new Cutter(chunkSizes);
  const cuts = parts.flatMap((part) => cutter.push(part));
  return [...cuts, ...cutter.finish(bytes.length)];
}

/** Data of the kinds that chunkers meet and of those that they are tripped with, all of that length. */
export function dataOfAllKinds(random: Random, length: number): Record<string, Uint8Array<ArrayBuffer>> {
  const noise = random.bytes(length);
  const few = noise.map((byte) => byte & 1);
  const same = new Uint8Array(length).fill(random.below(256));
  const period = 1 + random.below(100);
  const periodic = Uint8Array.from(noise, (_, i) => noise[i % period]);
  const patchwork = noise.slice();
  for (let at = 0; at < length;) {
    const run = 1 + random.below(Math.max(2, length / 10));
    if (random.below(2) === 0) patchwork.fill(random.below(4), at, at + run);
    at += run;
  }
  return { noise, few, same, zeros: new Uint8Array(length), periodic, patchwork };
}

/** Sizes that casync would take, the small ones on purpose: below, at and above the window. */
export function randomSizes(random: Random): ChunkSizes {
  const kind = random.below(8);
  if (kind === 0) {
    const size = 1 + random.below(300);
    return sizes(size, size, size);
  }
  const min = kind < 3 ? 1 + random.below(47) : kind === 3 ? 46 + random.below(4) : 1 + random.below(500);
  const avg = min + random.below(kind === 4 ? 1 : 1000);
  const max = Math.max(48, avg + random.below(kind === 5 ? 2 : 3000));
  return sizes(min, avg, max);
}

/** Puts pieces into one array. */
export function concat(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
