/** Verification of a store with everything wired: worker threads for a directory of this machine. */
import { verifyDirectory } from "../jobs/verify_directory.ts";
import type { VerifyOptions, VerifySummary } from "../jobs/verify_summary.ts";
import type { ManagedChunkStore } from "../stores/store.ts";
import { WorkerPool } from "../workers/pool.ts";
import { otherPrefixes, storePrefixes } from "./store/directory_listing.ts";
import { nativeCodec } from "./codec/native_codec.ts";

/** What {@linkcode verifyStore} may be given. */
export interface VerifyByThreadsOptions extends VerifyOptions {
  /** Threads at most. Default: one for each processor. */
  readonly threads?: number;
}

/**
 * Reads every chunk of the store and checks it against its id, as the portable library's function of this name does:
 * for a directory of this machine by all processors, and there in each form in which a chunk is stored.
 *
 * @example Remove what is damaged
 * ```ts
 * import { LocalStore, verifyStore } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * await Deno.mkdir(`${directory}/abcd`);
 * await Deno.writeTextFile(`${directory}/abcd/abcd${"0".repeat(60)}.cacnk`, "no chunk");
 * const { removed } = await verifyStore(new LocalStore(directory), { repair: true });
 * if (removed !== 1) throw new Error("it is removed");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function verifyStore(
  store: ManagedChunkStore,
  options: VerifyByThreadsOptions = {},
): Promise<VerifySummary> {
  const { threads, ...rest } = options;
  const { directory, encryption } = store.properties;
  if (directory === undefined) {
    // Loaded for them alone: the portable codec below takes as long as the rest of the program.
    const { verifyStore: verifyByList } = await import("../jobs/verify.ts");
    return await verifyByList(store, { ...rest, codec: nativeCodec });
  }
  using pool = new WorkerPool(threads);
  const chunks = { directory, encryption, prefixes: storePrefixes(directory) };
  const summary = await verifyDirectory(chunks, pool, rest);
  for (const name of otherPrefixes(directory)) {
    summary.unreadable++;
    rest.onUnreadable?.(`${directory}/${name} is not a directory: nothing was checked there`);
  }
  return summary;
}
