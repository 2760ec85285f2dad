/** The program with few permissions. */

import { join } from "node:path";
import { repository, runAny, type RunOptions, type RunResult } from "../support/process.ts";

/** Runs the program from the clone with no permissions but these, and those of reading its own files. */
export function runPermitted(
  permissions: string[],
  args: string[],
  options?: RunOptions,
): Promise<RunResult> {
  const read = permissions.find((word) => word.startsWith("--allow-read="));
  const source = join(repository, "src");
  const words = permissions.filter((word) => word !== read);
  if (!words.includes("--allow-read")) {
    words.push(read === undefined ? `--allow-read=${source}` : `${read},${source}`);
  }
  const command = ["run", "--no-prompt", ...words, join(repository, "cli.ts"), ...args];
  return runAny(Deno.execPath(), command, options);
}

/** Of the one who runs this, with a time that every system can set. */
export const owned = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0, mtime: 1_700_000_000_123_000_000n };
