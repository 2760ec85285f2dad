import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addSummary, emptySummary, formatSummary, parseFailures, parseSummary } from "./summary.ts";

const lines: [string, [number, number, number] | undefined][] = [
  ["ok | 12 passed (3 steps) | 0 failed | 2 ignored (1s)", [12, 0, 2]],
  ["ok | 1 passed (1 step) | 0 failed (1s)", [1, 0, 0]],
  ["FAILED | 5 passed | 1 failed | 1 ignored (253ms)", [5, 1, 1]],
  ["FAILED | 5 passed (9 steps) | 1 failed (2 steps) | 4 ignored (1 step) (1m2s)", [5, 1, 4]],
  ["ok | 0 passed | 0 failed | 5 filtered out (59ms)", [0, 0, 0]],
  ["ok | 1 passed | 0 failed | 2 ignored | 3 measured | 4 filtered out (9ms)", [1, 0, 2]],
  ["\x1b[0m\x1b[32mok\x1b[0m | 2 passed | 0 failed \x1b[0m\x1b[38;5;245m(9ms)\x1b[0m\n\n", [2, 0, 0]],
  ["ok | 1 passed | 0 failed (1ms)\r\nok | 2 passed | 0 failed (1ms)\r\n", [2, 0, 0]],
  ["error: Type checking failed.", undefined],
  ["", undefined],
];

for (const [text, expected] of lines) {
  Deno.test(`summary of ${JSON.stringify(text)}`, () => {
    const summary = parseSummary(text);
    const { passed, failed, ignored } = summary ?? {};
    deepStrictEqual(summary && [passed?.tests, failed?.tests, ignored?.tests], expected);
  });
}

Deno.test("summaries are added and written in Deno's form", () => {
  const total = emptySummary();
  strictEqual(formatSummary(total, 5), "ok | 0 passed | 0 failed (5ms)");
  for (
    const text of [
      "ok | 12 passed (3 steps) | 0 failed | 2 ignored (1s)",
      "FAILED | 5 passed (1 step) | 1 failed (2 steps) | 4 ignored (1 step) | 3 measured | 7 filtered out (1m2s)",
    ]
  ) {
    strictEqual(formatSummary(parseSummary(text)!, /1s/.test(text) ? 1999 : 62_000), text);
    addSummary(total, parseSummary(text)!);
  }
  const sum =
    "FAILED | 17 passed (4 steps) | 1 failed (2 steps) | 6 ignored (1 step) | 3 measured | 7 filtered out (999ms)";
  strictEqual(formatSummary(total, 999), sum);
});

Deno.test("the tests that failed are found at the end of the output", () => {
  const output = "a ... ok\n\n ERRORS \n\nb => ./b_test.ts:1:6\nerror: no\n\n" +
    "\x1b[1m FAILURES \x1b[0m\n\nb => ./b_test.ts:1:6\nc => ./b_test.ts:2:6\n\nFAILED | 1 passed | 2 failed (1s)\n";
  strictEqual(parseFailures(output), "b => ./b_test.ts:1:6\nc => ./b_test.ts:2:6");
  strictEqual(parseFailures("ok | 1 passed | 0 failed (1s)"), "");
});
