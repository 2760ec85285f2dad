/** GNU tar, which tests of tars run against where it is installed: `ignore: !gnuTar`. */

import { peers } from "../peers.ts";
import { run, type RunOptions, type RunResult } from "../process.ts";

/** Where it is, undefined when `tar` is another one or not there. */
export const gnuTar: string | undefined = isGnuTar(peers.tar) ? peers.tar : undefined;

/** Runs it, and fails when it fails. */
export function tar(args: string[], options: RunOptions = {}): Promise<RunResult> {
  return run(gnuTar, args, { ...options, env: { LC_ALL: "C", TZ: "UTC", ...options.env } });
}

function isGnuTar(program: string | undefined): boolean {
  if (program === undefined) return false;
  try {
    const { stdout } = new Deno.Command(program, { args: ["--version"], stderr: "null" }).outputSync();
    return new TextDecoder().decode(stdout).includes("GNU tar");
  } catch {
    return false;
  }
}
