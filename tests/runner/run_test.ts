/** The runner of the tests, on tests that are made here. */

import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exists } from "../support/exists.ts";
import { repository, runAny, type RunResult } from "../support/process.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { share, takingTurns, thorough } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

function runTests(args: string[], more: Record<string, string> = {}): Promise<RunResult> {
  const env = { NO_COLOR: "1", ...more };
  return runAny(Deno.execPath(), ["run", "-A", join(repository, "tests/run.ts"), ...args], {
    env,
    timeout: 600_000,
  });
}

Deno.test("the runner ends with the counts and takes over the exit status", async () => {
  using dir = tempDir();
  const good = dir.write(
    "good_test.ts",
    `Deno.test("a", () => {}); Deno.test({ name: "b", ignore: true, fn() {} });`,
  );
  const bad = dir.write("bad_test.ts", `Deno.test("c", () => { throw new Error("no"); });`);

  const passed = await runTests(["--no-check", good]);
  strictEqual(passed.code, 0, passed.stderr);
  strictEqual(passed.stdout.trimEnd().split("\n").at(-1), "1 passed, 0 failed, 1 skipped");

  const failed = await runTests(["--no-check", good, bad]);
  strictEqual(failed.code, 1);
  strictEqual(failed.stdout.trimEnd().split("\n").at(-1), "1 passed, 1 failed, 1 skipped");
});

Deno.test("a run without any test fails", async () => {
  using dir = tempDir();
  const good = dir.write("good_test.ts", `Deno.test("a", () => {});`);
  const filtered = await runTests(["--no-check", good, "--filter", "nothing has this name"]);
  strictEqual(filtered.code, 1);
  match(filtered.stderr, /no test was run/);
  strictEqual(filtered.stdout.trimEnd().split("\n").at(-1), "0 passed, 0 failed, 0 skipped");
});

