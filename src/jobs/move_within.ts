/**
 * Brings what a file has of a blob to where the blob has it, within the file. It is interrupted without harm: what was
 * overwritten was read before, and the next run finds what is where.
 */
import type { ZeroChunk } from "../codec/zero_chunk.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import { Progress } from "../core/progress.ts";
import { chunkSizesProblem } from "../chunker/params.ts";
import { BLOB_FLAGS, type Index } from "../formats/index/index.ts";
import { IdTable } from "../formats/index/id_table.ts";
import type { TargetInfo } from "../transfer/messages.ts";
import { GROUP_SPANS, grouped } from "../transfer/groups.ts";
import type { ByteRange, Workers } from "../transfer/ports.ts";
import { type Move, type MoveOrder, orderMoves } from "../transfer/seeds/move_order.ts";
import { chunksStillInPlace, type KnownParts } from "./compare.ts";
import { makeFromFile } from "./make.ts";

/**
 * Bytes that are moved at a time, and that are kept in memory until their places are free. What is in memory when the
 * program is killed may be nowhere else.
 */
const LIMITS = { step: 8 * 1024 * 1024, held: 64 * 1024 * 1024 };

/** Of more than this, some parts are cut first: where they have nothing of the blob, nothing is looked for. */
const SAMPLED_BYTES = 256 * 1024 * 1024;
const SAMPLES = 32;
const SAMPLE_BYTES = 2 * 1024 * 1024;

/** Of a chunk that has more places, the others are left to those who fetch it. */
const MOST_PLACES = 64;

/** How it is done. */
export interface MoveWithinOptions {
  /** The chunk that need not be looked for. */
  readonly zeros: ZeroChunk;
  readonly signal?: AbortSignal;
  /** Counts what is in place, and what was moved. */
  readonly progress: Progress;
  /** Called when parts of the file are cut, which takes its time. */
  readonly onCut?: () => void;
  /** Called when that is done. */
  readonly onMove?: () => void;
}

/** A chunk of the blob that has to go to some places, and where it is. */
interface ChunkMove extends Move {
  readonly id: string;
  /** The numbers of the chunk in the index, one for each place. */
  readonly chunks: readonly number[];
}

/**
 * Returns for each chunk 1 if the file has it where the blob has it, in the end. `size` bytes of the file may have
 * something of the blob; it is as long as the blob at least. Throws `io`, `interrupted`.
 */
export async function moveWithin(
  index: Index,
  target: TargetInfo,
  size: number,
  workers: Workers,
  options: MoveWithinOptions,
): Promise<Uint8Array> {
  const { progress } = options;
  const { done, moves, order } = await planMoves(index, target.path, size, workers, options);
  options.onMove?.();
  progress.total = index.size;
  countInPlace(index, done, progress);
  await new Mover(index, target, moves, done, workers, options).run(order);
  await workers.release();
  return done;
}

/** What there is to move. */
interface PlannedMoves {
  /** For each chunk 1 if the file has it where the blob has it. */
  readonly done: Uint8Array;
  readonly moves: readonly ChunkMove[];
  readonly order: MoveOrder;
}

/** What {@linkcode moveWithin} does, without doing it. `known` is for a file that is shorter than the blob. */
export async function planMoves(
  index: Index,
  path: string,
  size: number,
  workers: Workers,
  options: MoveWithinOptions & { readonly known?: KnownParts },
): Promise<PlannedMoves> {
  const { progress } = options;
  options.onCut?.();
  const found = await chunksStillInPlace(path, index, workers, options);
  const done = found ?? new Uint8Array(index.count);
  let moves: ChunkMove[] = [];
  if (done.includes(0) && chunkSizesProblem(index.sizes) === undefined) {
    const ranges = [...otherRanges(index, done, size)];
    const parts = await cutRanges(index, path, ranges, workers, options);
    moves = movesOf(index, done, parts, options.zeros);
  }
  progress.reset();
  return { done, moves, order: orderMoves(moves, LIMITS) };
}

