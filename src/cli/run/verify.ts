/** `desync verify -s DIRECTORY` */
import { verifyStore } from "../../deno/verify_store.ts";
import { SCHEMES } from "../../deno/schemes.ts";
import { Registry } from "../../stores/registry.ts";
import { formatBytes } from "../../core/amounts.ts";
import { Progress } from "../../core/progress.ts";
import type { Args, Flags } from "../commands/verify.ts";
import { DONE, FAILED, PARTLY } from "../exit_status.ts";
import { openManaged } from "../locator.ts";
import { optionsByLocation } from "../store_flags.ts";
import { warnOfKey } from "../output/warn_of_key.ts";
import { printIfOpen, warn } from "../output/output.ts";
import { showProgress } from "../output/progress.ts";

/** Checks the store. */
export async function run(_args: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await using registry = new Registry(SCHEMES, { warn }, optionsByLocation(flags));
  await using store = await openManaged(registry, flags.localStore, "verify");
  const { digest = "sha512-256" } = flags;
  const { directory, location, encryption } = store.properties;
  const progress = new Progress();
  using _display = showProgress(progress, flags, {
    unit: directory === undefined ? "chunks" : "directories",
  });
  const summary = await verifyStore(store, {
    digest,
    repair: flags.repair,
    threads: flags.concurrency,
    signal,
    progress,
    onInvalid: ({ id, reason, removed }) =>
      printIfOpen(`invalid chunk ${id}: ${reason}${removed ? ": removed" : ""}\n`),
    onUnreadable: warn,
    // A provider may charge for it.
    onListed: ({ chunks, storedBytes }) => {
      if (chunks > 0) warn(`${location}: ${chunks} chunks (${formatBytes(storedBytes)}) will be read`);
      else if (encryption === undefined) warn(`${location}: no chunks there: is its address right?`);
    },
  });
  const { otherDigest } = summary;
  if (otherDigest > 0) {
    const other = digest === "sha256" ? "sha512-256" : "sha256";
    warn(
      `${otherDigest} chunks in ${location} have ids by another digest (--digest ${other} verifies them)`,
    );
  }
  const isEmpty = summary.chunks === 0 && warnOfKey(store);
  if (summary.staleFiles > 0) warn(`${summary.staleFiles} stale temporary files removed`);
  if (isEmpty || summary.invalid > summary.removed || summary.unreadable + otherDigest > 0) return FAILED;
  return summary.removed > 0 ? PARTLY : DONE;
}