Deno.test("a run without a summary fails", async () => {
  using dir = tempDir();
  const broken = dir.write("broken_test.ts", `const n = ;`);
  const result = await runTests(["--no-check", broken]);
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
    const running = runAny(Deno.execPath(), [
      "run",
      "-A",
      join(repository, "tests/run.ts"),
      "--no-check",
      slow,
    ], {
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

/** The last two lines: Deno's form, without the time, and the counts. */
function lastLines({ stdout }: RunResult): string[] {
  const lines = stdout.trimEnd().split("\n").filter((line) => line !== "");
  return lines.slice(-2).map((line) => line.replace(/ \([\dms]+\)$/, ""));
}

Deno.test("files run in processes of their own, at the same time", async () => {
  using dir = tempDir();
  // Each waits until the other has begun.
  const file = (own: string, other: string) =>
    dir.write(
      `${own}_test.ts`,
      `Deno.test("${own}", async () => {
        Deno.writeTextFileSync(${JSON.stringify(dir.path(own))}, String(Deno.pid));
        while (true) {
          try {
            if (Deno.readTextFileSync(${JSON.stringify(dir.path(other))}) !== "") break;
          } catch {
            // not yet
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      });`,
    );
  const result = await runTests(["--no-check", file("a", "b"), file("b", "a")], { DENO_JOBS: "2" });
  strictEqual(result.code, 0, result.stdout + result.stderr);
  deepStrictEqual(lastLines(result), ["ok | 2 passed | 0 failed", "2 passed, 0 failed, 0 skipped"]);
  ok(Deno.readTextFileSync(dir.path("a")) !== Deno.readTextFileSync(dir.path("b")));
});

inTurn()("many files share processes, and what one of them does wrong is its own failure", async () => {
  using dir = tempDir();
  const text = (name: string) =>
    `Deno.test("${name}", () => Deno.writeTextFileSync(${
      JSON.stringify(dir.path("pids", name))
    }, String(Deno.pid)));`;
  const names = Array.from({ length: 24 }, (_, i) => `f${String(i).padStart(2, "0")}`);
  const files = names.map((name) => dir.write(`${name}_test.ts`, text(name)));
  dir.write("f03_test.ts", `throw new Error("not loaded"); ${text("f03")}`);
  dir.write("f05_test.ts", `${text("f05")} Deno.test("fails", () => { throw new Error("no"); });`);
  dir.write("f07_test.ts", `Deno.env.set("DESYNC_OF_ONE_FILE", "1"); ${text("f07")}`);
  const turns = JSON.stringify(new URL("../support/thorough.ts", import.meta.url));
  const inTurn = (name: string) => `inTurn()({ name: "${name}", ignore: false, fn() {} });`;
  dir.write(
    "f09_test.ts",
    `import { takingTurns } from ${turns};
    const inTurn = takingTurns(2, import.meta.url);
    ${inTurn("first")} ${inTurn("second")} ${text("f09")}`,
  );
  const turn = { DESYNC_TEST_TURN: "4", DESYNC_TEST_THOROUGH: "0" };
  const result = await runTests(["--no-check", ...files], turn);
  strictEqual(lastLines(result).at(-1), "24 passed, 2 failed, 1 skipped", result.stdout + result.stderr);
  // The letters of "f09_test.ts" make an odd number, so an even turn is that of the second.
  match(result.stdout, /^first \.\.\..* ignored/m);
  match(result.stdout, /\bDESYNC_TEST_TURN=4 runs the same again,/);
  const failures = result.stdout.slice(result.stdout.lastIndexOf("Failed:"));
  match(failures, /f03_test\.ts can be loaded => /);
  match(failures, /fails => .*f05_test\.ts:1:/);
  const pids = names.filter((name) => name !== "f03").map((name) =>
    Deno.readTextFileSync(dir.path("pids", name))
  );
  strictEqual(new Set(pids).size, 3);
  strictEqual(pids.filter((pid) => pid === Deno.readTextFileSync(dir.path("pids/f07"))).length, 1);
});

inTurn()({
  name: "files that run command lines share a process until one fails",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    const cli = pathToFileURL(join(repository, "tests/support/cli.ts"));
    const file = (name: string, end: string) =>
      dir.write(
        `${name}_test.ts`,
        `import { runCli } from "${cli}";
        Deno.test("${name}", async () => {
          await runCli(["--version"]);
          Deno.writeTextFileSync(${JSON.stringify(dir.path(name))}, Deno.env.get("DESYNC_TEST_WARM"));
          ${end}
        });`,
      );
    // The larger file is the first.
    const files = [
      file("first", `${" ".repeat(2000)}`),
      file("fails", `throw new Error();${" ".repeat(1000)}`),
    ];
    const result = await runTests(["--no-check", ...files, file("last", "")], { DENO_JOBS: "1" });
    strictEqual(lastLines(result).at(-1), "2 passed, 1 failed, 0 skipped", result.stdout + result.stderr);
    const [first, fails, last] = ["first", "fails", "last"].map((name) =>
      Deno.readTextFileSync(dir.path(name))
    );
    strictEqual(first, fails);
    notStrictEqual(last, fails);
    deepStrictEqual([first, last].filter(exists), []);
  },
});

function twoFiles(dir: TempDir): string[] {
  const tests = `Deno.test("good", () => {}); Deno.test({ name: "left out", ignore: true, fn() {} });`;
  return [
    dir.write("one_test.ts", `import { f } from "./f.ts"; ${tests} Deno.test("f", () => { f(); });`),
    dir.write("two_test.ts", `${tests} Deno.test("bad", () => { throw new Error("as it should"); });`),
    dir.write("f.ts", "export const f = (): number => 1;"),
  ].slice(0, 2);
}

Deno.test("what failed is listed again behind the output of all files, in front of the counts", async () => {
  using dir = tempDir();
  const result = await runTests(["--no-check", ...twoFiles(dir)]);
  strictEqual(result.code, 1);
  const counts = ["FAILED | 3 passed | 1 failed | 2 ignored", "3 passed, 1 failed, 2 skipped"];
  deepStrictEqual(lastLines(result), counts);
  match(
    result.stdout.slice(result.stdout.lastIndexOf("Failed:")),
    /^Failed:\n\nbad => .*two_test\.ts:1:\d+\n/,
  );
});

inTurn()("a directory, and a filter for all of its files", async () => {
  using dir = tempDir();
  twoFiles(dir);
  for (const filter of share([["--filter=good"], ["--filter", "good"]], 1)) {
    const result = await runTests([...filter, "--no-check", dir.root]);
    strictEqual(result.code, 0, result.stdout + result.stderr);
    deepStrictEqual(lastLines(result), [
      "ok | 2 passed | 0 failed | 4 filtered out",
      "2 passed, 0 failed, 0 skipped",
    ]);
  }
});

inTurn()("coverage and a JUnit report of several files are of all of them", async () => {
  using dir = tempDir();
  const report = dir.path("report.xml");
  const args = ["--no-check", `--coverage=${dir.path("coverage")}`, "--junit-path", report, dir.root];
  const result = await runTests([...twoFiles(dir), ...args]);
  deepStrictEqual(lastLines(result)[1], "3 passed, 1 failed, 2 skipped");
  match(result.stdout, /f\.ts +\|/);
  ok([...Deno.readDirSync(dir.path("coverage"))].length > 0);
  const text = Deno.readTextFileSync(report);
  match(text, /<testsuites name="deno test" tests="6" failures="1" /);
  strictEqual(text.match(/<testsuite /g)?.length, 2);
});

Deno.test({
  name: "a file whose process ends without a summary counts as failed",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const good = dir.write("good_test.ts", `Deno.test("a", () => {});`);
    const killed = dir.write("killed_test.ts", `Deno.test("b", () => Deno.kill(Deno.pid, "SIGKILL"));`);
    const first = await runTests(["--no-check", good, killed]);
    strictEqual(first.code !== 0, true);
    deepStrictEqual(lastLines(first), ["FAILED | 1 passed | 1 failed", "1 passed, 1 failed, 0 skipped"]);
    match(first.stdout, /killed_test\.ts: deno test ended with status \d+/);
  },
});

// The compiler needs seconds of computing.
if (thorough) {
  Deno.test("a file with a wrong type fails, and the tests run all the same", async () => {
    using dir = tempDir();
    const good = dir.write("good_test.ts", `Deno.test("a", () => {});`);
    const wrong = dir.write("wrong_test.ts", `const n: number = "text"; Deno.test("c", () => {});`);
    const result = await runTests([good, wrong]);
    strictEqual(result.code, 1);
    strictEqual(lastLines(result)[1], "2 passed, 1 failed, 0 skipped");
    match(result.stdout, /TS2322/);
  });
}

inTurn()("options of deno test that the runner does not know go to one process", async () => {
  using dir = tempDir();
  const result = await runTests(["--no-check", "--fail-fast", ...twoFiles(dir)]);
  strictEqual(result.code, 1);
  strictEqual(lastLines(result)[1], "3 passed, 1 failed, 2 skipped");
});
