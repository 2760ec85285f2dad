/** Compares a file with an index. */
import { toHex } from "../core/bytes.ts";
import { type ChunkId, ID_BYTES } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { Index } from "../formats/index/index.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import type { Origin } from "../core/origin.ts";
import { GROUP_BYTES, GROUP_SPANS, grouped } from "../transfer/groups.ts";
import type { ByteRange, Workers } from "../transfer/ports.ts";
import { Progress } from "../core/progress.ts";

/** How a file is compared. */
export interface CompareOptions {
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Counts the bytes that are compared. */
  readonly progress?: Progress;
}

/** The first part of the file that is not what the index says, `undefined` when all is. Throws `mismatch` for its size. */
export async function firstDifference(
  index: Index,
  { path, size }: SizedFile,
  workers: Workers,
  options: CompareOptions = {},
): Promise<ByteRange | undefined> {
  checkSize(path, size, index);
  const { progress = new Progress() } = options;
  progress.total = index.size;
  const first = await firstWrong(path, index, spansOfIndex(index), workers, { ...options, progress });
  return first === undefined ? undefined : { offset: index.start(first), length: index.length(first) };
}

/** Chunks that are looked at before all others: where a version differs from the last, some of them usually do. */
const SAMPLES = 128;

/**
 * Whether the file is what the index describes. If so, all of it is counted as in place, else nothing in the end.
 * Throws `io` when the file cannot be read.
 */
export async function isBlob(
  path: string,
  size: number,
  index: Index,
  workers: Workers,
  options: ProgressOptions,
): Promise<boolean> {
  const { signal, progress } = options;
  if (size !== index.size || !await looksLikeBlob(path, index, workers, signal)) return false;
  progress.total = index.size;
  const origin = IN_PLACE;
  const found = await firstWrong(path, index, spansOfIndex(index), workers, { origin, signal, progress });
  progress.reset();
  if (found !== undefined) return false;
  countInPlace(index, progress);
  return true;
}

/**
 * For each chunk 1 if the file has it where the blob has it, else 0. `undefined` where a look at some of them shows that
 * it has not. If all are there, all is counted as in place, else nothing in the end. Throws `io`.
 */
export async function chunksInPlace(
  path: string,
  size: number,
  index: Index,
  workers: Workers,
  options: ProgressOptions,
): Promise<Uint8Array | undefined> {
  const { signal, progress } = options;
  if (size !== index.size || !await looksLikeBlob(path, index, workers, signal)) return undefined;
  const found = await chunksAtTheirPlaces(path, index, workers, options);
  if (!found.includes(0)) countInPlace(index, progress);
  return found;
}

/**
 * The same of a file that has at least the blob's size but for {@linkcode KnownParts}; `undefined` where none of a
 * few chunks is in its place.
 */
export async function chunksStillInPlace(
  path: string,
  index: Index,
  workers: Workers,
  options: PlaceOptions,
): Promise<Uint8Array | undefined> {
  const { signal, known } = options;
  const step = Math.floor(index.count / SAMPLES);
  if (step > 1) {
    let right = 0;
    const onSpan = (_: number, isRight: boolean) => {
      if (isRight) right++;
    };
    await compareSpans(path, index, spansOfIndex(index, step), workers, { signal, known, onSpan });
    if (right === 0) return undefined;
  }
  return await chunksAtTheirPlaces(path, index, workers, options);
}

/** For each chunk 1 if the file has it where the blob has it, else 0. Nothing is counted in the end. Throws `io`. */
export async function chunksAtTheirPlaces(
  path: string,
  index: Index,
  workers: Workers,
  { signal, progress, known }: PlaceOptions,
): Promise<Uint8Array> {
  progress.total = index.size;
  const found = new Uint8Array(index.count);
  const onSpan = (chunk: number, isRight: boolean) => {
    if (isRight) found[chunk] = 1;
  };
  const options = { origin: IN_PLACE, signal, progress, known, onSpan };
  await compareSpans(path, index, spansOfIndex(index), workers, options);
  progress.reset();
  return found;
}

/** How places are compared. */
interface PlaceOptions extends ProgressOptions {
  readonly known?: KnownParts;
}

