/** Runs the command line so that permissions count: root, too, may then not read what nobody may. */

import { cliCommand, runCli } from "./cli.ts";
import { runAny, type RunOptions, type RunResult } from "./process.ts";

const root = Deno.build.os !== "windows" && Deno.uid() === 0;
const setpriv = ["--bounding-set", "-dac_override,-dac_read_search"];

/** Whether {@linkcode runCliUnprivileged} works here. */
export const canDropPrivileges: boolean = Deno.build.os !== "windows" && (!root || hasSetpriv());

/** Runs it without the power to read and write everything. */
export function runCliUnprivileged(args: string[], options: RunOptions = {}): Promise<RunResult> {
  return root ? runAny("setpriv", [...setpriv, ...cliCommand, ...args], options) : runCli(args, options);
}

function hasSetpriv(): boolean {
  try {
    return new Deno.Command("setpriv", { args: [...setpriv, "true"], stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
