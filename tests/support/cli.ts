/** Runs this project's own command line as users do, in a process of its own. */

import { cliCommand, otherBuild } from "./cli_command.ts";
import { resultOf, runAny, type RunOptions, type RunResult } from "./process.ts";
import { WarmProcess } from "./programs/warm_process.ts";

/** Runs a program with the arguments to its end. */
export type Run = (args: string[], options?: RunOptions) => Promise<RunResult>;

/**
 * Runs of a program that differ from others in nothing but their arguments share a process, which saves their starts:
 * see {@linkcode WarmProcess}. DESYNC_TEST_FRESH=1 gives each its own. So does Deno 2.6, where a test that opens a pipe stops
 * before its program has been asked.
 */
const canShare = Deno.build.os === "linux" && !Deno.version.deno.startsWith("2.6.") &&
  Deno.env.get("DESYNC_TEST_FRESH") === undefined && otherBuild === undefined;

/** How to run the program that is started by these words; the module with its `main`, if it is not the command line's. */
export function runnerOf([program, ...before]: readonly string[], module?: string): Run {
  const warm = canShare ? new WarmProcess(module) : undefined;
  return async (args, options = {}) => {
    const { cwd = Deno.cwd(), env = {}, stdin, timeout, ...others } = options;
    if (warm?.canRun(env) && Object.keys(others).length === 0 && args.every(isPlain)) {
      const { code, stdout, stderr } = await warm.run(args, { cwd, env, stdin, timeout });
      return resultOf(code, stdout, stderr);
    }
    return await runAny(program, [...before, ...args], options);
  };
}

/** Runs `desync <args>` to its end; the exit status is for the test to judge. */
export const runCli: Run = runnerOf(cliCommand);

/** Other words reach a program as bytes that are no text. */
function isPlain(word: string): boolean {
  return word.isWellFormed() && !/[\0\uFFFD]/.test(word);
}
