import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { indexOfSeed, parseSeed } from "../../../src/cli/inputs/seed_argument.ts";

const none = () => false;

Deno.test("an index and a blob behind --seed, as desync reads them", () => {
  const cases: [text: string, index: string | undefined, blob: string, ignored?: string][] = [
    ["a/v1.caibx", "a/v1.caibx", "a/v1"],
    ["a/v1.caibx:/dev/sda2", "a/v1.caibx", "/dev/sda2"],
    ["v1.index:v1", "v1.index", "v1"],
    ["v1.caibx:v1:reserved", "v1.caibx", "v1", "reserved"],
    // And what it does not.
    ["/dev/sda2", undefined, "/dev/sda2"],
    ["https://example.com/v1.caibx:/srv/v1", "https://example.com/v1.caibx", "/srv/v1"],
  ];
  for (const [text, index, blob, ignored] of cases) {
    const found = parseSeed(text, none, false);
    deepStrictEqual([found.index, found.blob, found.ignored], [index, blob, ignored], text);
  }
});

Deno.test("files may have colons in their names, and drives letters", () => {
  deepStrictEqual(parseSeed("a:b", (path) => path === "a:b", false), { blob: "a:b" });
  deepStrictEqual(parseSeed("x.caibx:a:b", (path) => path === "a:b", false), {
    index: "x.caibx",
    blob: "a:b",
  });
  deepStrictEqual(parseSeed("C:\\v1.raw", none, true), { blob: "C:\\v1.raw" });
  deepStrictEqual(parseSeed("C:\\x.caibx:D:\\v1", none, true), { index: "C:\\x.caibx", blob: "D:\\v1" });
});

Deno.test("what names no blob is refused", () => {
  for (const text of [":blob", "index:", "x.caibx:", "https://example.com/v1.caibx"]) {
    throws(() => parseSeed(text, none, false), { code: "usage" }, text);
  }
});

Deno.test("the index of a seed whose blob is not looked at", () => {
  const cases: [text: string, index: string][] = [
    ["a/v1.caibx", "a/v1.caibx"],
    ["a/v1.caibx:/dev/sda2", "a/v1.caibx"],
    ["v1.index", "v1.index"],
    ["v1.index:v1", "v1.index"],
    ["tree.caidx", "tree.caidx"],
    ["https://example.com/v1.caibx", "https://example.com/v1.caibx"],
    ["https://example.com/v1.caibx:/srv/v1", "https://example.com/v1.caibx"],
    ["https://example.com/index", "https://example.com/index"],
    ["here:it", "here:it"],
  ];
  for (const [text, index] of cases) {
    strictEqual(indexOfSeed(text, (path) => path === "here:it", false), index, text);
  }
});
