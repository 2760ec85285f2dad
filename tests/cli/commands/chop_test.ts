import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { joined } from "../../support/data/joined.ts";
import { makeBlob, somePieces, stored } from "../../support/made.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sha512256 } from "../../support/sha.ts";
import { tempDir } from "../../support/temp.ts";
import { blob, smallBlob, testdata } from "../../support/testdata.ts";

const CHUNK = /^([0-9a-f]{4})\/\1[0-9a-f]{60}\.cacnk$/;

/** Names of the chunks' files for these ids. */
const namesOf = (ids: Iterable<string>, suffix = ".cacnk") =>
  [...new Set(ids)].map((id) => `${id.slice(0, 4)}/${id}${suffix}`).sort();

for (
  const [index, bytes] of [
    ["casync-blob.caibx", blob()],
    ["casync-small.caibx", smallBlob()],
    ["casync-small-sha256.caibx", smallBlob()],
    ["desync-small.caibx", smallBlob()],
    ["casync-small-4096-fixed.caibx", smallBlob()],
    ["casync-small-16-200-1000.caibx", smallBlob()],
    ["casync-one-byte.caibx", Uint8Array.of(65)],
    ["casync-empty.caibx", new Uint8Array(0)],
  ] as const
) {
  Deno.test(`chop stores what ${index} names, so that it can be extracted`, async () => {
    using dir = tempDir();
    const file = dir.write("file", bytes);
    const store = dir.path("store");
    const result = await runCli(["chop", "-s", store, testdata(index), file]);
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
    const ids = (await runCli(["list-chunks", testdata(index)])).stdout.split("\n").filter((id) => id !== "");
    deepStrictEqual(filesIn(store), namesOf(ids));
    for (const [program, out] of [[peers.desync, "theirs"], [undefined, "ours"]] as const) {
      const digest = index.includes("sha256") ? ["--digest", "sha256"] : [];
      const args = [...digest, "extract", "-s", store, testdata(index), dir.path(out)];
      if (program !== undefined) await run(program, args);
      else if (out === "ours") strictEqual((await runCli(args)).code, 0);
      if (exists(dir.path(out))) deepStrictEqual(Deno.readFileSync(dir.path(out)), Uint8Array.from(bytes));
    }
  });
}

Deno.test("chop leaves out what --ignore and --ignore-chunks name, each more than once", async () => {
  using dir = tempDir();
  const noise = new Random(1);
  const pieces = Array.from({ length: 6 }, () => noise.bytes(1000));
  const made = makeBlob(dir, [...pieces, pieces[0], pieces[3]]);
  const file = dir.write("file", made.bytes);
  const [one] = [makeBlob(dir, [pieces[0]], { name: "one" })];
  const two = makeBlob(dir, [pieces[1], pieces[1]], { name: "two" });
  const list = dir.write("ids", `${made.ids[2].toUpperCase()}\r\n\n  ${made.ids[3]}  \n${"0".repeat(64)}`);
  const list2 = dir.write("ids2", `${made.ids[4]}\n`);
  const store = dir.path("store");
  const ignore = [
    "--ignore",
    one.index,
    "--ignore",
    two.index,
    "--ignore-chunks",
    list,
    "--ignore-chunks",
    list2,
  ];
  const result = await runCli(["chop", ...ignore, "-s", store, made.index, file]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  deepStrictEqual(filesIn(store), namesOf([made.ids[5]]));
});

Deno.test("chop reads the index from standard input, and stores with -u and levels", async () => {
  using dir = tempDir();
  const file = dir.write("file", smallBlob());
  const stdin = Deno.readFileSync(testdata("casync-small.caibx"));
  const sizes = [];
  for (const [i, options] of [["-u"], ["--compression-level", "1"], ["--compression-level=22"]].entries()) {
    const store = dir.path(`store-${i}`);
    const result = await runCli(["chop", ...options, "-s", store, "-", file], { stdin });
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
    const content = Object.entries(contentOf(store));
    ok(content.every(([name]) => CHUNK.test(name) === (i > 0)));
    if (i === 0) ok(content.every(([name, bytes]) => name.endsWith(sha512256(bytes))));
    sizes.push(content.reduce((sum, [, bytes]) => sum + bytes.length, 0));
  }
  ok(sizes[0] > sizes[1] && sizes[1] > sizes[2], `${sizes}`);
});

Deno.test("chop leaves chunks that the store has", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const file = dir.write("file", made.bytes);
  const old = new Date(978_307_200_000);
  Deno.removeSync(made.chunk(1));
  const names = filesIn(made.store);
  for (const name of names) Deno.utimeSync(join(made.store, name), old, old);
  strictEqual((await runCli(["chop", "-s", made.store, made.index, file])).code, 0);
  deepStrictEqual(filesIn(made.store), namesOf(made.ids));
  for (const name of names) deepStrictEqual(Deno.statSync(join(made.store, name)).mtime, old);
});