function countInPlace(index: Index, done: Uint8Array, progress: Progress): void {
  const first = index.firstOccurrences();
  const different = new Uint8Array(index.count);
  let bytes = 0;
  for (let i = 0; i < done.length; i++) {
    if (done[i] === 0) continue;
    bytes += index.length(i);
    different[first[i]] = 1;
  }
  if (bytes > 0) progress.add({ kind: "in place" }, different.reduce((sum, one) => sum + one, 0), bytes, 0);
}

/** The parts of the file that have something else than the blob has there. */
function* otherRanges(index: Index, done: Uint8Array, size: number): Generator<ByteRange> {
  let start = -1;
  for (let i = 0; i < index.count && index.start(i) < size; i++) {
    if (done[i] === 0 && start < 0) start = index.start(i);
    if (done[i] === 1 && start >= 0) {
      yield { offset: start, length: index.start(i) - start };
      start = -1;
    }
  }
  if (start < 0) start = index.size;
  if (start < size) yield { offset: start, length: size - start };
}

/** A part of the file that was cut. */
interface CutPart {
  readonly offset: number;
  readonly index: Index;
}

async function cutRanges(
  index: Index,
  path: string,
  ranges: readonly ByteRange[],
  workers: Workers,
  { signal, progress }: MoveWithinOptions,
): Promise<CutPart[]> {
  const { sizes, digest } = index;
  const cut = async ({ offset, length }: ByteRange, counted: Progress): Promise<CutPart> => {
    const range = { path, start: offset, end: offset + length };
    const options = { sizes, digest, flags: BLOB_FLAGS, signal, progress: counted };
    return { offset, index: (await makeFromFile(range, workers, options)).index };
  };
  const total = ranges.reduce((sum, { length }) => sum + length, 0);
  if (total > SAMPLED_BYTES) {
    const table = new IdTable(index.ids);
    let isSeen = false;
    for (const sample of samplesOf(ranges, total)) {
      isSeen ||= table.find((await cut(sample, new Progress())).index.ids).some((i) => i >= 0);
    }
    if (!isSeen) return [];
  }
  progress.reset();
  progress.total = total;
  const parts: CutPart[] = [];
  await forEachConcurrent(ranges, workers.size, signal, async (range) => {
    parts.push(await cut(range, progress));
  });
  return parts;
}

/** Some parts of the ranges, spread over them. */
function samplesOf(ranges: readonly ByteRange[], total: number): ByteRange[] {
  const samples: ByteRange[] = [];
  let before = 0;
  for (const { offset, length } of ranges) {
    while (samples.length * total / SAMPLES < before + length) {
      const at = samples.length * total / SAMPLES - before;
      const start = Math.max(0, Math.min(Math.floor(at), length - SAMPLE_BYTES));
      samples.push({ offset: offset + start, length: Math.min(SAMPLE_BYTES, length) });
    }
    before += length;
  }
  return samples;
}

/** What has to go where: chunks that are in place somewhere are taken from there. Notes those that were found in place. */
function movesOf(index: Index, done: Uint8Array, parts: readonly CutPart[], zeros: ZeroChunk): ChunkMove[] {
  const table = new IdTable(index.ids);
  const from = new Map<number, { readonly offset: number; readonly stays: boolean }>();
  for (const { offset, index: part } of parts) {
    for (const [k, first] of table.find(part.ids).entries()) {
      if (first < 0 || part.length(k) !== index.length(first)) continue;
      const at = offset + part.start(k);
      const there = index.size > at ? index.chunkAt(at) : 0;
      if (index.start(there) === at && table.first[there] === first) done[there] = 1;
      else if (!from.has(first)) from.set(first, { offset: at, stays: false });
    }
  }
  for (let i = 0; i < done.length; i++) {
    if (done[i] === 1) from.set(table.first[i], { offset: index.start(i), stays: true });
  }
  const moves = new Map<number, { to: number[]; chunks: number[] }>();
  for (let i = 0; i < done.length; i++) {
    const first = table.first[i];
    if (done[i] === 1 || !from.has(first)) continue;
    let move = moves.get(first);
    if (move === undefined) {
      if (zeros.is(index.id(first), index.length(first))) continue;
      moves.set(first, move = { to: [], chunks: [] });
    }
    if (move.to.length === MOST_PLACES) continue;
    move.to.push(index.start(i));
    move.chunks.push(i);
  }
  return Array.from(moves, ([first, { to, chunks }]) => {
    const { offset, stays } = from.get(first)!;
    return { id: index.id(first), size: index.length(first), from: offset, stays, to, chunks };
  });
}

