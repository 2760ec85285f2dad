import { deepStrictEqual } from "node:assert/strict";
import { didYouMean, nearest } from "../../../src/cli/parse/nearest.ts";

const commands = [
  "extract",
  "cat",
  "cache",
  "chunk",
  "chop",
  "list",
  "list-chunks",
  "verify",
  "verify-index",
];
const options = ["-s", "--store", "--cache", "--cache-repair", "--no-time", "--timeout"];

const cases: [text: string, words: string[], ...near: string[]][] = [
  ["extrat", commands, "extract"],
  ["extratc", commands, "extract"], // two letters swapped, which is one edit
  ["xtract", commands, "extract"],
  ["EXTRACT", commands, "extract"],
  ["exctrats", commands, "extract"],
  ["completely", commands],
  ["chap", commands, "chop"],
  ["cac", commands, "cache"], // goes on, so that cat is not meant
  ["verify-", commands, "verify-index"],
  ["ca", commands, "cache", "cat"],
  ["c", commands],
  ["", commands],
  ["--stor", options, "--store"],
  ["--sotre", options, "--store"],
  ["--store-", options, "--store"],
  ["--cache-rep", options, "--cache-repair"],
  ["--t", options],
  ["--tim", options, "--timeout"],
  ["--notime", options, "--no-time"],
  ["-S", options],
  ["sha512", ["sha512-256", "sha256"], "sha512-256"],
  ["sha-256", ["sha512-256", "sha256"], "sha256"],
];
for (const [text, words, ...near] of cases) {
  Deno.test(`near to ${JSON.stringify(text)}: ${near.join(", ") || "nothing"}`, () => {
    deepStrictEqual(nearest(text, words), near);
  });
}

Deno.test("suggestions in words", () => {
  deepStrictEqual(didYouMean("ca", commands), "did you mean one of cache, cat?");
  deepStrictEqual(didYouMean("chap", commands), "did you mean chop?");
  deepStrictEqual(didYouMean("completely", commands), undefined);
});
