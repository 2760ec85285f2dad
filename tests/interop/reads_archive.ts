/** An archive at a location is read there as it is on this machine. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../support/cli.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { testdata } from "../support/testdata.ts";

/**
 * Unpacks, lists and describes `testdata/tree.catar` at that location, whole and in part. `desync` runs a command that has to
 * succeed, and returns what it prints; `target` becomes a directory.
 */
export async function readsArchive(
  desync: (...args: string[]) => Promise<string>,
  location: string,
  target: string,
): Promise<void> {
  for (const command of ["list", "mtree"]) {
    const { stdout } = await runCli([command, testdata("tree.catar")]);
    strictEqual(await desync(command, location), stdout);
  }
  await desync("untar", location, join(target, "whole"));
  await desync("untar", location, target, "data", "bin/run");
  const read = (path: string) => Deno.readFileSync(join(target, path));
  sameBytes(read("whole/data"), read("data"));
  sameBytes(read("whole/bin/run"), read("run"));
}
