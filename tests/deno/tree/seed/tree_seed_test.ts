/** Directories as seeds: what they give is what tar packs of them, whatever becomes of them meanwhile. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { ChunkedBlob } from "../../../../src/blob/blob.ts";
import { nativeCodec } from "../../../../src/deno/codec/native_codec.ts";
import { DEFAULT_FEATURES, featuresOf, normalizeFeatures } from "../../../../src/formats/archive/features.ts";
import { SHA512_256 } from "../../../../src/formats/archive/features.ts";
import type { Index } from "../../../../src/formats/index/index.ts";
import { makeFromTree } from "../../../../src/deno/make_from_tree.ts";
import { openTreeSeed, type TreeSeedOptions } from "../../../../src/deno/open_tree_seed.ts";
import { tar } from "../../../../src/deno/tar.ts";
import { nativeTree } from "../../../../src/deno/tree/native_tree.ts";
import { portableTree } from "../../../../src/deno/tree/portable_tree.ts";
import { TreeFiles } from "../../../../src/deno/tree/seed/tree_files.ts";
import { TreeLayout } from "../../../../src/deno/tree/seed/tree_layout.ts";
import { readTree } from "../../../../src/deno/tree/tree_reader.ts";
import type { ChunkStore } from "../../../../src/stores/store.ts";
import { MemoryStore } from "../../../../src/stores/memory.ts";
import { run } from "../../../support/process.ts";
import { type Random, random } from "../../../support/random.ts";
import { type TempDir, tempDir } from "../../../support/temp.ts";

const sizes = { min: 512, avg: 2048, max: 8192 };

/** Directories of files of all sizes, empty ones and symlinks too. */
function makeTree(dir: TempDir, name: string, generator: Random): string {
  for (const [i, where] of ["", "a", "a/b", "a/b/c", "d", "e/f"].entries()) {
    dir.dir(`${name}/${where}`);
    for (let file = 0; file < 6; file++) {
      dir.write(
        `${name}/${where}/file-${file}`,
        generator.bytes([0, 1, 100, 3000, 20_000, 70_000][file] + i),
      );
    }
    if (Deno.build.os !== "windows") Deno.symlinkSync(`../${i}`, dir.path(`${name}/${where}/link`));
  }
  return dir.path(name);
}

async function packed(tree: string, features: bigint): Promise<Uint8Array> {
  return await new Response(tar(tree, { features }).readable).bytes();
}

/** What seeds and stores give for the index. */
async function unpacked(index: Index, seeds: readonly ChunkStore[], stores: readonly ChunkStore[] = []) {
  return await ChunkedBlob.open(index, { seeds, stores }, { codec: nativeCodec }).bytes();
}

function like({ flags, sizes, digest }: Index): TreeSeedOptions {
  return { features: flags, sizes, digest };
}

for (const [way, system] of [["native", nativeTree()], ["portable", portableTree()]] as const) {
  Deno.test({
    name: `a layout (${way}) gives each part of what tar packs`,
    ignore: system === null,
    fn: async () => {
      using dir = tempDir();
      const generator = random();
      const tree = makeTree(dir, "tree", generator);
      for (const features of [DEFAULT_FEATURES, normalizeFeatures(featuresOf("sec-time") | SHA512_256)]) {
        const archive = await packed(tree, features);
        using layout = new TreeLayout(features);
        await readTree(tree, (event) => layout.visit(event), { features });
        layout.finish();
        strictEqual(layout.size, archive.length);
        using files = new TreeFiles(system!, tree, layout);
        deepStrictEqual(layout.read(0, archive.length, files.read), new Uint8Array(archive));
        for (let i = 0; i < 100; i++) {
          const start = generator.below(archive.length);
          const length = generator.below(Math.min(archive.length - start, 5000) + 1);
          const part = new Uint8Array(archive.subarray(start, start + length));
          deepStrictEqual(layout.read(start, length, files.read), part, `${length} bytes at ${start}`);
        }
      }
    },
  });
}

