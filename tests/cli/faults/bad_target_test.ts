/** What `extract` makes of targets that cannot be written: nothing is lost. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { filesIn } from "../../support/files.ts";
import { tempDir } from "../../support/temp.ts";
import { extractFails, OLD, serve } from "./failing_extract.ts";

Deno.test("a target in a missing directory is an error", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const target = join(dir.root, "none", "target");
  for (const more of [[], ["-k"]]) {
    const result = await runCli(["extract", "-s", made.store, ...more, made.index, target]);
    assertFails(result, 1, target, `there is no directory ${join(dir.root, "none")}`);
  }
  ok(!filesIn(dir.root).some((name) => name.startsWith("none")));
});

Deno.test("a target below a file, and one with an impossible name", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const below = join(dir.write("file", OLD), "target");
  assertFails(await runCli(["extract", "-s", made.store, made.index, below]), 1, below, "not a directory");
  const long = join(dir.root, "x".repeat(300));
  assertFails(await runCli(["extract", "-s", made.store, made.index, long]), 1, long, /too long/i);
  strictEqual(Deno.readTextFileSync(dir.path("file")), OLD);
});

Deno.test({
  name: "a target in a read-only directory is an error",
  ignore: Deno.build.os === "windows" || (Deno.uid() === 0 && !canMount),
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const folder = dir.dir("read-only");
    const root = Deno.uid() === 0;
    await using mount = root ? await mountTmpfs(folder, "1m") : undefined;
    const target = dir.write("read-only/target", OLD);
    if (mount === undefined) Deno.chmodSync(folder, 0o555);
    else await mount.makeReadOnly();
    for (const path of [target, join(folder, "new")]) {
      const result = await runCli(["extract", "-s", made.store, made.index, path]);
      assertFails(result, 1, path, root ? "the file system is read-only" : "permission denied");
    }
    deepStrictEqual(filesIn(folder), ["target"]);
    strictEqual(Deno.readTextFileSync(target), OLD);
    if (mount === undefined) Deno.chmodSync(folder, 0o755);
  },
});

Deno.test({
  name: "a full disk is found before any chunk is fetched",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using _small = await mountTmpfs(dir.dir("out"), "48k");
    await using server = await serve(made, 0, undefined);
    await extractFails(dir, ["-s", server.url, made.index], 1, "needs 80000 bytes", /\d+ are free/);
    strictEqual(server.requests.length, 0);
  },
});

Deno.test({
  name: "a disk that becomes full under a file that is written in place",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using small = await mountTmpfs(dir.dir("out"), "48k");
    const target = join(small.path, "target");
    const result = await runCli(["extract", "-k", "-s", made.store, made.index, target]);
    assertFails(result, 1, `Cannot write ${target}: no space left on the device`);
  },
});

Deno.test("a target that cannot be replaced is an error: a directory, a device, a pipe", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const extract = (target: string, ...more: string[]) =>
    runCli(["extract", "-s", made.store, ...more, made.index, target]);
  assertFails(await extract(dir.dir("folder")), 2, dir.path("folder"), "it is a directory");
  assertFails(await extract(dir.dir("folder"), "-k"), 2, dir.path("folder"), "it is a directory");
  assertFails(await extract("-"), 2, "desync cat");
  if (Deno.build.os === "windows") return;
  for (const target of ["/dev/stdout", "/dev/null", "/dev/fd/1", "/proc/self/fd/1"]) {
    assertFails(await extract(target), 2, target, "desync cat");
  }
  assertFails(await extract("/dev/null", "-k"), 2, "/dev/null", "neither a file nor a block device");
  const fifo = dir.path("fifo");
  strictEqual(new Deno.Command("mkfifo", { args: [fifo] }).outputSync().code, 0);
  assertFails(await extract(fifo), 2, fifo, "desync cat");
  assertFails(await extract(fifo, "-k"), 2, fifo, "neither a file nor a block device");
  ok(Deno.statSync(fifo).isFifo);
  Deno.symlinkSync("/dev/null", dir.path("link"));
  assertFails(await extract(dir.path("link")), 2, dir.path("link"), "desync cat");
});
