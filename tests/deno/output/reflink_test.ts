/** What seeds have is shared by the file system, and verified in the new file. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { extractToFile, type ExtractToFileOptions } from "../../../src/deno/extract_to_file.ts";
import { makeFromFile } from "../../../src/deno/make.ts";
import { Reflink } from "../../../src/deno/output/reflink.ts";
import { sharedBlock } from "../../../src/deno/output/shared_block.ts";
import { Progress } from "../../../src/core/progress.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { makeBlob } from "../../support/made.ts";
import { run } from "../../support/process.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { canMountSharing, mountSharing, sharingFileSystems } from "../../support/system/mounts.ts";
import { tempDir } from "../../support/temp.ts";
import { share } from "../../support/thorough.ts";

const MB = 1 << 20;

/** The C library, once loaded, stays until the program ends. */
function test(name: string, ignore: boolean, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn, sanitizeResources: false });
}

/** Bytes that are taken on the file system, all of it on the disk. */
async function used(directory: string): Promise<number> {
  await run("sync", ["-f", directory]);
  const { blocks, bfree, bsize } = statfsSync(directory);
  return (blocks - bfree) * bsize;
}

// One of them in a usual run, and the other in shared_blocks_test.ts.
for (const kind of share([...sharingFileSystems.keys()], 1)) {
  const ignore = !canMountSharing(kind);

  test(`${kind}: two versions take the space of what is different`, ignore, async () => {
    using dir = tempDir();
    await using mount = await mountSharing(kind, dir.path("image"), dir.dir("mount"));
    const generator = random(21);
    const v1 = generator.bytes(24 * MB);
    // A MB moves what follows by whole blocks, a few bytes change a chunk.
    const v2 = new Uint8Array(25 * MB);
    v2.set(v1.subarray(0, 10 * MB));
    v2.set(generator.bytes(MB), 10 * MB);
    v2.set(v1.subarray(10 * MB), 11 * MB);
    v2.set(generator.bytes(100), 20 * MB + 5);
    const store = new MemoryStore();
    const { index } = await makeFromFile(dir.write("v2", v2), { store });
    const before = await used(mount.path);
    const seed = dir.write("mount/v1", v1);
    const { index: seedIndex } = await makeFromFile(seed);
    const first = await used(mount.path) - before;
    ok(first >= v1.length, String(first));
    const target = dir.path("mount", "v2");
    const progress = new Progress();
    await extractToFile(index, { stores: [store] }, target, {
      seeds: [{ path: seed, index: seedIndex }],
      progress,
    });
    sameBytes(Deno.readFileSync(target), v2);
    const both = await used(mount.path) - before;
    ok(both <= 1.05 * v2.length, `${both} bytes for both, ${first} for the first`);
    const from = progress.sources.find(({ origin }) => origin.kind === "seed");
    ok(from!.clonedBytes! > 0.95 * from!.bytes, `${from!.clonedBytes} of ${from!.bytes} cloned`);
    strictEqual(progress.done, v2.length);
    // What is written to one is not written to the other.
    Deno.writeFileSync(seed, new Uint8Array(24 * MB));
    sameBytes(Deno.readFileSync(target), v2);
    // No temporary file is left of the trial.
    deepStrictEqual([...Deno.readDirSync(mount.path)].map(({ name }) => name).sort(), ["v1", "v2"]);
  });

  test(`${kind}: what is cloned and wrong is overwritten, also where zeros belong`, ignore, async () => {
    using dir = tempDir();
    await using _mount = await mountSharing(kind, dir.path("image"), dir.dir("mount"));
    const generator = random(22);
    const withZeros = () => {
      const bytes = generator.bytes(60_000);
      // Fewer blocks than a hole is made for.
      bytes.fill(0, 5000, 15_000);
      return bytes;
    };
    const pieces = [generator.bytes(50_001), withZeros(), generator.bytes(40_000), withZeros(), withZeros()];
    const made = makeBlob(dir, pieces);
    const index = parseIndex(Deno.readFileSync(made.index));
    // All of it is as the index says, but for what is between the random bytes.
    const garbage = made.bytes.map((byte) => byte === 0 ? 0xaa : byte);
    const seed = dir.write("mount/seed", garbage);
    const invalid: ExtractToFileOptions[] = [{ invalidSeeds: "skip" }, { invalidSeeds: "regenerate" }];
    for (const options of invalid) {
      const target = dir.path("mount", "target");
      const sources = { stores: [new LocalStore(made.store)] };
      await extractToFile(index, sources, target, { ...options, seeds: [{ path: seed, index }] });
      sameBytes(Deno.readFileSync(target), made.bytes);
      Deno.removeSync(target);
    }
  });

  test(
    `${kind}: no blocks are shared with another file system, or with what is no file`,
    ignore,
    async () => {
      using dir = tempDir();
      await using mount = await mountSharing(kind, dir.path("image"), dir.dir("mount"));
      const inside = dir.write("mount/file", new Uint8Array(10_000).fill(1));
      await run("sync", ["-f", mount.path]);
      strictEqual(sharedBlock(inside, mount.path), 4096);
      strictEqual(sharedBlock(inside, dir.root), undefined);
      strictEqual(sharedBlock(dir.write("file", new Uint8Array(10_000)), mount.path), undefined);
      strictEqual(sharedBlock(dir.write("mount/small", new Uint8Array(10)), mount.path), undefined);
      strictEqual(sharedBlock(mount.path, mount.path), undefined);
      strictEqual(sharedBlock(dir.path("none"), mount.path), undefined);
      strictEqual([...Deno.readDirSync(dirname(inside))].length, 2);
    },
  );
}

test("a symlink is not written through", Deno.build.os !== "linux", () => {
  using dir = tempDir();
  const from = dir.write("from", new Uint8Array(1));
  const to = dir.write("to", new Uint8Array(1));
  const link = dir.path("link");
  Deno.symlinkSync(to, link);
  using opened = Reflink.open(from, to);
  ok(opened !== null);
  strictEqual(Reflink.open(from, link), null);
  return Promise.resolve();
});