/** Does the moves. */
class Mover {
  readonly #index: Index;
  readonly #target: TargetInfo;
  readonly #moves: readonly ChunkMove[];
  readonly #done: Uint8Array;
  readonly #workers: Workers;
  readonly #options: MoveWithinOptions;
  /** What was read and verified. */
  readonly #bytes = new Map<number, Uint8Array>();

  constructor(
    index: Index,
    target: TargetInfo,
    moves: readonly ChunkMove[],
    done: Uint8Array,
    workers: Workers,
    options: MoveWithinOptions,
  ) {
    this.#index = index;
    this.#target = target;
    this.#moves = moves;
    this.#done = done;
    this.#workers = workers;
    this.#options = options;
  }

  async run({ steps }: MoveOrder): Promise<void> {
    if (steps.length > 0) await this.#read(steps[0].read);
    for (const [i, { write }] of steps.entries()) {
      // What the next step reads is not overwritten by this one.
      const next = steps[i + 1]?.read ?? [];
      await Promise.all([this.#write(write), this.#read(next)]);
    }
  }

  /** Reads chunks where they are. What is not there any more has to come from somewhere else. */
  async #read(moves: readonly number[]): Promise<void> {
    await this.#inGroups(moves, async (group) => {
      const items = group.map((i) => {
        const { id, size, from } = this.#moves[i];
        return { id, size, offsets: [from] };
      });
      const { bytes } = await this.#assemble(items);
      for (const [k, i] of group.entries()) {
        const read = bytes[k];
        if (read !== undefined) this.#bytes.set(i, read);
      }
    });
  }

  async #write(moves: readonly number[]): Promise<void> {
    await this.#inGroups(moves.filter((i) => this.#bytes.has(i)), async (group) => {
      const items = group.map((i) => {
        const { id, size, to } = this.#moves[i];
        return { id, size, offsets: to, verified: this.#bytes.get(i) };
      });
      for (const i of group) this.#bytes.delete(i);
      await this.#assemble(items);
      for (const i of group) {
        const { size, to, chunks } = this.#moves[i];
        for (const chunk of chunks) this.#done[chunk] = 1;
        this.#options.progress.add({ kind: "self" }, 1, size * to.length, 0);
      }
    });
  }

  #assemble(items: Parameters<Workers["assemble"]>[0]["items"]): ReturnType<Workers["assemble"]> {
    const { digest } = this.#index;
    const task = { digest, target: this.#target, probeTarget: true, directories: [], skipPresent: false };
    return this.#workers.assemble({ ...task, giveBack: true, items });
  }

  async #inGroups(moves: readonly number[], work: (group: number[]) => Promise<void>): Promise<void> {
    const sized = moves.map((i) => ({ i, size: this.#moves[i].size * this.#moves[i].to.length }));
    // Each step is waited for: all workers should have something of it.
    const groups = grouped(sized, GROUP_SPANS, LIMITS.step / (2 * this.#workers.size));
    await forEachConcurrent(groups, 2 * this.#workers.size, this.#options.signal, async (group) => {
      await work(group.map(({ i }) => i));
    });
  }
}
