/** What make cannot do, or not to the end. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { smallBlob } from "../../support/testdata.ts";
import { canDropPrivileges, runCliUnprivileged } from "../../support/system/without_privileges.ts";

const windows = Deno.build.os === "windows";

const OLD = "the old content";

const CHUNK = /^([0-9a-f]{4})\/\1[0-9a-f]{60}\.cacnk$/;

/** `make` fails like this, leaves the old index and nothing else. */
async function makeFails(
  dir: TempDir,
  args: string[],
  status: number,
  ...says: (string | RegExp)[]
): Promise<void> {
  const index = dir.write("out/x.caibx", OLD);
  assertFails(await runCli(["make", ...args.map((arg) => arg === "INDEX" ? index : arg)]), status, ...says);
  strictEqual(Deno.readTextFileSync(index), OLD);
  deepStrictEqual(filesIn(dir.path("out")), ["x.caibx"]);
}

Deno.test("make refuses what is not a file, and suggests what to do", async () => {
  using dir = tempDir();
  const none = dir.path("none");
  await makeFails(dir, ["INDEX", none], 1, none, "no such file");
  await makeFails(dir, ["INDEX", dir.root], 2, dir.root, "directory", "desync tar");
  if (windows) return;
  await run("mkfifo", [dir.path("fifo")]);
  await makeFails(
    dir,
    ["INDEX", dir.path("fifo")],
    2,
    dir.path("fifo"),
    "not a regular file",
    "give it to standard input",
  );
  await makeFails(dir, ["INDEX", "/dev/null"], 2, "/dev/null", "not a regular file");
  Deno.symlinkSync("loop", dir.path("loop"));
  await makeFails(dir, ["INDEX", dir.path("loop")], 1, dir.path("loop"));
});

Deno.test({
  name: "make reports a file that it may not read",
  ignore: !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("file", smallBlob());
    Deno.chmodSync(file, 0);
    const result = await runCliUnprivileged(["make", dir.path("out/x.caibx"), file]);
    assertFails(result, 1, file, "permission denied");
    deepStrictEqual(filesIn(dir.path("out")), []);
  },
});

Deno.test("make refuses an index that it cannot write before it works", async () => {
  using dir = tempDir();
  const file = dir.write("file", smallBlob());
  const store = dir.path("store");
  const missing = dir.path("none", "x.caibx").replace("/none/", "/none/none/");
  assertFails(await runCli(["make", "-s", store, missing, file]), 1, missing, "no directory");
  assertFails(await runCli(["make", "-s", store, dir.root, file]), 2, dir.root, "directory");
  const below = join(file, "x.caibx");
  assertFails(await runCli(["make", "-s", store, below, file]), 1, below);
  ok(!exists(store), "nothing was stored");
});

const wrongSizes: [sizes: string, ...says: (string | RegExp)[]][] = [
  ["64:16:256", "average", "below the minimum"],
  ["16:256:64", "maximum", "below the average"],
  ["0:64:256", "minimum"],
  ["16:64:131073", "128 MiB"],
  ["16:64:129m", "128 MiB"],
  ["1b:2b:40b", "48 bytes"],
  ["16:64", "MIN:AVG:MAX"],
  ["16:64:256:1024", "MIN:AVG:MAX"],
  ["16:64:", "MIN:AVG:MAX"],
  ["a:b:c", "MIN:AVG:MAX"],
  ["-1:64:256", "MIN:AVG:MAX"],
  ["1.5:64:256", "MIN:AVG:MAX"],
  ["16g:64g:256g", "MIN:AVG:MAX"],
  ["99999999999999999999:64:256", "minimum"],
];
for (const [sizes, ...says] of wrongSizes) {
  Deno.test(`make refuses the chunk sizes ${sizes}`, async () => {
    using dir = tempDir();
    await makeFails(dir, ["-m", sizes, "INDEX", dir.write("file", "x")], 2, ...says);
  });
}

Deno.test("make with wrong options", async () => {
  using dir = tempDir();
  const file = dir.write("file", "x");
  for (const level of ["0", "23", "-1", "x", "3.5"]) {
    await makeFails(dir, ["--compression-level", level, "INDEX", file], 2, "--compression-level");
  }
  await makeFails(dir, ["--digest", "md5", "INDEX", file], 2, "md5", "sha512-256, sha256");
  await makeFails(dir, ["-s", file, "INDEX", file], 1, file, "not a directory");
  await makeFails(dir, ["INDEX"], 2, "file");
  await makeFails(
    dir,
    ["-s", "nothing://host/x", "INDEX", file],
    2,
    "nothing:// is not supported (use",
    "s3+https://",
  );
  deepStrictEqual(filesIn(dir.root), ["file", "out/x.caibx"]);
});

Deno.test({
  name: "make into a store that is read-only",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("file", smallBlob());
    const store = dir.dir("store");
    await using mount = await mountTmpfs(store, "1m");
    await mount.makeReadOnly();
    await makeFails(dir, ["-s", store, "INDEX", file], 1, store, "the file system is read-only");
    await makeFails(dir, ["-s", join(store, "new"), "INDEX", file], 1, store, "the file system is read-only");
    strictEqual(
      (await runCli(["make", dir.path("y.caibx"), file])).code,
      0,
      "the index alone needs no store",
    );
  },
});

Deno.test({
  name: "make into a store that becomes full leaves whole chunks and no index",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const bytes = new Random(5).bytes(2_000_000);
    const file = dir.write("file", bytes);
    const store = dir.dir("store");
    for (const [size, input] of [["512k", file], ["64k", file], ["512k", "-"]]) {
      await using _small = await mountTmpfs(store, size);
      const index = dir.write("out/x.caibx", OLD);
      const stdin = input === "-" ? bytes : undefined;
      const result = await runCli(["make", "-s", store, index, input], { stdin });
      assertFails(result, 1, store, "no space left on the device");
      strictEqual(Deno.readTextFileSync(index), OLD);
      ok(filesIn(store).every((name) => CHUNK.test(name)), filesIn(store).join("\n"));
      strictEqual((await runCli(["verify", "-s", store])).code, 0);
    }
  },
});

Deno.test({
  name: "make when the index's disk is full",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("file", new Random(5).bytes(2_000_000));
    const out = dir.dir("out");
    await using _small = await mountTmpfs(out, "8k");
    const result = await runCli(["make", "-m", "1:4:16", join(out, "x.caibx"), file]);
    assertFails(result, 1, join(out, "x.caibx"), "no space left on the device");
    deepStrictEqual(filesIn(out), []);
  },
});
