/** Tries what README.md says about desync in Go: every row with both programs, and that nothing is left out. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { MISSING_COMMANDS, MISSING_OPTIONS } from "../../src/cli/parse/missing.ts";
import { SCHEMES } from "../../src/deno/schemes.ts";
import { runCli } from "../support/cli.ts";
import { cliCommand } from "../support/cli_command.ts";
import { type DocTable, parseDocPage } from "../support/documents/doc_tables.ts";
import { exists } from "../support/exists.ts";
import { assertFails } from "../support/failure.ts";
import { startFaultyServer } from "../support/servers/faulty_server.ts";
import { type Made, makeBlob, somePieces } from "../support/made.ts";
import { peers } from "../support/peers.ts";
import { repository, runAny, type RunOptions, type RunResult } from "../support/process.ts";
import { Random } from "../support/random.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const readme = Deno.readTextFileSync(join(repository, "README.md")).split(/^(?=## )/m);

function tableUnder(heading: string): DocTable {
  const section = readme.find((text) => text.startsWith(`## ${heading}\n`)) ?? "";
  const table = parseDocPage(section).tables.get(heading);
  ok(table !== undefined, `README.md has no table "${heading}"`);
  return table;
}

const notYet = tableUnder("What it does not do yet");

for (const [what, cells] of notYet.rows) {
  const tried = /^`(.*)`$/.exec(cells.get("tried as")!)![1];
  const says = /^"(.*)"$/.exec(cells.get("says")!)![1];
  Deno.test(`not supported yet, and reported: ${what}`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const places: Record<string, string> = {
      INDEX: made.index,
      STORE: made.store,
      FILE: dir.write("image", made.bytes),
      NEW: dir.path("new"),
    };
    const words = tried.split(" ").map((word) =>
      word.replaceAll('"', "").replaceAll(/\b[A-Z]+\b/g, (name) => places[name] ?? name)
    );
    const result = await runCli(words);
    assertFails(result, result.code === 2 ? 2 : 1, says);
    ok(!exists(places.NEW), "nothing is written");
  });
}

Deno.test("the table of missing features has all that is refused as not supported yet", () => {
  const tried = [...notYet.rows.values()].map((cells) => cells.get("tried as")).join("\n");
  const names = [
    ...MISSING_COMMANDS.map((name) => `\`${name} `),
    ...SCHEMES.filter(({ load }) => load === undefined).flatMap(({ names }) => names).map((name) =>
      ` ${name}://`
    ),
    ...[...MISSING_OPTIONS.keys()].map((option) => ` ${option} `),
  ];
  deepStrictEqual(names.filter((name) => !tried.includes(name)), []);
});

/** One of the two programs. */
interface Subject {
  run(args: string[], options?: RunOptions): Promise<RunResult>;
  readonly command: readonly string[];
}

/** What a row has to try with: files of its own. */
interface Place {
  readonly dir: TempDir;
  readonly made: Made;
  readonly image: string;
}

const status = ({ code }: RunResult) => `status ${code}`;

/** The outcomes, which are to be the same one. */
function same(outcomes: readonly string[]): string {
  return [...new Set(outcomes)].join(" or ");
}

async function statuses(subject: Subject, ...lines: string[][]): Promise<string> {
  const outcomes: string[] = [];
  for (const args of lines) outcomes.push(status(await subject.run(args)));
  return same(outcomes);
}

async function flags(subject: Subject, { dir, image }: Place, ...options: string[]): Promise<string> {
  await subject.run(["make", ...options, dir.path("x.caibx"), image]);
  const bytes = Deno.readFileSync(dir.path("x.caibx"));
  return `\`0x${new DataView(bytes.buffer).getBigUint64(16, true).toString(16)}\``;
}

async function verified({ run }: Subject, { made }: Place, ...options: string[]): Promise<string> {
  Deno.writeTextFileSync(made.chunk(0), "no chunk");
  const result = await run(["verify", ...options, "-s", made.store]);
  const where = ["stdout", "stderr"].filter((name) => result[name as "stdout"].includes(made.ids[0]));
  return `${status(result)}, listed on ${
    same(where).replace("stdout", "standard output").replace("stderr", "standard error")
  }`;
}

