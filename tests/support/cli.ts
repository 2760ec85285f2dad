/** Runs this project's own command line as users do, in a process of its own. */

import { join } from "node:path";
import { repository, runAny, type RunOptions, type RunResult } from "./process.ts";

/** The words in front of the command line's own arguments, for tests that have to start it by themselves. */
export const cliCommand: readonly string[] = [Deno.execPath(), "run", "-A", join(repository, "cli.ts")];

/** Runs `desync <args>` to its end; the exit status is for the test to judge. */
export function runCli(args: string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...before] = cliCommand;
  return runAny(program, [...before, ...args], options);
}
