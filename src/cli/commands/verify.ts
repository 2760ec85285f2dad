/** `desync verify -s FOLDER` */
import { DesyncError } from "../../errors.ts";
import { storePrefixes } from "../../deno/folder_listing.ts";
import { LocalStore } from "../../deno/local_store.ts";
import { Progress } from "../../jobs/progress.ts";
import { verifyStore } from "../../jobs/verify.ts";
import { WorkerPool } from "../../workers/pool.ts";
import { DONE, FAILED, PARTLY } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { onlyStore } from "../location.ts";
import { print, printError } from "../output.ts";
import { showProgress } from "../progress.ts";

/** Checks the store. */
export async function run(_args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const location = onlyStore(flags);
  if (location === undefined) throw new DesyncError("usage", "Which store? Name it with -s");
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(location)) {
    throw new DesyncError("usage", "Only a store on this machine can be verified: run verify where it lies");
  }
  const { folder } = new LocalStore(location);
  const progress = new Progress();
  using pool = new WorkerPool(flags.concurrency);
  using _display = showProgress(progress, flags, "folders");
  const summary = await verifyStore(pool, {
    folder,
    prefixes: storePrefixes(folder),
    digest: flags.digest ?? "sha512-256",
    remove: flags.repair ?? false,
    signal,
    progress,
    onInvalid: ({ id, reason, removed }) =>
      print(`invalid chunk ${id}: ${reason}${removed ? ": removed" : ""}\n`),
    onUnreadable: (sentence) => printError(`desync: ${sentence}\n`),
  });
  if (summary.leftovers > 0) printError(`desync: ${summary.leftovers} leftovers of killed runs removed\n`);
  if (summary.invalid > summary.removed || summary.unreadable > 0) return FAILED;
  return summary.removed > 0 ? PARTLY : DONE;
}