/** Whether the file is what it was. */
async function overwritten({ run }: Subject, args: string[], path: string): Promise<string> {
  const before = Deno.readFileSync(path);
  const result = await run(args);
  const after = Deno.readFileSync(path);
  const kept = before.length === after.length && before.every((byte, i) => byte === after[i]);
  return `${status(result)}, ${kept ? "kept" : "overwritten"}`;
}

const rows: Record<string, (subject: Subject, place: Place) => Promise<string>> = {
  "the feature flags in a blob's index (casync's: `0xb0…`, `0x90…`)": (subject, place) =>
    flags(subject, place),
  "the same with `--digest sha256`": (subject, place) => flags(subject, place, "--digest", "sha256"),
  "an unknown command or option, a missing argument": (subject) =>
    statuses(subject, ["nothing-like-it"], ["extract", "--nothing-like-it", "a", "b"], ["extract", "a"]),
  "no command": (subject) => statuses(subject, []),
  "no store is named": (subject, { dir, made }) =>
    statuses(subject, ["extract", made.index, dir.path("x")], ["cat", made.index]),
  "`cat -o` or `-l` beyond the end of the blob": (subject, { made }) =>
    statuses(
      subject,
      ["cat", "-o", "80001", "-s", made.store, made.index],
      ["cat", "-l", "80001", "-s", made.store, made.index],
    ),
  "`verify-index` or `chop` of a file that is another": (subject, { dir, made }) => {
    const other = dir.write("other", new Uint8Array(made.bytes.length));
    return statuses(subject, ["verify-index", made.index, other], [
      "chop",
      "-s",
      made.store,
      made.index,
      other,
    ]);
  },
  "`extract`, interrupted (Ctrl-C)": async ({ command }, { dir }) => {
    // Enough of them that it is not about to be done.
    const made = makeBlob(dir, Array.from({ length: 40 }, (_, i) => new Random(i).bytes(1000)), {
      name: "many",
    });
    await using server = await startFaultyServer(
      {},
      (request) => ({ body: Deno.readFileSync(made.store + request.path), delay: 300 }),
    );
    const args = [...command.slice(1), "extract", "-n", "2", "-s", server.url, made.index, dir.path("x")];
    const child = new Deno.Command(command[0], { args, stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
    // Some of them have been written by then.
    while (server.requests.length < 14) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGINT");
    const ended = `status ${(await child.status).code}`;
    if (exists(dir.path("x"))) return `${ended}, an incomplete file`;
    const before = server.requests.length;
    const { code } = await new Deno.Command(command[0], { args, stdout: "null", stderr: "null" }).output();
    const resumed = code === 0 && server.requests.length - before < made.ids.length;
    return resumed ? `${ended}, resumed by the next run` : ended;
  },
  "`verify` finds an invalid chunk": (subject, place) => verified(subject, place),
  "`verify -r` removes it": (subject, place) => verified(subject, place, "-r"),
  "an invalid chunk in the cache": async ({ run }, { dir, made }) => {
    const cache = makeBlob(dir, somePieces(), { name: "cache" });
    Deno.writeTextFileSync(cache.chunk(0), "no chunk");
    const result = await run(["extract", "-s", made.store, "-c", cache.store, made.index, dir.path("x")]);
    const kept = Deno.readTextFileSync(cache.chunk(0)) === "no chunk";
    return `${status(result)}, ${kept ? "kept" : "replaced"}`;
  },
  "`prune`'s question": async ({ run }, { made }) => {
    const result = await run(["prune", "-s", made.store, made.index], { stdin: "n\n" });
    const where = ["stdout", "stderr"].filter((name) => result[name as "stdout"].includes("[y/N]"));
    return `on ${same(where).replace("stdout", "standard output").replace("stderr", "standard error")}`;
  },
  "the answer no to it": async ({ run }, { made }) =>
    status(await run(["prune", "-s", made.store, made.index], { stdin: "n\n" })),
  "`make`, `chop`, `tar -i`, `cache` with a store that is not there": async (
    { run },
    { dir, made, image },
  ) => {
    const lines = [
      ["make", "-s", dir.path("1"), dir.path("x.caibx"), image],
      ["chop", "-s", dir.path("2"), made.index, image],
      ["tar", "-i", "-s", dir.path("3"), dir.path("x.caidx"), dir.dir("tree")],
      ["cache", "-s", made.store, "-c", dir.path("4"), made.index],
    ];
    const outcomes: string[] = [];
    for (const [i, line] of lines.entries()) {
      outcomes.push(status(await run(line)) + (exists(dir.path(String(i + 1))) ? ", made" : ""));
    }
    return same(outcomes);
  },
  "`extract -c` with a cache that is not there": async ({ run }, { dir, made }) => {
    const result = await run(["extract", "-s", made.store, "-c", dir.path("new"), made.index, dir.path("x")]);
    return status(result) + (exists(dir.path("new")) ? ", made" : "");
  },
  "`--skip-invalid-seeds` with `--regenerate-invalid-seeds`": (subject, { dir, made }) =>
    statuses(subject, [
      ...["extract", "-s", made.store, "--skip-invalid-seeds", "--regenerate-invalid-seeds"],
      ...[made.index, dir.path("x")],
    ]),
  "`--seed` with a blob alone": (subject, { dir, made, image }) =>
    statuses(subject, [
      ...["extract", "-s", made.store, "-c", dir.dir("cache"), "--seed", image, made.index],
      dir.path("x"),
    ]),
  "chunks taken from a seed that changed in part, skipped": async ({ run }, { dir, made }) => {
    const changed = made.bytes.slice();
    changed[changed.length - 1] ^= 1;
    const seed = `${made.index}:${dir.write("changed", changed)}`;
    const options = ["--seed", seed, "--skip-invalid-seeds", "--print-stats"];
    const { stdout } = await run(["extract", "-s", made.store, ...options, made.index, dir.path("x")]);
    return JSON.parse(stdout)["chunks-from-seeds"] === 0 ? "none" : "those that it still has";
  },
  "`seeds` in the statistics of `extract` without any": async ({ run }, { dir, made }) => {
    const { stdout } = await run(["extract", "-s", made.store, "--print-stats", made.index, dir.path("x")]);
    return String(JSON.parse(stdout).seeds);
  },
  "`cat` into the index itself": (subject, { made }) =>
    overwritten(subject, ["cat", "-s", made.store, made.index, made.index], made.index),
  "`make` with index and image swapped": (subject, { made, image }) =>
    overwritten(subject, ["make", image, made.index], image),
  "`mtree` of a time with few nanoseconds": async ({ run }, { dir }) => {
    await runAny("touch", ["-d", "@1700000000.000000005", dir.dir("tree")]);
    const { stdout } = await run(["mtree", dir.path("tree")]);
    return `\`${/time=\d+\. *\d+/.exec(stdout)?.[0]}\``;
  },
  "`version`, `list`": (subject, { dir }) => statuses(subject, ["version"], ["list", dir.root]),
};

const both: Record<string, Subject> = {
  "desync 1.0.4": {
    run: (args, options) => runAny(peers.desync!, args, options),
    command: [peers.desync ?? ""],
  },
  "this program": { run: runCli, command: cliCommand },
};

inTurn()({
  name: "the table of differences is right, cell by cell",
  ignore: Deno.build.os !== "linux" || !peers.desync,
  fn: async () => {
    const table = tableUnder("How it differs from desync in Go");
    deepStrictEqual([...table.rows.keys()], Object.keys(rows));
    deepStrictEqual(table.columns, Object.keys(both));
    const wrong: string[] = [];
    for (const [label, attempt] of Object.entries(rows)) {
      await Promise.all(
        Object.entries(both).map(async ([column, subject]) => {
          using dir = tempDir();
          const made = makeBlob(dir, somePieces());
          const found = await attempt(subject, { dir, made, image: dir.write("image", made.bytes) });
          const cell = table.rows.get(label)!.get(column)!;
          if (found !== cell) wrong.push(`${label}: ${column}: ${cell} is ${found}`);
        }),
      );
    }
    ok(wrong.length === 0, `README.md is wrong:\n${wrong.join("\n")}`);
  },
});
