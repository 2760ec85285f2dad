import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Index, serializeIndex } from "../../../src/formats/index/index.ts";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { canMeasureMemory, runCliMeasured } from "../../support/system/peak_memory.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const compared: string[][] = [
  [testdata("casync-blob.caibx")],
  [testdata("casync-blob.caibx"), "-s", testdata("casync-zstd.castr")],
  [testdata("casync-blob.caibx"), "-s", testdata("desync-zstd.castr")],
  [testdata("casync-small.caibx"), "-s", testdata("desync-zstd.castr")],
  [testdata("casync-small-sha256.caibx"), "--digest", "sha256", "-s", testdata("casync-sha256.castr")],
];
for (const args of compared) {
  Deno.test({
    name: `inspect-chunks ${args.map((arg) => arg.split("/").at(-1)).join(" ")} writes what desync does`,
    ignore: !peers.desync,
    fn: async () => {
      using dir = tempDir();
      const theirs = await run(peers.desync, ["inspect-chunks", ...args]);
      const ours = await runCli(["inspect-chunks", ...args]);
      deepStrictEqual([ours.code, ours.stderr], [0, ""]);
      deepStrictEqual(JSON.parse(ours.stdout), JSON.parse(theirs.stdout));
      strictEqual(ours.stdout, theirs.stdout);
      const file = dir.write("chunks.json", "old");
      const toFile = await runCli(["inspect-chunks", ...args, file]);
      deepStrictEqual([toFile.code, toFile.stdout, toFile.stderr], [0, "", ""]);
      strictEqual(Deno.readTextFileSync(file), theirs.stdout);
    },
  });
}

Deno.test("inspect-chunks prints sizes of the chunks that the store has", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  Deno.removeSync(made.chunk(1));
  const { code, stdout } = await runCli(["inspect-chunks", "-s", made.store, made.index]);
  strictEqual(code, 0);
  const expected = pieces.map((piece, i) => ({
    id: made.ids[i],
    uncompressed_size: piece.length,
    ...(i === 1 ? {} : { compressed_size: Deno.statSync(made.chunk(i)).size }),
  }));
  deepStrictEqual(JSON.parse(stdout), expected);
  const empty = await runCli(["inspect-chunks", testdata("casync-empty.caibx")]);
  deepStrictEqual([empty.code, JSON.parse(empty.stdout)], [0, []]);
});

inTurn()({
  name: "inspect-chunks takes little more memory than the index, however long the list",
  ignore: !canMeasureMemory,
  fn: async () => {
    using dir = tempDir();
    const count = 500_000; // their list has 70 MB
    const ids = new Uint8Array(count * 32);
    const words = new Uint32Array(ids.buffer);
    for (let i = 0; i < count; i++) words[8 * i] = i;
    const ends = Float64Array.from({ length: count }, (_, i) => (i + 1) * 1000);
    const header = { flags: 0xb000000000000000n, sizes: { min: 1000, avg: 1000, max: 1000 } };
    const index = dir.write("big.caibx", serializeIndex(new Index(header, ends, ids)));
    const { code, peak } = await runCliMeasured(["inspect-chunks", index, dir.path("list")]);
    strictEqual(code, 0);
    strictEqual(JSON.parse(Deno.readTextFileSync(dir.path("list"))).length, count);
    ok(peak < 250e6, `${peak} bytes`);
  },
});

Deno.test("inspect-chunks with wrong arguments", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const none = dir.path("none");
  assertFails(await runCli(["inspect-chunks", none]), 1, none, "no such file");
  assertFails(await runCli(["inspect-chunks", "-s", none, made.index]), 1, none, "no such directory");
  assertFails(await runCli(["inspect-chunks", made.index, dir.root]), 2, dir.root, "directory");
  assertFails(
    await runCli(["inspect-chunks", "-s", "http://127.0.0.1/", made.index]),
    2,
    "cannot be listed from here",
  );
  ok([...Deno.readDirSync(dir.root)].every((entry) => !entry.name.startsWith(".tmp")), "nothing is left");
});