/** Parts of a file that are known without being read, such as what it will have behind its end. */
export interface KnownParts {
  /** Whether the place of the chunk is one of them, or reaches into one. */
  readonly covers: (span: IndexSpan) => boolean;
  /** Whether the file has the chunk there, or will have it. */
  readonly has: (span: IndexSpan) => boolean;
}

/** What a comparison that goes on for long is given. */
interface ProgressOptions {
  readonly signal?: AbortSignal;
  readonly progress: Progress;
}

const IN_PLACE = { kind: "in place" } as const;

/** Whether some of the chunks, if there are many, are all where they have to be. */
export async function looksLikeBlob(
  path: string,
  index: Index,
  workers: Workers,
  signal?: AbortSignal,
): Promise<boolean> {
  const step = Math.floor(index.count / SAMPLES);
  if (step <= 1) return true;
  return await firstWrong(path, index, spansOfIndex(index, step), workers, { signal }) === undefined;
}

function countInPlace(index: Index, progress: Progress): void {
  const different = index.firstOccurrences().reduce((sum, first, i) => first === i ? sum + 1 : sum, 0);
  progress.add(IN_PLACE, different, index.size, 0);
}

/** The first of the chunks that is not where it has to be. No more are looked at than it takes. */
async function firstWrong(
  path: string,
  index: Index,
  wanted: Iterable<IndexSpan>,
  workers: Workers,
  options: Omit<SpanOptions, "onSpan">,
): Promise<number | undefined> {
  let first: number | undefined;
  await compareSpans(path, index, untilKnown(wanted, () => first !== undefined), workers, {
    ...options,
    onSpan: (chunk, isRight) => {
      if (!isRight) first = Math.min(first ?? Infinity, chunk);
    },
  });
  return first;
}

/** How spans are compared. */
interface SpanOptions {
  readonly origin?: Origin;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly known?: KnownParts;
  /** Gets each chunk, and whether it is what it has to be. */
  readonly onSpan: (chunk: number, isRight: boolean) => void;
}

async function compareSpans(
  path: string,
  index: Index,
  wanted: Iterable<IndexSpan>,
  workers: Workers,
  { origin = { kind: "input", location: path }, signal, progress, known, onSpan }: SpanOptions,
): Promise<void> {
  const groups = grouped(wanted, GROUP_SPANS, GROUP_BYTES);
  await forEachConcurrent(groups, 2 * workers.size, signal, async (group) => {
    const others = known === undefined ? [] : group.filter(known.covers);
    const inFile = others.length === 0 ? group : group.filter((span) => !others.includes(span));
    // Without what the ids have to be, the worker reports what they are.
    const spans = inFile.map(({ offset, size }) => ({ offset, size }));
    const { ids } = spans.length === 0
      ? { ids: new Uint8Array(0) }
      : await workers.store({ digest: index.digest, file: path, spans });
    for (const [i, { chunk, id }] of inFile.entries()) {
      onSpan(chunk, toHex(ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)) === id);
    }
    for (const span of others) onSpan(span.chunk, known!.has(span));
    progress?.add(origin, group.length, group.reduce((sum, span) => sum + span.size, 0), 0);
  });
}

/** Ends when something is known: whatever follows does not matter any more. */
function* untilKnown<T>(items: Iterable<T>, isKnown: () => boolean): Generator<T> {
  for (const item of items) {
    if (isKnown()) return;
    yield item;
  }
}

/** A file, or the part of a device that has as many bytes. */
interface SizedFile {
  readonly path: string;
  readonly size: number;
}

/** Throws `mismatch` when the file has another size than the blob. */
export function checkSize(path: string, size: number, index: Index): void {
  if (size === index.size) return;
  const reason = `is not what the index describes: it has ${size} bytes instead of ${index.size}`;
  throw new DesyncError("mismatch", { subject: path, reason });
}

/** Where a chunk of an index belongs in the blob. */
export interface IndexSpan {
  readonly chunk: number;
  readonly id: ChunkId;
  readonly offset: number;
  readonly size: number;
}

/** The spans of every `step`th chunk, in order. */
export function* spansOfIndex(index: Index, step: number = 1): Generator<IndexSpan> {
  for (let chunk = 0; chunk < index.count; chunk += step) {
    yield { chunk, id: index.id(chunk), offset: index.start(chunk), size: index.length(chunk) };
  }
}
