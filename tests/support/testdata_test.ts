import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { chunkPath, sha256, sha512256 } from "./sha.ts";
import { blob, smallBlob, testdata } from "./testdata.ts";
import { unzstd } from "./data/zstd.ts";

Deno.test("the inputs of the test data are the ones that it was made from", () => {
  const inputs: [string, Uint8Array][] = [
    ["blob", blob()],
    ["small", smallBlob()],
    ["empty", new Uint8Array(0)],
    ["one-byte", new TextEncoder().encode("A")],
    ["tree.catar", Deno.readFileSync(testdata("tree.catar"))],
  ];
  const lines = inputs.map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`);
  strictEqual(Deno.readTextFileSync(testdata("SHA256SUMS")), lines.join(""));
});

const stores: [string, ".cacnk" | "", (bytes: Uint8Array) => Uint8Array, (bytes: Uint8Array) => string][] = [
  ["casync-zstd.castr", ".cacnk", unzstd, sha512256],
  ["casync-gzip.castr", ".cacnk", gunzipSync, sha512256],
  ["casync-sha256.castr", ".cacnk", unzstd, sha256],
  ["desync-zstd.castr", ".cacnk", unzstd, sha512256],
  ["desync-uncompressed.castr", "", (bytes) => bytes, sha512256],
  ["tree.castr", ".cacnk", unzstd, sha512256],
];
for (const [store, extension, decompress, digest] of stores) {
  Deno.test(`the chunks of ${store} are what their names say`, () => {
    const paths: string[] = [];
    const expected: string[] = [];
    for (const directory of Deno.readDirSync(testdata(store))) {
      for (const file of Deno.readDirSync(testdata(`${store}/${directory.name}`))) {
        const path = `${directory.name}/${file.name}`;
        paths.push(path);
        expected.push(
          chunkPath(digest(decompress(Deno.readFileSync(testdata(`${store}/${path}`)))), extension),
        );
      }
    }
    ok(paths.length > 0);
    deepStrictEqual(paths, expected);
  });
}
