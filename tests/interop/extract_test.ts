/**
 * What casync and desync made is extracted byte for byte, out of any store and cache. Fresh data and who reads whose
 * stores are in matrix_test.ts.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { freshBlob } from "../support/data/fresh_blob.ts";
import { joined } from "../support/data/joined.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
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
