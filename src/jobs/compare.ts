/** Compares a file with an index. */
import { toHex } from "../core/bytes.ts";
import { type ChunkId, ID_BYTES } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { Index } from "../formats/index/index.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import type { Origin } from "../core/origin.ts";
import { GROUP_BYTES, GROUP_SPANS, grouped } from "../transfer/plan.ts";
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
  options: { readonly signal?: AbortSignal; readonly progress: Progress },
): Promise<boolean> {
  const { signal, progress } = options;
  const origin = { kind: "in place" } as const;
  if (size !== index.size) return false;
  const step = Math.floor(index.count / SAMPLES);
  if (
    step > 1 && await firstWrong(path, index, spansOfIndex(index, step), workers, { signal }) !== undefined
  ) {
    return false;
  }
  progress.total = index.size;
  const found = await firstWrong(path, index, spansOfIndex(index), workers, { origin, signal, progress });
  progress.reset();
  if (found !== undefined) return false;
  const different = index.firstOccurrences().reduce((sum, first, i) => first === i ? sum + 1 : sum, 0);
  progress.add(origin, different, index.size, 0);
  return true;
}

/** The first of the chunks that is not where it has to be. No more are looked at than it takes. */
async function firstWrong(
  path: string,
  index: Index,
  wanted: Iterable<IndexSpan>,
  workers: Workers,
  options: { readonly origin?: Origin; readonly signal?: AbortSignal; readonly progress?: Progress },
): Promise<number | undefined> {
  const { origin = { kind: "input", location: path }, signal, progress } = options;
  let first: number | undefined;
  const groups = grouped(untilKnown(wanted, () => first !== undefined), GROUP_SPANS, GROUP_BYTES);
  await forEachConcurrent(groups, 2 * workers.size, signal, async (group) => {
    // Without what the ids have to be, the worker reports what they are.
    const spans = group.map(({ offset, size }) => ({ offset, size }));
    const { ids } = await workers.store({ digest: index.digest, file: path, spans });
    for (const [i, { chunk, id }] of group.entries()) {
      if (toHex(ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)) === id) continue;
      first = Math.min(first ?? Infinity, chunk);
      break;
    }
    progress?.add(origin, group.length, group.reduce((sum, span) => sum + span.size, 0), 0);
  });
  return first;
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
interface IndexSpan {
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
