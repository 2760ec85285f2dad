/** Checks every chunk of a store in a directory of this machine, by worker threads that read it themselves. */
import type { ChunkKey } from "../core/chunk_key.ts";
import { abortable } from "../core/abortable.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import type { Workers } from "../transfer/ports.ts";
import { Progress } from "../core/progress.ts";
import { emptySummary, type VerifyOptions, type VerifySummary } from "./verify_summary.ts";

/** The fewest and the most `abcd` directories that a worker checks at a time: many have one chunk, and it hashes 16 together. */
const [LEAST_GROUP, MOST_GROUP] = [16, 64];
/** Groups for each worker, so that all have something to do until the end. */
const GROUPS_EACH = 4;

/** The store. */
interface ChunkDirectory {
  readonly directory: string;
  readonly encryption?: ChunkKey;
  /** Its `abcd` directories. */
  readonly prefixes: readonly string[];
}

/** Checks the chunks in parallel, in each form in which they are stored. */
export async function verifyDirectory(
  { directory, encryption, prefixes }: ChunkDirectory,
  workers: Workers,
  options: VerifyOptions = {},
): Promise<VerifySummary> {
  const { digest = "sha512-256", repair = false, signal, progress = new Progress() } = options;
  const summary = emptySummary();
  progress.total = prefixes.length;
  const share = Math.ceil(prefixes.length / (GROUPS_EACH * workers.size));
  const size = Math.min(Math.max(share, LEAST_GROUP), MOST_GROUP);
  await forEachConcurrent(slices(prefixes, size), 2 * workers.size, signal, async (group, signal) => {
    const work = () => workers.verify({ directory, encryption, prefixes: group, digest, remove: repair });
    // A directory may have any number of chunks. What is removed is waited for, to be reported.
    const result = await (repair ? work() : abortable(work, signal));
    for (const chunk of result.invalid) options.onInvalid?.(chunk);
    for (const sentence of result.unreadable) options.onUnreadable?.(sentence);
    summary.chunks += result.chunks;
    summary.storedBytes += result.storedBytes;
    summary.invalid += result.invalid.length;
    summary.removed += result.invalid.filter((chunk) => chunk.removed).length;
    summary.unreadable += result.unreadable.length;
    summary.otherDigest += result.otherDigest;
    summary.staleFiles += result.staleFiles;
    progress.add({ kind: "store", location: directory }, result.chunks, group.length, result.storedBytes);
  });
  return summary;
}

function* slices<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}
