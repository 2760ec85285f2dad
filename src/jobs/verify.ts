/** Checks every chunk of a local store. */
import type { DigestName } from "../chunk.ts";
import type { InvalidChunk } from "./tasks.ts";
import { inLanes } from "./lanes.ts";
import type { Workers } from "./ports.ts";
import { orInterrupted } from "../or_interrupted.ts";
import { Progress } from "./progress.ts";

/** `abcd` folders that a worker checks at a time. */
const GROUP = 16;

/** What to check and how. */
export interface VerifyOptions {
  readonly folder: string;
  /** The `abcd` folders of the store. */
  readonly prefixes: readonly string[];
  readonly digest: DigestName;
  /** Remove invalid chunks. */
  readonly remove: boolean;
  readonly signal?: AbortSignal;
  /** Counts in `abcd` folders, not in bytes: how many bytes there are is not known before. */
  readonly progress?: Progress;
  /** Told at once of each invalid chunk. */
  readonly onInvalid: (chunk: InvalidChunk) => void;
  /** Told of each chunk that could not be judged. */
  readonly onUnreadable: (sentence: string) => void;
}

/** What was found. */
export interface VerifySummary {
  chunks: number;
  /** Bytes of the chunks' files. */
  storedBytes: number;
  /** Chunks that are invalid, removed or not. */
  invalid: number;
  removed: number;
  /** Chunks that could not be judged. */
  unreadable: number;
  /** Chunks that are what their ids say, under the other digest. */
  otherDigest: number;
  /** Temporary files of killed writers that were removed. */
  leftovers: number;
}

/** Checks the store's chunks in parallel. */
export async function verifyStore(workers: Workers, options: VerifyOptions): Promise<VerifySummary> {
  const summary: VerifySummary = {
    chunks: 0,
    storedBytes: 0,
    invalid: 0,
    removed: 0,
    unreadable: 0,
    otherDigest: 0,
    leftovers: 0,
  };
  const progress = options.progress ?? new Progress();
  progress.total = options.prefixes.length;
  const { folder, digest, remove } = options;
  const groups = slices(options.prefixes, GROUP);
  await inLanes(groups, 2 * workers.size, options.signal, async (prefixes, signal) => {
    const work = () => workers.verify({ folder, prefixes, digest, remove });
    // A directory may have any number of chunks. What is removed is waited for, to be told.
    const result = await (remove ? work() : orInterrupted(work, signal));
    result.invalid.forEach(options.onInvalid);
    result.unreadable.forEach(options.onUnreadable);
    summary.chunks += result.chunks;
    summary.storedBytes += result.storedBytes;
    summary.invalid += result.invalid.length;
    summary.removed += result.invalid.filter((chunk) => chunk.removed).length;
    summary.unreadable += result.unreadable.length;
    summary.otherDigest += result.otherDigest;
    summary.leftovers += result.leftovers;
    progress.add(folder, result.chunks, prefixes.length, result.storedBytes);
  });
  return summary;
}

function* slices<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}