Deno.test("an unchanged directory has every chunk, with its index and without, for both digests", async () => {
  using dir = tempDir();
  const tree = makeTree(dir, "tree", random());
  for (const digest of ["sha512-256", "sha256"] as const) {
    const { index } = await makeFromTree(tree, { sizes, digest });
    await using cut = await openTreeSeed(tree, like(index));
    const archive = await unpacked(index, [cut]);
    await using seed = await openTreeSeed(tree, { ...like(index), index });
    deepStrictEqual(await unpacked(index, [seed]), archive);
    deepStrictEqual(archive, await packed(tree, index.flags));
    strictEqual(await seed.has(index.id(0)), true);
    strictEqual(await seed.get("0".repeat(64)), null);
  }
});

Deno.test({
  name:
    "what becomes of a directory after it was looked through never gives a wrong byte, and keeps nobody waiting",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const tree = makeTree(dir, "tree", random());
    const store = new MemoryStore("memory");
    const { index } = await makeFromTree(tree, { sizes, store });
    const archive = await packed(tree, index.flags);
    let fetched = 0;
    const counting: ChunkStore = {
      properties: store.properties,
      get: (id) => (fetched++, store.get(id)),
      has: (id) => store.has(id),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    await using seed = await openTreeSeed(tree, like(index));
    deepStrictEqual(await unpacked(index, [seed], [counting]), archive);
    strictEqual(fetched, 0);
    const at = (name: string) => `${tree}/${name}`;
    // Another content, shorter, gone, a symlink to the same bytes elsewhere, a pipe, a device, no permission, another directory.
    Deno.writeFileSync(at("a/file-5"), new Uint8Array(70_001));
    Deno.truncateSync(at("a/b/file-5"), 1000);
    Deno.removeSync(at("a/b/c/file-5"));
    Deno.renameSync(at("file-5"), dir.path("elsewhere"));
    Deno.symlinkSync(dir.path("elsewhere"), at("file-5"));
    Deno.removeSync(at("d/file-5"));
    await run("mkfifo", [at("d/file-5")]);
    Deno.chmodSync(at("d/file-4"), 0);
    Deno.renameSync(at("e"), dir.path("moved"));
    Deno.symlinkSync(dir.path("moved"), at("e"));
    await using again = await openTreeSeed(tree, { ...like(index), index }).catch(async (error) => {
      strictEqual(error.code, "mismatch");
      return await openTreeSeed(tree, like(index));
    });
    for (const one of [seed, again]) {
      fetched = 0;
      deepStrictEqual(await unpacked(index, [one], [counting]), archive);
      ok(fetched > 100 && fetched < index.count, `${fetched} of ${index.count} chunks`);
    }
    await rejects(unpacked(index, [seed]), { code: "missing-chunk" });
  },
});

Deno.test({
  name: "what cannot be read is reported, and the rest is used",
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  fn: async () => {
    using dir = tempDir();
    const tree = makeTree(dir, "tree", random());
    const { index } = await makeFromTree(tree, { sizes });
    Deno.chmodSync(`${tree}/a/file-5`, 0);
    Deno.chmodSync(`${tree}/d`, 0);
    const problems: string[] = [];
    const onUnreadable = ({ message }: Error) => problems.push(message);
    await using _seed = await openTreeSeed(tree, { ...like(index), onUnreadable });
    Deno.chmodSync(`${tree}/d`, 0o700);
    deepStrictEqual(problems, [
      `Cannot read ${tree}/a/file-5: permission denied`,
      `Cannot read ${tree}/d: permission denied`,
    ]);
  },
});

Deno.test("files larger than the archive, which no archive has, are not even read", async () => {
  using dir = tempDir();
  const tree = makeTree(dir, "tree", random());
  const { index } = await makeFromTree(tree, { sizes });
  // Reading it would take minutes.
  Deno.truncateSync(dir.write("tree/huge", ""), 2 ** 40);
  await using seed = await openTreeSeed(tree, { ...like(index), maxFileSize: index.size });
  strictEqual(await seed.has(index.id(10)), true);
});

Deno.test("a directory that is not there, and an index of another tree", async () => {
  using dir = tempDir();
  const tree = makeTree(dir, "tree", random());
  const { index } = await makeFromTree(tree, { sizes });
  await rejects(openTreeSeed(dir.path("nothing"), like(index)), { code: "missing-file" });
  dir.write("tree/more", "more");
  await rejects(openTreeSeed(tree, { ...like(index), index }), {
    code: "mismatch",
    message: `Cannot use ${tree}: it is not what its index describes`,
  });
});
