/** What the parser makes of odd command lines. Those of everyday are run whole: usage_test.ts. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { inPlace, noSync } from "../../../src/cli/flags/output.ts";
import { yes } from "../../../src/cli/flags/maintenance.ts";
import { concurrency, errorRetry } from "../../../src/cli/flags/network.ts";
import { cacheRepair, stores } from "../../../src/cli/flags/stores.ts";
import { samePermissions } from "../../../src/cli/flags/unpacking.ts";
import { type CommandLine, parse } from "../../../src/cli/parse/parse.ts";

async function parsed(words: readonly string[]): Promise<CommandLine> {
  const asked = await parse(words);
  if (asked.kind !== "run") throw new Error(`${words.join(" ")} asks for ${asked.kind}`);
  return asked;
}

Deno.test("of a switch the last counts, also when it is false", async () => {
  strictEqual((await parsed(["extract", "-k", "-k=false", "a", "b"])).given.get(inPlace), false);
  strictEqual((await parsed(["extract", "-k=f", "--in-place", "a", "b"])).given.get(inPlace), true);
  strictEqual((await parsed(["extract", "--no-sync", "--no-sync=false", "a", "b"])).given.get(noSync), false);
});

Deno.test("an option and its opposite are one value", async () => {
  const value = async (...words: string[]) =>
    (await parsed(["untar", ...words, "a", "b"])).given.get(samePermissions);
  deepStrictEqual([await value(), await value("-p")], [undefined, true]);
  strictEqual(await value("-p", "--no-same-permissions"), false);
  strictEqual(await value("--no-same-permissions", "-p"), true);
  strictEqual(await value("--no-same-permissions", "-p=0"), undefined);
});

Deno.test("letters in one word are switches, and the last may take a value", async () => {
  const words = ["extract", "-krn3", "-rsa", "-ks=b", "-re", "0", "-", "--", "-k"];
  const { given, words: positionals } = await parsed(words);
  deepStrictEqual([inPlace, cacheRepair].map((flag) => given.get(flag)), [true, true]);
  deepStrictEqual([concurrency, errorRetry].map((flag) => given.get(flag)), [3, 0]);
  deepStrictEqual(given.get(stores), ["a", "b"]);
  deepStrictEqual(positionals, ["-", "-k"]);
  strictEqual((await parse(["extract", "-kh"])).kind, "help");
  // Neither the end of the options nor a long one.
  await rejects(parse(["extract", "-k-", "a", "b"]), /Unknown option -k- of extract/);
  await rejects(parse(["extract", "-k--help", "a", "b"]), /Unknown option -k--help of extract/);
  await rejects(parse(["extract", "-k-n=2", "a", "b"]), /Unknown option -k-n=2 of extract/);
});

Deno.test("as many words as a system allows are parsed in linear time", async () => {
  const many = Array.from({ length: 200_000 }, () => "a");
  for (const words of [["prune", "--", ...many], ["prune", ...many]]) {
    strictEqual((await parsed(words)).words.length, many.length);
  }
  const options = await parsed(["cache", ...many.map((word) => `-s${word}`), "index"]);
  strictEqual(options.given.get(stores)?.length, many.length);
  strictEqual((await parsed(["prune", `-${"y".repeat(many.length)}`])).given.get(yes), true);
});
