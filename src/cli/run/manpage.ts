/** `desync manpage [DIRECTORY]` */
import { join } from "../../deno/system/paths.ts";
import { environment } from "../../deno/system/permitted.ts";
import { DesyncError } from "../../core/errors.ts";
import { VERSION } from "../../core/version.ts";
import type { Args, Flags } from "../commands/manpage.ts";
import { DONE } from "../exit_status.ts";
import { manualPage } from "../docs/manual.ts";
import { isStandardOutput, writeResult } from "../output/piece_output.ts";

/** Prints the page, or writes it into the directory. */
export async function run({ directory }: Args, _flags: Flags, signal: AbortSignal): Promise<number> {
  const path = isStandardOutput(directory) ? directory : join(directory, "desync.1");
  await writeResult(path, new TextEncoder().encode(await manualPage(VERSION, day())), signal);
  return DONE;
}

/** The date that SOURCE_DATE_EPOCH sets for a package, or today. */
function day(): string {
  const epoch = environment("SOURCE_DATE_EPOCH");
  const seconds = epoch === "" ? Date.now() / 1000 : Number(epoch);
  const date = new Date(seconds * 1000);
  if (!Number.isNaN(date.getTime())) return date.toISOString().slice(0, 10);
  throw new DesyncError("usage", {
    action: "use",
    subject: "SOURCE_DATE_EPOCH",
    reason: `${epoch} is not a number of seconds since 1970`,
  });
}
