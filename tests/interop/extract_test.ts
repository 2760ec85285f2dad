/** What the real casync and desync made is extracted byte for byte, and they read what our cache holds. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { joined } from "../support/made.ts";
import { startNginx } from "../support/nginx.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { blob, smallBlob, testdata } from "../support/testdata.ts";

/** Extracts and compares. */
async function extracts(dir: TempDir, expected: Uint8Array, ...args: string[]): Promise<void> {
  const target = dir.path("target");
  const result = await runCli(["extract", ...args, target]);
  deepStrictEqual([result.code, result.stderr], [0, ""], args.join(" "));
  ok(Deno.readFileSync(target).every((byte, i) => byte === expected[i]), args.join(" "));
  strictEqual(Deno.statSync(target).size, expected.length);
  Deno.removeSync(target);
}

/** Copies what the index names and the cache lacks. */
async function caches(store: string, cache: string, index: string): Promise<void> {
  const result = await runCli(["cache", "-s", store, "-c", cache, index]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
}

const one = new TextEncoder().encode("A");
const committed: [index: string, bytes: () => Uint8Array, ...stores: string[]][] = [
  ["casync-blob.caibx", blob, "casync-zstd"],
  ["desync-blob.caibx", blob, "casync-zstd"],
  ["casync-small.caibx", smallBlob, "casync-zstd", "casync-gzip", "desync-zstd", "desync-uncompressed"],
  ["desync-small.caibx", smallBlob, "casync-zstd", "casync-gzip", "desync-zstd", "desync-uncompressed"],
  ["casync-small-sha256.caibx", smallBlob, "casync-sha256"],
  ["desync-small-sha256.caibx", smallBlob, "casync-sha256"],
  ["casync-empty.caibx", () => new Uint8Array(0), "casync-zstd"],
  ["desync-empty.caibx", () => new Uint8Array(0), "casync-zstd"],
  ["casync-one-byte.caibx", () => one, "casync-zstd"],
  ["tree.caidx", () => Deno.readFileSync(testdata("tree.catar")), "tree"],
];
for (const [index, bytes, ...stores] of committed) {
  Deno.test(`${index} is extracted from ${stores.join(", ")}`, async () => {
    using dir = tempDir();
    for (const store of stores) {
      await extracts(dir, bytes(), "-s", testdata(`${store}.castr`), testdata(index));
    }
  });

  Deno.test({
    name: `${index} is extracted from ${stores.join(", ")} on nginx, and from a cache`,
    ignore: !peers.nginx,
    fn: async () => {
      using dir = tempDir();
      await using server = await startNginx(testdata(""));
      for (const store of stores) {
        const cache = ["-c", dir.path(`cache-${store}`)];
        await extracts(dir, bytes(), "-s", `${server.url}${store}.castr`, ...cache, `${server.url}${index}`);
        await extracts(dir, bytes(), ...cache, testdata(index));
      }
    },
  });
}

/** A megabyte and a half of noise, text, zeros and repeats, different in every run. */
function freshBlob(): Uint8Array {
  const generator = random();
  const noise = generator.bytes(200_000 + generator.below(100_000));
  const words = ["chunk ", "index ", "store ", "zero ", "\n"];
  const text = Array.from({ length: 60_000 }, () => words[generator.below(words.length)]).join("");
  const zeros = new Uint8Array(300_000 + generator.below(300_000));
  return joined([
    noise,
    new TextEncoder().encode(text),
    zeros,
    noise,
    generator.bytes(generator.below(50_000)),
  ]);
}

for (const digest of ["sha512-256", "sha256"]) {
  for (const compression of ["zstd", "gzip"]) {
    Deno.test({
      name: `fresh data by casync, ${digest} and ${compression}; casync reads our cache`,
      ignore: !peers.casync,
      fn: async () => {
        using dir = tempDir();
        const bytes = freshBlob();
        const file = dir.write("blob", bytes);
        const [index, store, cache] = [dir.path("a.caibx"), dir.dir("store"), dir.path("cache")];
        const options = [
          `--digest=${digest}`,
          `--compression=${compression}`,
          "--chunk-size=2048:8192:32768",
        ];
        await run(peers.casync, ["make", `--store=${store}`, ...options, index, file]);
        await extracts(dir, bytes, "-s", store, "-c", cache, index);
        await extracts(dir, bytes, "-c", cache, index);
        strictEqual((await runCli(["verify", "-s", cache, "--digest", digest])).code, 0);
        // casync wants the zeros too, which no extraction needs: neither desync's nor ours.
        await caches(store, cache, index);
        await run(peers.casync, ["extract", `--store=${cache}`, index, dir.path("theirs")]);
        sameBytes(Deno.readFileSync(dir.path("theirs")), bytes);
      },
    });
  }

  Deno.test({
    name: `fresh data by desync, ${digest}; desync reads our cache`,
    ignore: !peers.desync,
    fn: async () => {
      using dir = tempDir();
      const bytes = freshBlob();
      const file = dir.write("blob", bytes);
      const [index, store, cache] = [dir.path("a.caibx"), dir.dir("store"), dir.path("cache")];
      await run(peers.desync, ["--digest", digest, "make", "-m", "2:8:32", "-s", store, index, file]);
      await extracts(dir, bytes, "-s", store, "-c", cache, index);
      const theirs = dir.path("theirs");
      await run(peers.desync, ["--digest", digest, "extract", "-s", cache, index, theirs]);
      sameBytes(Deno.readFileSync(theirs), bytes);
      const verified = await run(peers.desync, ["--digest", digest, "verify", "-s", cache]);
      strictEqual(verified.stdout + verified.stderr, "");
    },
  });
}

Deno.test({
  name: "an uncompressed store that desync made: desync and casync read the cache that it fills",
  ignore: !peers.desync || !peers.casync,
  fn: async () => {
    using dir = tempDir();
    const cache = dir.path("cache");
    const index = testdata("casync-small.caibx");
    await extracts(dir, smallBlob(), "-s", testdata("desync-uncompressed.castr"), "-c", cache, index);
    await caches(testdata("casync-zstd.castr"), cache, index);
    for (
      const [program, args] of [[peers.desync, ["-s", cache]], [peers.casync, [`--store=${cache}`]]] as const
    ) {
      await run(program, ["extract", ...args, index, dir.path("theirs")]);
      sameBytes(Deno.readFileSync(dir.path("theirs")), smallBlob());
      Deno.removeSync(dir.path("theirs"));
    }
  },
});

Deno.test({
  name: "in place and by replacing: the same as desync makes of the same old file",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const bytes = freshBlob();
    const file = dir.write("blob", bytes);
    const [index, store] = [dir.path("a.caibx"), dir.dir("store")];
    await run(peers.desync, ["make", "-m", "2:8:32", "-s", store, index, file]);
    const old = joined([bytes.subarray(5000), new Uint8Array(400_000).fill(3)]);
    for (const more of [[], ["-k"]]) {
      const [ours, theirs] = [dir.write("ours", old), dir.write("theirs", old)];
      strictEqual((await runCli(["extract", ...more, "-s", store, index, ours])).code, 0);
      await run(peers.desync, ["extract", ...more, "-s", store, index, theirs]);
      sameBytes(Deno.readFileSync(ours), Deno.readFileSync(theirs));
      sameBytes(Deno.readFileSync(ours), bytes);
    }
  },
});

Deno.test("xz chunks are named as such, whatever else the store could give", async () => {
  using dir = tempDir();
  const args = [
    "extract",
    "-s",
    testdata("casync-xz.castr"),
    testdata("casync-small.caibx"),
    dir.path("target"),
  ];
  const { code, stderr } = await runCli(args);
  strictEqual(code, 1);
  ok(/^desync: Chunk [0-9a-f]{64} in .*casync-xz\.castr cannot be read: .*\bxz\b.*\n$/.test(stderr), stderr);
});
