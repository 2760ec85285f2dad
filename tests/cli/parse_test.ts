/** What the parser makes of odd command lines. Those of everyday are run whole: usage_test.ts. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { type CommandLine, parse } from "../../src/cli/parse.ts";

function parsed(...words: string[]): CommandLine {
  const asked = parse(words);
  if (asked.kind !== "run") throw new Error(`${words.join(" ")} asks for ${asked.kind}`);
  return asked;
}

Deno.test("of a switch the last counts, also when it is false", () => {
  strictEqual(parsed("extract", "-k", "-k=false", "a", "b").flags.inPlace, undefined);
  strictEqual(parsed("extract", "-k=f", "--in-place", "a", "b").flags.inPlace, true);
  strictEqual(parsed("extract", "--no-sync", "--no-sync=false", "a", "b").flags.sync, true);
  strictEqual(parsed("untar", "--no-same-permissions", "-p=0", "a", "b").flags.samePermissions, undefined);
});

Deno.test("letters in one word are switches, and the last may take a value", () => {
  const { flags, positionals } = parsed("extract", "-krn3", "-rsa", "-ks=b", "-re", "0", "-", "--", "-k");
  deepStrictEqual([flags.inPlace, flags.cacheRepair, flags.concurrency], [true, true, 3]);
  deepStrictEqual([flags.store, flags.errorRetry], [["a", "b"], 0]);
  deepStrictEqual(positionals, ["-", "-k"]);
  strictEqual(parse(["extract", "-kh"]).kind, "help");
  // Neither the end of the options nor a long one.
  throws(() => parse(["extract", "-k-", "a", "b"]), /Unknown option -k- of extract/);
  throws(() => parse(["extract", "-k--help", "a", "b"]), /Unknown option -k--help of extract/);
  throws(() => parse(["extract", "-k-n=2", "a", "b"]), /Unknown option -k-n=2 of extract/);
});

Deno.test("as many words as a system passes on are taken, and each looked at once", () => {
  const many = Array.from({ length: 200_000 }, () => "a");
  for (const words of [["prune", "--", ...many], ["prune", ...many]]) {
    const asked = parse(words);
    strictEqual(asked.kind === "run" && asked.positionals.length, many.length);
  }
  const options = parse(["cache", ...many.map((word) => `-s${word}`), "index"]);
  strictEqual(options.kind === "run" && options.flags.store?.length, many.length);
  strictEqual(parsed("prune", `-${"y".repeat(many.length)}`).flags.yes, true);
});
