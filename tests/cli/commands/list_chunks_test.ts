import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { indexBytes } from "../../support/data/index_bytes.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";

Deno.test("list-chunks prints the ids in the blob's order, repeats included", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const result = await runCli(["list-chunks", made.index]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  strictEqual(result.stdout, made.ids.map((id) => `${id}\n`).join(""));
  const piped = await runCli(["list-chunks", "-"], { stdin: Deno.readFileSync(made.index) });
  strictEqual(piped.stdout, result.stdout);
});

for (
  const name of ["casync-blob.caibx", "casync-small-64-256-1024.caibx", "casync-empty.caibx", "tree.caidx"]
) {
  Deno.test({
    name: `list-chunks prints for ${name} what desync does`,
    ignore: !peers.desync,
    fn: async () => {
      const ours = await runCli(["list-chunks", testdata(name)]);
      const theirs = await run(peers.desync, ["list-chunks", testdata(name)]);
      strictEqual(ours.code, 0, ours.stderr);
      strictEqual(ours.stdout, theirs.stdout);
    },
  });
}

Deno.test({
  name: "list-chunks into a pipe that is closed early ends quietly",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const items = Array.from({ length: 20_000 }, (_, i) => ({ end: i + 1, id: "ab".repeat(32) }));
    const index = dir.write("a.caibx", indexBytes({ items }));
    // The status of list-chunks itself is the shell's last word.
    const script = `{ "$@"; echo status $? >&2; } | head -n 1`;
    const args = ["-c", script, "sh", ...cliCommand, "list-chunks", index];
    const { stdout, stderr } = await run("/bin/sh", args);
    strictEqual(stdout, `${"ab".repeat(32)}\n`);
    strictEqual(stderr, "status 141\n");
  },
});

Deno.test("list-chunks refuses what is not an index", async () => {
  using dir = tempDir();
  const path = dir.write("text", "no index".repeat(20));
  assertFails(await runCli(["list-chunks", path]), 1, path, "not a valid index");
  assertFails(await runCli(["list-chunks", dir.path("none")]), 1, dir.path("none"), "no such file");
  assertFails(await runCli(["list-chunks"]), 2, "index");
  assertFails(await runCli(["list-chunks", path, path]), 2, /argument/);
});
