/** `desync prune -s DIRECTORY INDEX…` */
import { DesyncError } from "../../core/errors.ts";
import { pruneStore, type PruneSummary } from "../../jobs/prune.ts";
import type { Args, Flags } from "../commands/prune.ts";
import { DONE, FAILED } from "../exit_status.ts";
import { readIds } from "../inputs/chunk_ids.ts";
import { Locator } from "../locator.ts";
import { print, printError, warn } from "../output/output.ts";
import { warnOfKey } from "../output/warn_of_key.ts";
import { abortable } from "../../core/abortable.ts";
import { formatBytes } from "../../core/amounts.ts";
import { expandWildcards } from "../inputs/expand_wildcards.ts";

/** By how much the times of files may lag behind the clock: a tick of the kernel. */
const FILE_CLOCK_STEP_MS = 10;

/** Prunes the store, after asking. */
export async function run({ indexes }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  const startedAt = Date.now();
  await new Promise((resolve) => setTimeout(resolve, FILE_CLOCK_STEP_MS));
  await using locator = new Locator(flags);
  const store = await locator.managed(flags.localStore, "prune");
  const lists = flags.keepChunks ?? [];
  if (indexes.length === 0 && lists.length === 0) {
    throw new DesyncError("usage", {
      problem: "Missing",
      subject: "argument <index>",
      reason: "name at least one index to keep, or a list with --keep-chunks",
    });
  }
  const keep = await readIds(locator, expandWildcards(indexes), lists, signal);
  const { dryRun } = flags;
  if (!dryRun && !flags.yes && !await confirmed(store.properties.location, keep.size, signal)) {
    warn("nothing was removed");
    return FAILED;
  }
  const summary = await pruneStore(store, keep, { dryRun, startedAt, signal });
  if (summary.kept + summary.removed === 0) warnOfKey(store);
  if (dryRun) print(`${describe(summary)}\n`);
  else if (summary.recent > 0) warn(`${summary.recent} chunks that were put there just now stay`);
  return DONE;
}

function describe({ kept, recent, removed, removedBytes, stale }: PruneSummary): string {
  const size = `${removedBytes} bytes, ${formatBytes(removedBytes)}`;
  const parts = [`${removed} chunks (${size}) would be removed, ${kept} kept`];
  if (recent > 0) parts.push(`${recent} that were put there just now stay`);
  if (stale.files > 0) parts.push(`${stale.files} stale temporary files (${stale.bytes} bytes) as well`);
  return parts.join("; ");
}

async function confirmed(location: string, kept: number, signal: AbortSignal): Promise<boolean> {
  printError(
    `Warning: The provided index files reference ${kept} unique chunks. Are you sure\n` +
      `you want to delete all other chunks from '${location}'?\n[y/N]: `,
  );
  return /^y(es)?$/i.test((await abortable(readLine, signal)).trim());
}

async function readLine(): Promise<string> {
  const byte = new Uint8Array(1);
  let line = "";
  while (await Deno.stdin.read(byte) === 1 && byte[0] !== 10) line += String.fromCharCode(byte[0]);
  return line;
}
