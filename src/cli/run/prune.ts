/** `desync prune -s FOLDER INDEX…` */
import { DesyncError } from "../../errors.ts";
import { pruneStore, type PruneSummary } from "../../deno/prune_store.ts";
import { DONE, FAILED } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { localStore, Locator } from "../location.ts";
import { print, printError, warn } from "../output.ts";
import { orInterrupted } from "../../or_interrupted.ts";
import { formatBytes } from "../text.ts";
import { expandWildcards } from "../expand_wildcards.ts";

/** Prunes the store, after asking. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const { directory: folder } = localStore(flags, "prune").properties;
  const lists = flags.keepChunks ?? [];
  if (args.length === 0 && lists.length === 0) {
    throw new DesyncError(
      "usage",
      "Missing argument <index>: name what to keep, at least one index or a list with --keep-chunks",
    );
  }
  const keep = await new Locator(flags).ids(expandWildcards(args), lists, signal);
  const dryRun = flags.dryRun ?? false;
  if (!dryRun && !flags.yes && !await confirmed(folder, keep.size, signal)) {
    warn("nothing was removed");
    return FAILED;
  }
  const summary = await pruneStore(folder, keep, { dryRun, signal });
  if (dryRun) print(`${describe(summary)}\n`);
  return DONE;
}

function describe({ kept, removed, removedBytes, leftovers, leftoverBytes }: PruneSummary): string {
  const chunks = `${removed} chunks (${removedBytes} bytes, ${
    formatBytes(removedBytes)
  }) would be removed, ${kept} kept`;
  return leftovers === 0
    ? chunks
    : `${chunks}; ${leftovers} stale temporary files (${leftoverBytes} bytes) as well`;
}

async function confirmed(folder: string, kept: number, signal: AbortSignal): Promise<boolean> {
  printError(
    `Warning: The provided index files reference ${kept} unique chunks. Are you sure\n` +
      `you want to delete all other chunks from '${folder}'?\n[y/N]: `,
  );
  return /^y(es)?$/i.test((await orInterrupted(readLine, signal)).trim());
}

async function readLine(): Promise<string> {
  const byte = new Uint8Array(1);
  let line = "";
  while (await Deno.stdin.read(byte) === 1 && byte[0] !== 10) line += String.fromCharCode(byte[0]);
  return line;
}
