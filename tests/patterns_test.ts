import { deepStrictEqual, ok } from "node:assert/strict";
import { slowPatterns } from "./support/source/slow_patterns.ts";
import { patternsBelow } from "./support/source/patterns.ts";
import { turnAfter, turnsOf } from "./support/thorough.ts";

Deno.test("all patterns in the source take linear time", async () => {
  const { patterns, made } = patternsBelow("src");
  ok(patterns.length > 50, `only ${patterns.length} patterns found`);
  // In a run of all files a share of them, others from run to run.
  const hasTurn = turnsOf(4, turnAfter("patterns"));
  const slow = await slowPatterns(patterns.filter(() => hasTurn()), 60_000);
  deepStrictEqual(slow.map(({ source, place }) => `${place} /${source}/`), []);
  deepStrictEqual(
    made,
    [],
    "patterns made of others' text: use formats/wildcards.ts, which does not go back",
  );
});

Deno.test("a pattern that takes longer is detected", async () => {
  const patterns = ["^\\s+", "\\s+$", "(?<!\\s)\\s+$"].map((source) => (
    { source, flags: "g", place: source, splits: false }
  ));
  deepStrictEqual(await slowPatterns(patterns, 500), [patterns[1]]);
});
