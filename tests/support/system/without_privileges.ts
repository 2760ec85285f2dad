/** Runs the command line so that permissions count: root, too, may then not read what nobody may. */

import { runCli } from "../cli.ts";
import { cliCommand } from "../cli_command.ts";
import { peers } from "../peers.ts";
import { run, runAny, type RunOptions, type RunResult } from "../process.ts";

const root = Deno.build.os !== "windows" && Deno.uid() === 0;
const setpriv = ["--bounding-set", "-dac_override,-dac_read_search"];
const withoutDevices = ["--bounding-set", "-mknod"];
const withoutOwners = ["--bounding-set", "-chown"];

/** Whether {@linkcode runCliUnprivileged} works here. */
export const canDropPrivileges: boolean = Deno.build.os !== "windows" && (!root || hasSetpriv(setpriv));

/** Runs it without the power to read and write everything. */
export function runCliUnprivileged(args: string[], options: RunOptions = {}): Promise<RunResult> {
  return root ? runAny(peers.setpriv!, [...setpriv, ...cliCommand, ...args], options) : runCli(args, options);
}

/** Whether {@linkcode runCliWithoutDevices} works here. */
export const canDropDevices: boolean = root && hasSetpriv(withoutDevices);

/** Runs it as root who may do everything but make devices, as in many containers. */
export function runCliWithoutDevices(args: string[], options: RunOptions = {}): Promise<RunResult> {
  return runAny(peers.setpriv!, [...withoutDevices, ...cliCommand, ...args], options);
}

/** Whether {@linkcode runCliWithoutOwners} works here. */
export const canDropOwners: boolean = root && hasSetpriv(withoutOwners);

/** Runs it as one who may give files to nobody, but to groups that he is in: none, or those that are named. */
export function runCliWithoutOwners(args: string[], groups: readonly number[]): Promise<RunResult> {
  const member = groups.length === 0 ? ["--clear-groups"] : ["--groups", groups.join(",")];
  return runAny(peers.setpriv!, [...withoutOwners, ...member, ...cliCommand, ...args]);
}

/** Who shares the machine with root. */
export const ANOTHER_USER = 65534;
const asAnotherUser = ["--reuid", `${ANOTHER_USER}`, "--clear-groups"];

/** Whether {@linkcode runAsAnotherUser} works here. */
export const canBeAnotherUser: boolean = root && hasSetpriv(asAnotherUser);

/** Runs lines of a shell's in the directory as somebody else. */
export async function runAsAnotherUser(lines: string, cwd: string): Promise<void> {
  await run(peers.setpriv, [...asAnotherUser, "sh", "-ec", lines], { cwd });
}

const asUser = ["--user", "--map-user=1000", "--map-group=1000"];

/** Whether {@linkcode runCliAsUser} works here. */
export const canBeUser: boolean = Deno.build.os === "linux" && peers.unshare !== undefined &&
  new Deno.Command(peers.unshare, { args: [...asUser, "true"], stderr: "null" }).outputSync().success;

/** Runs it as user and group 1000, who have no power, and are outside of it who runs the tests: they own the same files. */
export function runCliAsUser(args: string[]): Promise<RunResult> {
  return runAny(peers.unshare!, [...asUser, ...cliCommand, ...args]);
}

function hasSetpriv(args: string[]): boolean {
  if (peers.setpriv === undefined) return false;
  try {
    return new Deno.Command(peers.setpriv, { args: [...args, "true"], stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
