/** With --progress=json standard error is JSON, line by line, whatever goes wrong. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { DesyncError, type ErrorFields } from "../../../src/core/errors.ts";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { Random } from "../../support/random.ts";
import { tempDir } from "../../support/temp.ts";

/** The lines, each an object. */
function lines(stderr: string): Record<string, unknown>[] {
  ok(stderr.endsWith("\n"), stderr);
  return stderr.slice(0, -1).split("\n").map((line) => JSON.parse(line));
}

Deno.test("an error is the last line, with code, message, status, its fields, chunk and store", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const empty = dir.dir("empty");
  const cache = makeBlob(dir, somePieces(), { name: "cache" });
  Deno.writeTextFileSync(cache.chunk(0), "no chunk");
  const damaged = makeBlob(dir, somePieces(), { name: "damaged" });
  Deno.writeTextFileSync(damaged.chunk(0), "no chunk");
  await using server = await startFaultyServer({}, () => ({ status: 500 }));
  const url = `${server.url}/`;
  const target = dir.path("target");
  const [chunk] = made.ids;
  const cases: [args: string[], status: number, error: object][] = [
    [["extract", "-s", empty, made.index, target], 1, { code: "missing-chunk", chunk, store: empty }],
    [["extract", "-s", empty, "-s", empty, made.index, target], 1, { code: "missing-chunk", chunk }],
    [["extract", "-s", damaged.store, made.index, target], 1, {
      code: "invalid-chunk",
      chunk,
      store: damaged.store,
    }],
    [["extract", "-s", empty, "-c", cache.store, made.index, target], 1, {
      code: "invalid-chunk",
      chunk,
      store: cache.store,
    }],
    [["extract", "-e1", "-n1", "-s", url, made.index, target], 1, { code: "store", chunk, store: url }],
    [["cat", "-e2", "-b1ms", "-n1", "-s", url, made.index, target], 1, { code: "store", chunk, store: url }],
    [["verify-index", made.index, dir.write("other", new Uint8Array(made.bytes.length))], 3, {
      code: "mismatch",
    }],
    [["extract", made.index], 2, { code: "usage" }],
    [["extract", "--no-such", "a", "b"], 2, { code: "usage" }],
    [["list-chunks", made.index], 2, { code: "usage" }],
    [["extract", "-s", empty, dir.path("none"), target], 1, { code: "missing-file" }],
  ];
  for (const [i, [args, status, expected]] of cases.entries()) {
    const json = i % 2 === 0 ? ["--progress=json"] : ["--progress", "json"];
    // Whatever is wrong with the option itself is JSON as well.
    const [result, plain] = [await runCli([...args, ...json]), await runCli(args)];
    strictEqual(result.code, status, result.stderr);
    const { error } = lines(result.stderr).at(-1) as { error: Record<string, unknown> };
    const { message, action, problem, subject, reason, hint, ...rest } = error;
    deepStrictEqual(rest, { status, ...expected }, args.join(" "));
    const fields = { action, problem, subject, reason, hint } as ErrorFields;
    strictEqual(new DesyncError("io", fields).message, message);
    ok(typeof reason === "string" || problem !== undefined, args.join(" "));
    if (plain.code !== 0) strictEqual(plain.stderr, `desync: ${message}\n`);
  }
});

Deno.test("the fields have the action, the subject, the reason and the hint", async () => {
  using dir = tempDir();
  const none = dir.path("none.caibx");
  const made = makeBlob(dir, somePieces());
  const damaged = dir.write("damaged.caibx", Deno.readFileSync(made.index).subarray(0, 100));
  const archive = dir.write("index.catar", Deno.readFileSync(made.index));
  const empty = dir.dir("empty");
  const [chunk] = made.ids;
  const noFile = "no such file or directory";
  await using server = await startFaultyServer({}, () => ({ body: "no chunk" }));
  const url = `${server.url}/`;
  const cases: [args: string[], fields: object][] = [
    [["cat", "-s", empty, none], { action: "read", subject: `the index ${none}`, reason: noFile }],
    [["cat", "-s", empty, damaged], {
      action: "use",
      subject: `the index ${damaged}`,
      reason: "not a valid index: it ends after 100 bytes, inside its chunk table",
    }],
    [["untar", archive, dir.path("y")], {
      action: "read",
      subject: `the archive ${archive}`,
      reason: "not a valid archive: it is an index",
      hint: "give -i to read what it describes",
    }],
    [["cat", "-s", empty, made.index, dir.path("x")], {
      subject: `Chunk ${chunk}`,
      reason: "not found",
      hint: `searched: ${empty}`,
      chunk,
      store: empty,
    }],
    [["cat", "-e1", "-s", url, made.index, dir.path("z")], {
      subject: `Chunk ${chunk} in ${url}`,
      reason: "is invalid: it is not compressed data",
      hint: "it was damaged on the way, or is in that store",
      chunk,
      store: url,
    }],
  ];
  for (const [args, expected] of cases) {
    const { stderr } = await runCli([...args, "--progress=json"]);
    const { error } = lines(stderr).at(-1) as { error: Record<string, unknown> };
    const { code: _code, message: _message, status: _status, ...fields } = error;
    deepStrictEqual(fields, expected);
  }
});

Deno.test({
  name: "--verbose shows what a worker's error was caused by",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    Deno.removeSync(made.chunk(0));
    Deno.symlinkSync(made.chunk(0), made.chunk(0));
    const args = ["extract", "-s", made.store, made.index, dir.path("x"), "--verbose"];
    const { code, stderr } = await runCli(args);
    strictEqual(code, 1, stderr);
    match(stderr, /^desync: Cannot read .*: too many symlinks to follow\n/);
    match(stderr, /\n.*DesyncError: Cannot read [^]*\n.*(?:ELOOP|os error 40|os error 62)/);
  },
});

Deno.test("--verbose adds the causes to it", async () => {
  using dir = tempDir();
  const result = await runCli([
    "extract",
    "-s",
    dir.root,
    dir.path("none"),
    "x",
    "--progress=json",
    "--verbose",
  ]);
  const { error } = lines(result.stderr).at(-1) as { error: { causes: string[] } };
  ok(error.causes.length >= 2, result.stderr);
  match(error.causes[0], /\n +at /);
});

Deno.test({
  name: "warnings are lines of JSON too, and so is an interruption",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    dir.write("tree/a", "text");
    Deno.linkSync(dir.path("tree/a"), dir.path("tree/b"));
    const packed = await runCli(["tar", "--progress=json", dir.path("x.catar"), dir.path("tree")]);
    strictEqual(packed.code, 0);
    const warnings = lines(packed.stderr).filter((line) => "warning" in line).map(({ warning }) => warning);
    strictEqual(warnings.length, 1);
    match(String(warnings[0]), /hard links/);

    const made = makeBlob(dir, Array.from({ length: 50 }, (_, i) => new Random(i).bytes(50_000)));
    await using server = await startFaultyServer(
      {},
      (request) => ({ body: Deno.readFileSync(made.store + request.path), delay: 300 }),
    );
    const [program, ...before] = cliCommand;
    const child = new Deno.Command(program, {
      args: [...before, "extract", "--progress=json", "-s", server.url, made.index, dir.path("target")],
      stdin: "null",
      stderr: "piped",
    }).spawn();
    while (server.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGINT");
    const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
    strictEqual(code, 130);
    const all = lines(stderr);
    ok(all.some(({ warning }) => warning === "stopping"), stderr);
    strictEqual((all.at(-1) as { error: { code: string } }).error.code, "interrupted");
  },
});
