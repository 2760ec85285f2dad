/** What is shown of a job's progress, and where. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { barLine, type BarState } from "../../../src/cli/output/bar_line.ts";
import { formatSeconds } from "../../../src/core/amounts.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { Random, random as seeded } from "../../support/random.ts";
import { tempDir } from "../../support/temp.ts";
import { share, takingTurns } from "../../support/thorough.ts";
import { runOnTerminal } from "../../support/system/terminal.ts";

const inTurn = takingTurns(2, import.meta.url);

const state: BarState = {
  done: 1_300_000_000,
  total: 3_100_000_000,
  unit: "bytes",
  rate: 12_300_000,
  seconds: 146,
  ended: false,
  sources: [
    { origin: { kind: "store", location: "cache" }, chunks: 1, bytes: 300_000_000, storedBytes: 120_000_000 },
    {
      origin: { kind: "store", location: "https://example.com/store" },
      chunks: 3,
      bytes: 1_000_000_000,
      storedBytes: 1_000_000_000,
    },
  ],
  stored: "read",
};

Deno.test("the line has what there is room for; share and time are omitted last", () => {
  const expected: Record<number, string> = {
    200:
      "[##########..............] 41%  1.30 GB of 3.10 GB  12.3 MB/s  2m26s left  cache: 300 MB (120 MB read), https://example.com/store: 1.00 GB",
    130:
      "[##########..............] 41%  1.30 GB of 3.10 GB  12.3 MB/s  2m26s left  cache: 300 MB, https://example.com/store: 1.00 GB",
    79: "[##########..............] 41%  1.30 GB of 3.10 GB  12.3 MB/s  2m26s left",
    60: "[####......] 41%  1.30 GB of 3.10 GB  12.3 MB/s  2m26s left",
    50: " 41%  1.30 GB of 3.10 GB  12.3 MB/s  2m26s left",
    39: " 41%  1.30 GB of 3.10 GB  2m26s left",
    30: "[####......] 41%  2m26s left",
    19: " 41%  2m26s left",
    9: "41% 2m26s",
    4: "41%",
    2: "",
    [-1]: "",
  };
  const found = Object.keys(expected).map((columns) => [columns, barLine(state, Number(columns))]);
  deepStrictEqual(Object.fromEntries(found), Object.fromEntries(Object.entries(expected)));
});

Deno.test("no line is longer than the terminal, and none without share and time where there is room", () => {
  const random = seeded();
  const names = [
    "/srv/store",
    "/srv/\u5e93\u5e93\u5e93",
    "e\u0301".repeat(9),
    "a\nb\x1b[31m",
    "x".repeat(300),
  ];
  for (let i = 0; i < 3000; i++) {
    const total = random.below(3) === 0 ? 0 : 1 + random.below(1_000_000_000_000);
    const one: BarState = {
      done: total === 0 ? random.below(1_000_000_000) : random.below(total + 1),
      total,
      unit: random.below(4) === 0 ? "directories" : "bytes",
      rate: random.below(1_000_000_000),
      seconds: random.below(5) === 0 ? undefined : random.below(360_000),
      ended: random.below(2) === 0,
      sources: names.slice(random.below(5)).map((location) => {
        return { origin: { kind: "store", location }, chunks: 1, bytes: 9, storedBytes: 5 };
      }),
      stored: "read",
    };
    const columns = random.below(200);
    const line = barLine(one, columns);
    // deno-lint-ignore no-control-regex
    ok(!/[\x00-\x1f]/.test(line), JSON.stringify(line));
    const width = [...line].reduce((sum, c) => sum + (/\p{sc=Han}/u.test(c) ? 2 : c === "\u0301" ? 0 : 1), 0);
    ok(width <= columns, `${width} > ${columns}: ${line}`);
    if (total === 0) continue;
    ok(columns < 4 || line.includes(`${Math.floor(100 * one.done / total)}%`), line);
    if (columns >= 12 && one.seconds !== undefined) ok(line.includes(formatSeconds(one.seconds)), line);
  }
});

const onTerminal = { ignore: !peers.script };

inTurn()({
  name: "a bar stays in one line, however narrow the terminal is",
  ...onTerminal,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const args = ["extract", "-s", made.store, made.index];
    const widths: [columns: number, last: RegExp][] = [
      [0, /of 80\.0 KB/],
      [80, /of 80\.0 KB/],
      [40, /^100%/],
      [20, /^100%/],
      [10, /^100% \d+s$/],
    ];
    for (const [columns, last] of share(widths, 3)) {
      const { code, stdout } = await runOnTerminal({ columns }, [...args, dir.path(`target${columns}`)]);
      strictEqual(code, 0, stdout);
      const [text, result, ...more] = stdout.split("\n");
      match(result, /: 80\.0 KB, complete and verified\r?$/);
      deepStrictEqual(more, [""], stdout);
      const drawn = text.split("\r").slice(1).map((line) => line.replace("\x1b[K", ""));
      ok(drawn.length >= 2, stdout);
      for (const line of drawn) ok(line.length < (columns || 80), `${columns}: ${line}`);
      match(drawn.at(-1)!, last);
    }
  },
});

inTurn()({
  name: "on a wide terminal the bar of extract has the colours of its sources, unless NO_COLOR is set",
  ...onTerminal,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const cases: [columns: number, env: Record<string, string>, coloured: boolean][] = [
      [120, {}, true],
      [120, { NO_COLOR: "1" }, false],
      [80, {}, false],
    ];
    for (const [i, [columns, env, coloured]] of cases.entries()) {
      const args = ["extract", "-s", made.store, made.index, dir.path(String(i))];
      const { code, stdout } = await runOnTerminal({ columns }, args, { env });
      strictEqual(code, 0, stdout);
      strictEqual(stdout.includes("\x1b[48;5;"), coloured, JSON.stringify(stdout));
    }
  },
});

Deno.test({
  name: "a terminal that cannot go back gets lines",
  ...onTerminal,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    for (const progress of share(["auto", "bar"], 1)) {
      const target = dir.path(`target-${progress}`);
      const args = ["extract", "-s", made.store, "--progress", progress, made.index, target];
      const { code, stdout } = await runOnTerminal({ columns: 80, name: "dumb" }, args);
      strictEqual(code, 0, stdout);
      ok(!stdout.includes("\r") && !stdout.includes("\x1b"), JSON.stringify(stdout));
      match(stdout, /^.*100% {2}80\.0 KB of 80\.0 KB .*\n/m);
    }
  },
});

inTurn()({
  name: "make, chop and tar print what they stored; cat shows progress only into a file",
  ...onTerminal,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const blob = dir.write("image", made.bytes);
    const tree = dir.dir("tree");
    dir.write("tree/file", made.bytes);
    const shown = async (...args: string[]) => (await runOnTerminal({ columns: 300 }, args)).stdout;
    for (
      const [i, args] of [["make", "x.caibx", blob], ["chop", made.index, blob], [
        "tar",
        "-i",
        "x.caidx",
        tree,
      ]].entries()
    ) {
      const [command, ...rest] = args;
      const places = rest.map((word) => word.startsWith("x.") ? dir.path(word) : word);
      const text = await shown(command, "-s", dir.dir(`store${i}`), ...places);
      match(text, / \([\d.]+ KB stored\)/, command);
      ok(!text.includes("read)"), text);
    }
    match(await shown("tar", dir.path("x.catar"), tree), / done .* in \ds/);
    const cat = ["cat", "-s", made.store, made.index];
    match(await shown(...cat, dir.path("out")), /100% {2}80\.0 KB of 80\.0 KB/);
    const redirected = await runOnTerminal({ columns: 300 }, cat, { after: `> '${dir.path("out2")}'` });
    match(redirected.stdout, /100% {2}80\.0 KB of 80\.0 KB/);
    const piped = await runOnTerminal({ columns: 300 }, cat, { after: "| wc -c" });
    strictEqual(piped.stdout.trim(), String(made.bytes.length));
  },
});

inTurn()({
  name: "an interruption reports what is kept, or with which option it would be",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const random = new Random(1);
    const made = makeBlob(dir, Array.from({ length: 200 }, () => random.bytes(1000)));
    const target = dir.write("target", "old");
    await using server = await startFaultyServer(
      {},
      (request) => ({ body: Deno.readFileSync(made.store + request.path), delay: 300 }),
    );
    const cases: [args: string[], says: RegExp][] = [
      [["extract", "-s", server.url], /^desync: Interrupted$/],
      [["extract", "-s", server.url, "-k"], /\(what was written is kept: the same command goes on/],
      [
        ["extract", "-s", server.url, "-c", dir.dir("cache")],
        /\(what was fetched is kept in \S+cache: the same/,
      ],
      [["cat", "-s", server.url], /\(nothing is kept: with -c CACHE the next run would go on/],
    ];
    for (const [args, says] of share(cases, 3)) {
      const seen = server.requests.length;
      const [program, ...before] = cliCommand;
      const child = new Deno.Command(program, {
        args: [...before, ...args, made.index, target],
        stdin: "null",
        stderr: "piped",
      }).spawn();
      while (server.requests.length < seen + 3) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill("SIGINT");
      const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
      deepStrictEqual([code, stderr.split("\n").length], [130, 3], stderr);
      match(stderr.split("\n")[1], says);
    }
  },
});
