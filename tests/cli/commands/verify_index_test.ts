import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { attachLoopDevice, hasLoopDevices } from "../../support/system/loop_device.ts";
import { joined } from "../../support/data/joined.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { runAny } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { tempDir } from "../../support/temp.ts";
import { blob, smallBlob, testdata } from "../../support/testdata.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

for (
  const [index, bytes] of [
    ["casync-blob.caibx", blob()],
    ["casync-small-sha256.caibx", smallBlob()],
    ["desync-small.caibx", smallBlob()],
    ["casync-small-16-200-1000.caibx", smallBlob()],
    ["casync-one-byte.caibx", Uint8Array.of(65)],
    ["casync-empty.caibx", new Uint8Array(0)],
  ] as const
) {
  Deno.test(`verify-index finds that ${index} describes its file`, async () => {
    using dir = tempDir();
    const file = dir.write("file", bytes);
    const result = await runCli(["verify-index", testdata(index), file]);
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
    const stdin = Deno.readFileSync(testdata(index));
    strictEqual((await runCli(["verify-index", "-", file], { stdin })).code, 0);
  });
}

inTurn()("verify-index names the first bytes that differ", async () => {
  using dir = tempDir();
  const noise = new Random(1);
  const pieces = Array.from({ length: 300 }, () => noise.bytes(1000));
  const repeated = [...pieces, pieces[0]];
  const made = makeBlob(dir, repeated);
  for (const wrong of [[0], [63, 64], [64, 10], [200, 128, 299], [300], [300, 299]]) {
    const bytes = joined(repeated);
    for (const piece of wrong) bytes[piece * 1000 + 500] ^= 1;
    const file = dir.write("file", bytes);
    const first = Math.min(...wrong);
    const range = `the first difference is in bytes ${first * 1000} to ${first * 1000 + 1000}`;
    const result = await runCli(["verify-index", made.index, file]);
    assertFails(result, 3, file, made.index, range);
    strictEqual(result.stdout, "");
    if (peers.desync) strictEqual((await runAny(peers.desync, ["verify-index", made.index, file])).code, 1);
  }
});

Deno.test("verify-index of a longer and of a shorter file", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const longer = dir.write("longer", joined([made.bytes, Uint8Array.of(0)]));
  assertFails(await runCli(["verify-index", made.index, longer]), 3, longer, "80001 bytes", "80000");
  const shorter = dir.write("shorter", made.bytes.subarray(0, 79_999));
  assertFails(await runCli(["verify-index", made.index, shorter]), 3, shorter, "79999 bytes", "80000");
  const empty = dir.write("empty", "");
  assertFails(await runCli(["verify-index", made.index, empty]), 3, empty, "0 bytes", "80000");
});

Deno.test("verify-index with wrong arguments", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const file = dir.write("file", made.bytes);
  assertFails(await runCli(["verify-index", made.index]), 2, "file");
  assertFails(await runCli(["verify-index", file, made.index]), 1, file, /not a valid index/i);
  assertFails(
    await runCli(["verify-index", made.index, dir.path("none")]),
    1,
    dir.path("none"),
    "no such file",
  );
  assertFails(await runCli(["verify-index", made.index, dir.root]), 2, dir.root, "it is a directory");
  assertFails(await runCli(["verify-index", "--digest", "sha256", made.index, file]), 2, "sha512-256");
});

Deno.test({
  name: "of a block device as many bytes are compared and chopped as the blob has",
  ignore: !hasLoopDevices,
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(9);
    const made = makeBlob(dir, Array.from({ length: 5 }, () => noise.bytes(1024)));
    const { bytes } = made;
    const wrong = bytes.slice();
    wrong[4000]++;
    for (
      const [content, ...says] of [
        [joined([bytes, new Uint8Array(3072).fill(1)])],
        [bytes],
        [joined([wrong, new Uint8Array(512)]), "3072 to 4096"],
        [bytes.subarray(0, 4608), "4608 bytes instead of 5120"],
      ] as const
    ) {
      await using device = await attachLoopDevice(dir.write("image", content));
      const chop = ["chop", "-s", dir.path("chopped")];
      for (const command of [["verify-index"], chop]) {
        const result = await runCli([...command, made.index, device.path]);
        if (says.length > 0) assertFails(result, 3, device.path, ...says);
        else deepStrictEqual([result.code, result.stderr], [0, ""]);
      }
    }
    const verified = await runCli(["verify", "-s", dir.path("chopped")]);
    deepStrictEqual([verified.code, filesIn(dir.path("chopped")).length], [0, 5]);
  },
});
