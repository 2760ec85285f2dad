/** An archive at a location is read there as it is on this machine. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../support/cli.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { testdata } from "../support/testdata.ts";

/**
 * Unpacks, lists and describes `testdata/tree.catar` at that location, whole and in part. `run` runs a command that has to
 * succeed, and returns what it prints; `target` becomes a directory.
 */
export async function readsArchive(
  run: (...args: string[]) => Promise<string>,
  location: string,
  target: string,
): Promise<void> {
  for (const command of ["list", "mtree"]) {
    const { stdout } = await runCli([command, testdata("tree.catar")]);
    strictEqual(await run(command, location), stdout);
  }
  await run("untar", location, join(target, "whole"));
  await run("untar", location, target, "data", "bin/run");
  const read = (path: string) => Deno.readFileSync(join(target, path));
  sameBytes(read("whole/data"), read("data"));
  sameBytes(read("whole/bin/run"), read("run"));
}
