/** What is on the disk when a command ends, should the power go at that moment: all that it has written. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { openChunk } from "../../../src/codec/open_chunk.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { mountTmpfs } from "../../support/system/mounts.ts";
import { canCutPower, FailingDisk } from "../../support/system/power_cut.ts";
import { runAny } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";

const SIZES = ["-m", "4:16:64"];

/** How many chunks of the index are not whole in the store. */
async function brokenChunks(indexPath: string, storePath: string): Promise<number> {
  const index = parseIndex(Deno.readFileSync(indexPath));
  const store = new LocalStore(storePath);
  let broken = 0;
  for (let i = 0; i < index.count; i++) {
    const id = index.id(i);
    try {
      openChunk(nativeCodec, (await store.get(id))!, { id, digest: index.digest, size: index.length(i) });
    } catch {
      broken++;
    }
  }
  return broken;
}

async function runs(...args: string[]): Promise<void> {
  const { code, stderr } = await runCli(args);
  deepStrictEqual([code, stderr], [0, ""], args.join(" "));
}

Deno.test({
  name: "after a power cut everything is there that an ended command wrote",
  ignore: !canCutPower,
  fn: async () => {
    using dir = tempDir();
    const blob = new Random(41).bytes(700_000);
    const file = dir.write("blob", blob);
    await using disk = await FailingDisk.make(dir);
    const on = (name: string) => join(disk.path, name);

    await runs("make", "-s", on("store"), ...SIZES, on("x.caibx"), file);
    const made = await disk.afterPowerCut();
    strictEqual(await brokenChunks(join(made, "x.caibx"), join(made, "store")), 0);

    // The same without calls to the C library, one file at a time.
    const [program, run, all, cli] = cliCommand;
    const slow = ["make", "-s", on("slow"), ...SIZES, on("slow.caibx"), file];
    const { code, stderr } = await runAny(program, [run, all, "--deny-ffi", cli, ...slow]);
    deepStrictEqual([code, stderr], [0, ""]);
    const madeSlowly = await disk.afterPowerCut();
    strictEqual(await brokenChunks(join(madeSlowly, "slow.caibx"), join(madeSlowly, "slow")), 0);

    await runs("untar", "testdata/tree.catar", "--no-same-owner", on("tree"));
    const unpacked = join(await disk.afterPowerCut(), "tree");
    deepStrictEqual(filesIn(unpacked), filesIn(on("tree")));
    sameBytes(Deno.readFileSync(join(unpacked, "bin/run")), Deno.readFileSync(on("tree/bin/run")));

    await runs("extract", "-s", join(made, "store"), join(made, "x.caibx"), on("blob"));
    sameBytes(Deno.readFileSync(join(await disk.afterPowerCut(), "blob")), blob);

    await runs("cat", "-s", join(made, "store"), "-l", "300000", join(made, "x.caibx"), on("part"));
    sameBytes(Deno.readFileSync(join(await disk.afterPowerCut(), "part")), blob.subarray(0, 300_000));

    // And without that, to see that the disk does fail.
    await runs("make", "--no-sync", "-s", on("lost"), ...SIZES, on("lost.caibx"), file);
    await runs("extract", "--no-sync", "-s", join(made, "store"), join(made, "x.caibx"), on("gone"));
    deepStrictEqual(filesIn(await disk.afterPowerCut()).filter((name) => /lost|gone/.test(name)), []);
  },
});

Deno.test({
  name: "a disk that fails to write is an error, and nothing gets its final name",
  ignore: !canCutPower,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("blob", new Random(42).bytes(700_000));
    await runs("make", "-s", dir.path("store"), ...SIZES, dir.path("x.caibx"), file);
    await using _room = await mountTmpfs(dir.dir("room"), "16m");
    await using disk = await FailingDisk.make(dir, dir.path("room/disk"));
    fill(dir.path("room/filler"));
    const on = (name: string) => join(disk.path, name);
    assertFails(
      await runCli(["make", "-s", on("store"), ...SIZES, on("x.caibx"), file]),
      1,
      `Cannot store chunks in ${on("store")}: the disk did not take all of it`,
    );
    deepStrictEqual(filesIn(on("store")), []);
    ok(!exists(on("x.caibx")));
    const extract = await runCli(["extract", "-s", dir.path("store"), dir.path("x.caibx"), on("blob")]);
    assertFails(
      extract,
      1,
      `Cannot write ${on("blob")}: `,
      /input\/output error|no space left on the device/,
    );
    ok(!exists(on("blob")));
  },
});

/** Takes all the room that there is. */
function fill(path: string): void {
  using file = Deno.openSync(path, { create: true, write: true });
  for (const size of [1 << 16, 1 << 10]) {
    try {
      while (true) file.writeSync(new Uint8Array(size));
    } catch {
      // It is full.
    }
  }
}
