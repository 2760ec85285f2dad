/** extract into what is there: files and block devices. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { assertFails } from "../support/failure.ts";
import { extracts, sourcesOf } from "../support/extracts.ts";
import { joined, makeBlob, somePieces } from "../support/made.ts";
import { attachLoopDevice, hasLoopDevices } from "../support/loop_device.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { tempDir } from "../support/temp.ts";

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
  name: "a block device is written in place",
  ignore: !hasLoopDevices,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, [...somePieces(), new Uint8Array(1920)]); // whole sectors
    const image = dir.write("image", new Uint8Array(256 * 1024).fill(9));
    {
      await using device = await attachLoopDevice(image);
      const args = ["extract", "-s", made.store, made.index, device.path];
      assertFails(await runCli(args), 2, device.path, "--in-place");
      const result = await runCli([...args, "-k"]);
      strictEqual(result.code, 0, result.stderr);
    }
    const expected = new Uint8Array(256 * 1024).fill(9);
    expected.set(made.bytes);
    sameBytes(Deno.readFileSync(image), expected);
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
