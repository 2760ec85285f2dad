/** Runs the command line on a real terminal. */
import { cliCommand } from "../cli_command.ts";
import { peers } from "../peers.ts";
import { runAny, type RunOptions, type RunResult } from "../process.ts";

/** What the terminal is. */
export interface Terminal {
  readonly columns: number;
  /** Default: xterm. */
  readonly name?: string;
}

/**
 * The run, with all that was written to the terminal as its standard output: without the return before a new line that
 * terminals add, and without what Deno itself writes while it loads. `after` goes on in the shell behind the command.
 */
export async function runOnTerminal(
  { columns, name = "xterm" }: Terminal,
  args: readonly string[],
  options: RunOptions & { after?: string } = {},
): Promise<RunResult> {
  const quoted = [...cliCommand, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const command = `stty cols ${columns} rows 24; ${quoted.join(" ")} ${options.after ?? ""}`;
  const env = { NO_COLOR: "", ...options.env, TERM: name }; // colours, whatever this process was started with
  const result = await runAny(peers.script!, ["-qefc", command, "/dev/null"], { ...options, env });
  // deno-lint-ignore no-control-regex
  const stdout = result.stdout.replaceAll(/\x1b\[(?:0G|2K|J)/g, "").replaceAll("\r\n", "\n");
  return { ...result, stdout };
}
