/** `desync verify -s FOLDER` */
import { otherPrefixes, storePrefixes } from "../../deno/folder_listing.ts";
import { Progress } from "../../jobs/progress.ts";
import { verifyStore } from "../../jobs/verify.ts";
import { WorkerPool } from "../../workers/pool.ts";
import { DONE, FAILED, PARTLY } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { localStore } from "../location.ts";
import { printInPassing, warn } from "../output.ts";
import { showProgress } from "../progress.ts";

/** Checks the store. */
export async function run(_args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const { directory: folder } = localStore(flags, "verify").properties;
  const { digest = "sha512-256" } = flags;
  const progress = new Progress();
  using pool = new WorkerPool(flags.concurrency);
  using _display = showProgress(progress, flags, { unit: "directories" });
  const summary = await verifyStore(pool, {
    folder,
    prefixes: storePrefixes(folder),
    digest,
    remove: flags.repair ?? false,
    signal,
    progress,
    onInvalid: ({ id, reason, removed }) =>
      printInPassing(`invalid chunk ${id}: ${reason}${removed ? ": removed" : ""}\n`),
    onUnreadable: warn,
  });
  const others = otherPrefixes(folder);
  for (const name of others) warn(`${folder}/${name} is not a directory: nothing was checked there`);
  const { otherDigest } = summary;
  if (otherDigest > 0) {
    const other = digest === "sha256" ? "sha512-256" : "sha256";
    warn(`${otherDigest} chunks in ${folder} have ids by another digest (--digest ${other} verifies them)`);
  }
  if (summary.leftovers > 0) warn(`${summary.leftovers} stale temporary files removed`);
  if (summary.invalid > summary.removed || summary.unreadable + otherDigest + others.length > 0) {
    return FAILED;
  }
  return summary.removed > 0 ? PARTLY : DONE;
}
