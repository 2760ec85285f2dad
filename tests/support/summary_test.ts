import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { exists } from "./exists.ts";
import { repository, runAny, type RunResult } from "./process.ts";
import { parseSummary } from "./summary.ts";
import { tempDir } from "./temp.ts";

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
    deepStrictEqual(summary && [summary.passed, summary.failed, summary.skipped], expected);
  });
}

function runTests(...args: string[]): Promise<RunResult> {
  const env = { NO_COLOR: "1" };
  return runAny(Deno.execPath(), ["run", "-A", join(repository, "tests/run.ts"), ...args], { env });
}

Deno.test("the runner ends with the counts and takes over the exit status", async () => {
  using dir = tempDir();
  const good = dir.write(
    "good_test.ts",
    `Deno.test("a", () => {}); Deno.test({ name: "b", ignore: true, fn() {} });`,
  );
  const bad = dir.write("bad_test.ts", `Deno.test("c", () => { throw new Error("no"); });`);

  const passed = await runTests(good);
  strictEqual(passed.code, 0, passed.stderr);
  strictEqual(passed.stdout.trimEnd().split("\n").at(-1), "1 passed, 0 failed, 1 skipped");

  const failed = await runTests(good, bad);
  strictEqual(failed.code, 1);
  strictEqual(failed.stdout.trimEnd().split("\n").at(-1), "1 passed, 1 failed, 1 skipped");
});

Deno.test("a run without any test fails", async () => {
  using dir = tempDir();
  const good = dir.write("good_test.ts", `Deno.test("a", () => {});`);
  const filtered = await runTests(good, "--filter", "nothing has this name");
  strictEqual(filtered.code, 1);
  match(filtered.stderr, /no test was run/);
  strictEqual(filtered.stdout.trimEnd().split("\n").at(-1), "0 passed, 0 failed, 0 skipped");
});

Deno.test("a run without a summary fails", async () => {
  using dir = tempDir();
  const broken = dir.write("broken_test.ts", `const n: number = "text"; Deno.test("a", () => {});`);
  const result = await runTests(broken);
  strictEqual(result.code, 1);
  match(result.stderr, /printed no summary/);
});

Deno.test({
  name: "Ctrl-C reaches the tests",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const mark = dir.path("started");
    const slow = dir.write(
      "slow_test.ts",
      `Deno.test("s", async () => {
        Deno.writeTextFileSync(${JSON.stringify(mark)}, "");
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`,
    );
    const abort = new AbortController();
    const running = runAny(Deno.execPath(), ["run", "-A", join(repository, "tests/run.ts"), slow], {
      signal: abort.signal,
      timeout: 30_000,
    });
    for (let turn = 0; turn < 400 && !exists(mark); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    abort.abort();
    const { code } = await running;
    strictEqual(code, 130);
  },
});
