/** The chunk that long runs of zeros are cut into: no store has to have it. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { type Made, makeBlob } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { sha512256 } from "../../support/sha.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const LARGEST = 65_536;

/** A blob with zeros in several places, whose store lacks the chunk of zeros. */
function holedBlob(dir: TempDir, digest?: "sha512-256" | "sha256", runs = 3): Made {
  const generator = random();
  const zeros = new Uint8Array(LARGEST);
  const pieces = [zeros, generator.bytes(30_000)];
  for (let i = 0; i < runs; i++) pieces.push(zeros, zeros, generator.bytes(100 + i));
  const made = makeBlob(dir, [...pieces, zeros], { digest });
  Deno.removeSync(made.chunk(0));
  return made;
}

for (const digest of ["sha512-256", "sha256"] as const) {
  Deno.test(`cat and extract make the zeros themselves, also over other bytes (${digest})`, async () => {
    using dir = tempDir();
    const made = holedBlob(dir, digest);
    const cat = await runCli(["cat", "-s", made.store, made.index]);
    deepStrictEqual([cat.code, cat.stderr], [0, ""]);
    sameBytes(cat.stdoutBytes, made.bytes);
    const part = await runCli(["cat", "-s", made.store, "-o", "60000", "-l", "50000", made.index]);
    sameBytes(part.stdoutBytes, made.bytes.subarray(60_000, 110_000));

    const target = dir.path("target");
    const old = Uint8Array.from(made.bytes, (byte, i) => i < 200_000 ? byte ^ 0x55 : byte);
    for (const args of [["-k"], []]) {
      Deno.writeFileSync(target, old);
      const result = await runCli(["extract", ...args, "-s", made.store, made.index, target]);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      sameBytes(Deno.readFileSync(target), made.bytes);
    }
  });
}

Deno.test("a large blob, which threads read, needs no chunk of zeros either", async () => {
  using dir = tempDir();
  const made = holedBlob(dir, "sha512-256", 300);
  const cat = await runCli(["cat", "-s", made.store, made.index]);
  deepStrictEqual([cat.code, cat.stderr], [0, ""]);
  sameBytes(cat.stdoutBytes, made.bytes);
});

Deno.test("no command adds the chunk of zeros to the cache, and none needs it there", async () => {
  using dir = tempDir();
  const made = holedBlob(dir);
  const wanted = filesIn(made.store);
  const zeros = makeBlob(dir, [new Uint8Array(LARGEST)], { name: "zeros" });
  const fills: [string, string[]][] = [
    ["extract", [made.index, dir.path("new")]],
    ["extract", ["-k", made.index, dir.write("old", new Uint8Array(300_000).fill(1))]],
    ["cat", [made.index, dir.path("copy")]],
  ];
  for (const [i, [command, args]] of fills.entries()) {
    const cache = dir.path(`cache-${i}`);
    const result = await runCli([command, "-s", zeros.store, "-s", made.store, "-c", cache, ...args]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    deepStrictEqual(filesIn(cache), wanted);
    const again = await runCli(["cat", "-c", cache, made.index]);
    deepStrictEqual([again.code, again.stderr], [0, ""]);
    sameBytes(again.stdoutBytes, made.bytes);
  }
});

Deno.test("cache makes the chunk of zeros for readers that need it, unless it is ignored", async () => {
  using dir = tempDir();
  const made = holedBlob(dir);
  const held = filesIn(made.store);
  const wanted = [...new Set(made.ids)].map((id) => `${id.slice(0, 4)}/${id}.cacnk`).sort();
  for (const [i, args] of [[], [], ["--uncompressed"]].entries()) {
    const target = dir.path(`target-${args.length}`);
    const result = await runCli(["cache", "-s", made.store, "-c", target, ...args, made.index]);
    deepStrictEqual([result.code, result.stderr], [0, ""], `run ${i}`);
    const names = filesIn(target).map((name) => name.replace(/(\.cacnk)?$/, ".cacnk"));
    deepStrictEqual(names, wanted);
    strictEqual((await runCli(["verify", "-s", target])).code, 0);
  }
  const ignored = dir.write("ignored", `${made.ids[0]}\n`);
  const target = dir.path("without");
  const args = ["cache", "-s", made.store, "-c", target, "--ignore-chunks", ignored, made.index];
  strictEqual((await runCli(args)).code, 0);
  deepStrictEqual(filesIn(target), held);
});

Deno.test({
  name: "casync reads the store that cache has completed",
  ignore: !peers.casync,
  fn: async () => {
    using dir = tempDir();
    const made = holedBlob(dir);
    const target = dir.path("target");
    strictEqual((await runCli(["cache", "-s", made.store, "-c", target, made.index])).code, 0);
    await run(peers.casync, ["extract", `--store=${target}`, made.index, dir.path("out")]);
    sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
  },
});

Deno.test("a tree with a file of zeros is unpacked and listed out of a store without their chunk", async () => {
  using dir = tempDir();
  const store = dir.path("store");
  const index = dir.path("tree.caidx");
  const content = new Uint8Array(1_500_000);
  content.set(random().bytes(1000), 700_000);
  dir.write("tree/holed", content);
  strictEqual((await runCli(["tar", "-i", "-s", store, index, dir.path("tree")])).code, 0);
  const listed = await runCli(["list", "-i", "-s", store, index]);
  const zeros = sha512256(new Uint8Array(256 * 1024));
  Deno.removeSync(join(store, zeros.slice(0, 4), `${zeros}.cacnk`));

  const target = dir.path("target");
  const whole = await runCli(["untar", "-i", "--no-same-owner", "-s", store, index, target]);
  deepStrictEqual([whole.code, whole.stderr], [0, ""]);
  sameBytes(Deno.readFileSync(join(target, "holed")), content);
  const part = await runCli(["untar", "-i", "--no-same-owner", "-s", store, index, dir.dir("part"), "holed"]);
  deepStrictEqual([part.code, part.stderr], [0, ""]);
  sameBytes(Deno.readFileSync(dir.path("part", "holed")), content);
  deepStrictEqual(await runCli(["list", "-i", "-s", store, index]), listed);
  strictEqual((await runCli(["mtree", "-i", "-s", store, index])).code, 0);
});

Deno.test("a shorter chunk of zeros is a chunk like others", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, [new Uint8Array(LARGEST), new Uint8Array(5000)]);
  for (const piece of [0, 1]) Deno.removeSync(made.chunk(piece));
  assertFails(await runCli(["cat", "-s", made.store, made.index]), 1, made.ids[1], made.store);
  strictEqual(exists(made.chunk(0)), false);
});
