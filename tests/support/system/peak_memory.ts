/**
 * The most memory that a program ever had, as the system counts it: nothing is missed between two looks.
 *
 * This file is also the program that measures: it runs its arguments and writes the figure to the file named first.
 * A process of its own, since the system keeps one maximum for all programs that a process has run.
 */

import { fileURLToPath } from "node:url";
import { cliCommand } from "../cli_command.ts";
import { runAny, type RunOptions, type RunResult } from "../process.ts";
import { tempDir } from "../temp.ts";

/** Whether it can be measured here. */
export const canMeasureMemory: boolean = Deno.build.os === "linux";

/** Runs the command line; `peak` is in bytes. */
export async function runCliMeasured(
  args: string[],
  options: RunOptions = {},
): Promise<RunResult & { peak: number }> {
  using dir = tempDir();
  const figure = dir.path("peak");
  const self = fileURLToPath(import.meta.url);
  const result = await runAny(Deno.execPath(), ["run", "-A", self, figure, ...cliCommand, ...args], options);
  return { ...result, peak: Number(Deno.readTextFileSync(figure)) };
}

/** getrusage for all children that have ended: ru_maxrss, in KiB. */
function childrensPeak(): number {
  const libc = Deno.dlopen("libc.so.6", { getrusage: { parameters: ["i32", "buffer"], result: "i32" } });
  const usage = new BigInt64Array(32);
  libc.symbols.getrusage(-1, usage);
  libc.close();
  return Number(usage[4]) * 1024;
}

if (import.meta.main) {
  const [figure, program, ...args] = Deno.args;
  const { code } = await new Deno.Command(program, { args, stdin: "inherit" }).spawn().status;
  Deno.writeTextFileSync(figure, String(childrensPeak()));
  Deno.exit(code);
}
