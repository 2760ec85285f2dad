/** GNU tar, which tests of tars run against where it is installed: `ignore: !gnuTar`. */

import { run, type RunOptions, type RunResult } from "./process.ts";

/** Its name, undefined when `tar` is another one or not there. */
export const gnuTar: string | undefined = isGnuTar() ? "tar" : undefined;

/** Runs it, and fails when it fails. */
export function tar(args: string[], options: RunOptions = {}): Promise<RunResult> {
  return run(gnuTar, args, { ...options, env: { LC_ALL: "C", TZ: "UTC", ...options.env } });
}

function isGnuTar(): boolean {
  try {
    const { stdout } = new Deno.Command("tar", { args: ["--version"], stderr: "null" }).outputSync();
    return new TextDecoder().decode(stdout).includes("GNU tar");
  } catch {
    return false;
  }
}