Deno.test("chop names the bytes that do not match the index, and stores none of them", async () => {
  using dir = tempDir();
  const noise = new Random(2);
  const pieces = Array.from({ length: 130 }, () => noise.bytes(1000));
  const repeated = [...pieces, pieces[0]]; // its second place has to be right, too
  const made = makeBlob(dir, repeated);
  for (const wrong of [1, 64, 130]) {
    const bytes = joined(repeated);
    bytes[wrong * 1000 + 999] ^= 1;
    const file = dir.write("file", bytes);
    const store = dir.path(`store-${wrong}`);
    const result = await runCli(["chop", "-s", store, made.index, file]);
    const found = sha512256(bytes.subarray(wrong * 1000, wrong * 1000 + 1000));
    const range = `bytes ${wrong * 1000} to ${wrong * 1000 + 1000}`;
    assertFails(result, 3, file, range, made.ids[wrong], found);
    const names = filesIn(store);
    ok(names.every((name) => namesOf(made.ids).includes(name)), "no chunk but those of the index");
    if (wrong < 130) ok(!names.includes(namesOf([made.ids[wrong]])[0]));
    strictEqual((await runCli(["verify", "-s", store])).code, 0);
    // What is left out is not compared.
    const list = dir.write("ids", made.ids[wrong]);
    const ignoring = await runCli(["chop", "--ignore-chunks", list, "-s", store, made.index, file]);
    deepStrictEqual([ignoring.code, ignoring.stderr], [0, ""]);
  }
});

Deno.test("chop refuses the file of another index, and what is not a file", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const chop = (file: string) => runCli(["chop", "-s", dir.path("store"), made.index, file]);
  const longer = dir.write("longer", joined([made.bytes, Uint8Array.of(1)]));
  assertFails(await chop(longer), 3, longer, "80001 bytes", "80000");
  const shorter = dir.write("shorter", made.bytes.subarray(1));
  assertFails(await chop(shorter), 3, shorter, "79999 bytes", "80000");
  const other = dir.write("other", new Random(3).bytes(made.bytes.length));
  assertFails(await chop(other), 3, other, "bytes 0 to 20000");
  assertFails(await chop(dir.path("none")), 1, dir.path("none"), "no such file");
  assertFails(await chop(dir.root), 2, dir.root, "directory");
});

Deno.test("chop with wrong arguments", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const file = dir.write("file", made.bytes);
  const chop = (...args: string[]) => runCli(["chop", ...args, made.index, file]);
  assertFails(await chop(), 2, "-s");
  assertFails(await chop("-s", file), 1, file, "not a directory");
  assertFails(
    await chop("-s", dir.path("s"), "--ignore", dir.path("none")),
    1,
    dir.path("none"),
    "no such file",
  );
  assertFails(await chop("-s", dir.path("s"), "--ignore", file), 1, file, /not a valid index/i);
  assertFails(await chop("-s", dir.path("s"), "--ignore-chunks", dir.path("none")), 1, dir.path("none"));
  const list = dir.write("ids", `${made.ids[0]}\n${made.ids[1]}.cacnk\n`);
  assertFails(await chop("-s", dir.path("s"), "--ignore-chunks", list), 1, list, "line 2");
  assertFails(await chop("-s", dir.path("s"), "--digest", "sha256"), 2, made.index, "sha512-256");
  assertFails(await runCli(["chop", "-s", dir.path("s"), file, file]), 1, file, /not a valid index/i);
  ok(!exists(dir.path("s")), "nothing was stored");
});

Deno.test({
  name: "chop into a store that becomes full leaves whole chunks",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(5);
    const made = makeBlob(dir, Array.from({ length: 60 }, () => noise.bytes(30_000)));
    const file = dir.write("file", made.bytes);
    const store = dir.dir("full");
    await using _small = await mountTmpfs(store, "512k");
    assertFails(
      await runCli(["chop", "-s", store, made.index, file]),
      1,
      store,
      "no space left on the device",
    );
    ok(filesIn(store).every((name) => CHUNK.test(name)), filesIn(store).join("\n"));
    strictEqual((await runCli(["verify", "-s", store])).code, 0);
  },
});

Deno.test("chop leaves an invalid chunk in the store", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const file = dir.write("file", made.bytes);
  Deno.writeFileSync(made.chunk(0), stored(new Uint8Array(3), "zstd"));
  strictEqual((await runCli(["chop", "-s", made.store, made.index, file])).code, 0);
  const repaired = await runCli(["verify", "-r", "-s", made.store]);
  strictEqual(repaired.code, 3);
  strictEqual((await runCli(["chop", "-s", made.store, made.index, file])).code, 0);
  const verified = await runCli(["verify", "-s", made.store]);
  deepStrictEqual([verified.code, filesIn(made.store)], [0, namesOf(made.ids)]);
});
