/** extract into what is there: files and block devices. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { extracts, sourcesOf } from "../../support/extracts.ts";
import { joined } from "../../support/data/joined.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { exists } from "../../support/exists.ts";
import { attachLoopDevice, hasLoopDevices } from "../../support/system/loop_device.ts";
import { canMountDevices, mountNew } from "../../support/system/mounts.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";

const windows = Deno.build.os === "windows";

Deno.test("in place: right chunks are kept, wrong ones fixed, the rest cut off", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  const wrong = joined([...pieces, new Uint8Array(5000).fill(1)]);
  wrong[pieces[0].length + 3]++; // in the second chunk
  const target = dir.write("target", wrong);
  const { ino } = Deno.statSync(target);
  // The right ones are not even looked for.
  for (const piece of [0, 2]) Deno.removeSync(made.chunk(piece));
  const sources = await sourcesOf(dir, made, "-k", "-s", made.store);
  deepStrictEqual(sources, { "the target itself": 2, [made.store]: 1 });
  strictEqual(Deno.statSync(target).ino, ino, "the same file");
});

Deno.test("in place: where zeros belong, zeros are written", async () => {
  using dir = tempDir();
  const zeros = new Uint8Array(65_536);
  const made = makeBlob(dir, [new Random(1).bytes(100), zeros, zeros, new Uint8Array(40_000)]);
  dir.write("target", new Uint8Array(200_000).fill(0xff));
  await extracts(dir, made, "-k", "-s", made.store);
});

Deno.test("in place: a new file is made, and a failure keeps what is there", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await extracts(dir, made, "--in-place", "-s", made.store);
  Deno.removeSync(made.chunk(1));
  dir.write("target", new Uint8Array(20_000));
  assertFails(
    await runCli(["extract", "-k", "-s", made.store, made.index, dir.path("target")]),
    1,
    made.ids[1],
  );
  ok(Deno.statSync(dir.path("target")).size >= 20_000);
});

Deno.test({
  name: "a block device is written in place, with and without -k, never replaced",
  ignore: !hasLoopDevices,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, [...somePieces(), new Uint8Array(1920)]); // whole sectors
    const expected = new Uint8Array(256 * 1024).fill(9);
    for (const option of [[], ["-k"]]) {
      const image = dir.write("image", expected);
      {
        await using device = await attachLoopDevice(image);
        const link = dir.path("link");
        Deno.symlinkSync(device.path, link);
        for (const [path, status] of [[device.path, 0], [link, 4]] as const) {
          const args = ["extract", "--detailed-exit-status", ...option, "-s", made.store, made.index, path];
          const result = await runCli(args);
          deepStrictEqual([result.code, result.stderr], [status, ""]);
          ok(Deno.statSync(path).isBlockDevice);
        }
        ok(Deno.lstatSync(link).isSymlink);
        Deno.removeSync(link);
      }
      const bytes = expected.slice();
      bytes.set(made.bytes);
      sameBytes(Deno.readFileSync(image), bytes);
    }
  },
});

Deno.test({
  name: "a block device that is too small is refused before anything is written",
  ignore: !hasLoopDevices,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const before = new Uint8Array(512).fill(9);
    const image = dir.write("image", before);
    {
      await using device = await attachLoopDevice(image);
      const args = ["extract", "-k", "-s", made.store, made.index, device.path];
      assertFails(await runCli(args), 1, device.path, "512 bytes");
    }
    sameBytes(Deno.readFileSync(image), before);
  },
});

Deno.test({
  name: "a mounted device is refused unless that is forced",
  ignore: !canMountDevices,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const image = dir.write("image", new Uint8Array(1024 * 1024));
    await using device = await attachLoopDevice(image);
    await using mount = await mountNew(device.path, dir.dir("mounted"));
    Deno.writeTextFileSync(`${mount.path}/file`, "precious");
    // The file system itself never writes here.
    const start = () => Deno.readFileSync(device.path).subarray(0, 1024);
    const before = start();
    const from = ["-s", made.store, made.index, device.path];
    for (const command of [["extract"], ["extract", "-k"], ["cat"]]) {
      assertFails(await runCli([...command, ...from]), 1, device.path, "mounted", "unmount it");
      sameBytes(start(), before);
    }
    const forced = await runCli(["extract", "--force", ...from]);
    deepStrictEqual([forced.code, forced.stderr], [0, ""]);
    sameBytes(start(), made.bytes.subarray(0, 1024));
    strictEqual(Deno.readTextFileSync(`${mount.path}/file`), "precious");
  },
});

Deno.test({
  name: "no file is made where a device is missing",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const missing = `/dev/desync-test-${crypto.randomUUID()}`;
    for (const command of [["extract"], ["extract", "-k"], ["cat"]]) {
      assertFails(
        await runCli([...command, "-s", made.store, made.index, missing]),
        1,
        missing,
        "no such file",
      );
      ok(!exists(missing));
    }
  },
});

Deno.test({
  name: "a symlink is written through, whatever the size of its target",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const { bytes } = made;
    const wrong = bytes.slice();
    wrong[7]++;
    const longer = joined([bytes, new Uint8Array(70_000).fill(1)]);
    for (const before of [bytes, wrong, bytes.subarray(0, 100), new Uint8Array(0), longer, undefined]) {
      const target = dir.path("out/file");
      if (before === undefined) Deno.removeSync(target);
      else dir.write("out/file", before);
      const link = dir.path("target");
      Deno.symlinkSync("out/file", link);
      await extracts(dir, made, "-k", "-s", made.store);
      strictEqual(Deno.readLinkSync(link), "out/file");
      sameBytes(Deno.readFileSync(target), bytes);
      Deno.removeSync(link);
    }
  },
});
