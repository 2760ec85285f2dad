import { deepStrictEqual, throws } from "node:assert/strict";
import { stopSignals } from "../../../src/cli/signals.ts";
import { expandWildcards } from "../../../src/cli/inputs/expand_wildcards.ts";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { tempDir } from "../../support/temp.ts";

const windows = Deno.build.os === "windows";
const there: Readonly<Record<string, string[]>> = {
  ".": ["b.caibx", "A.CAIBX", "a.caibx", "a+b.caibx", "axcaibx", "notes"],
  "in/here": ["x1.caibx", "x22.caibx"],
};
const list = (directory: string) => {
  if (directory in there) return there[directory];
  throw Object.assign(new Error("none"), { code: "ENOENT" });
};
const expand = (...args: string[]) => expandWildcards(args, true, list);

Deno.test("wildcards are replaced with names on Windows, where no shell does it", () => {
  deepStrictEqual(expand("*.caibx"), ["A.CAIBX", "a+b.caibx", "a.caibx", "b.caibx"]);
  deepStrictEqual(expand("first", "?.caibx", "-"), ["first", "A.CAIBX", "a.caibx", "b.caibx", "-"]);
  deepStrictEqual(expand("a+*.caibx"), ["a+b.caibx"]);
  deepStrictEqual(expand("in/here/x?.caibx").map((path) => path.replaceAll("\\", "/")), ["in/here/x1.caibx"]);
  deepStrictEqual(expand("http://example.com/*.caibx?a"), ["http://example.com/*.caibx?a"]);
  throws(() => expand("*.none"), { code: "usage", message: /\*\.none/ });
  throws(() => expand("none/*"), { code: "missing-file", message: /none/ });
  deepStrictEqual(expandWildcards(["*.caibx"], false, list), ["*.caibx"]);
});

Deno.test("prune with a name that nothing has removes nothing, with wildcards as without", async () => {
  using dir = tempDir();
  const args = ["prune", "-y", "-s", dir.dir("store"), dir.path("*.caibx")];
  assertFails(await runCli(args), windows ? 2 : 1, "*.caibx");
});

Deno.test("each system's signals to stop are handled", () => {
  deepStrictEqual(stopSignals("windows"), ["SIGINT", "SIGBREAK", "SIGHUP"]);
  deepStrictEqual(stopSignals("linux"), ["SIGINT", "SIGTERM", "SIGHUP"]);
  // Those of this system can be listened to.
  const listener = () => {};
  for (const name of stopSignals(Deno.build.os)) {
    Deno.addSignalListener(name, listener);
    Deno.removeSignalListener(name, listener);
  }
});
