import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { filesIn } from "../../support/files.ts";
import { makeBlob, somePieces, stored } from "../../support/made.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { peers } from "../../support/peers.ts";
import { run, runAny, untilListening } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { tempDir } from "../../support/temp.ts";
import { blob, testdata } from "../../support/testdata.ts";

const windows = Deno.build.os === "windows";
const [program, ...before] = cliCommand;

Deno.test("cat writes the blob, or a part of it, to standard output or a file", async () => {
  using dir = tempDir();
  const bytes = blob();
  const [index, store] = [testdata("casync-blob.caibx"), testdata("casync-zstd.castr")];
  const size = bytes.length;
  const parts: [args: string[], start: number, end: number][] = [
    [[], 0, size],
    [["-o", "1"], 1, size],
    [["-l", "1"], 0, 1],
    [["-o", "300000", "-l", "1000000"], 300_000, 1_300_000],
    [["--offset", `${size - 1}`, "--length", "1"], size - 1, size],
    [["-o", "0", "-l", `${size}`], 0, size],
    [["-o", "5", "-l", "0"], 5, size],
    [["-o", `${size}`], size, size],
    [["-o", `${size}`, "-l", "0"], size, size],
  ];
  for (const [args, start, end] of parts) {
    const result = await runCli(["cat", "-s", store, ...args, index]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    deepStrictEqual(result.stdoutBytes, bytes.slice(start, end), args.join(" "));
    if (args.length === 2 && args[1] !== `${size}`) {
      const file = dir.write("file", "something longer than one byte");
      strictEqual((await runCli(["cat", "-s", store, ...args, index, file])).code, 0);
      deepStrictEqual(Deno.readFileSync(file), bytes.slice(start, end));
    }
  }
  const dash = await runCli(["cat", "-s", store, "-", "-"], { stdin: Deno.readFileSync(index) });
  deepStrictEqual([dash.code, dash.stdoutBytes, dash.stderr], [0, bytes, ""]);
  const empty = await runCli(["cat", testdata("casync-empty.caibx")]);
  deepStrictEqual([empty.code, empty.stdout, empty.stderr], [0, "", ""]);
});

Deno.test({
  name: "cat writes what desync does",
  ignore: !peers.desync,
  fn: async () => {
    for (const args of [[], ["-o", "1000000"], ["-o", "65536", "-l", "300000"]]) {
      const all = ["cat", "-s", testdata("casync-zstd.castr"), ...args, testdata("casync-blob.caibx")];
      deepStrictEqual((await runCli(all)).stdoutBytes, (await run(peers.desync, all)).stdoutBytes);
    }
  },
});

Deno.test("cat fetches only the chunks it needs, each once while it is in memory, and fills the cache", async () => {
  using dir = tempDir();
  const noise = new Random(1);
  const pieces = Array.from({ length: 10 }, () => noise.bytes(1000));
  const made = makeBlob(dir, [...pieces.slice(0, 5), pieces[4], pieces[4], ...pieces.slice(5)]);
  await using server = await startFaultyServer(
    {},
    (request) => ({ body: Deno.readFileSync(made.store + request.path) }),
  );
  const args = ["cat", "-s", server.url, "-c", dir.path("cache"), "-o", "4999", "-l", "2002", made.index];
  const result = await runCli(args);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  deepStrictEqual(result.stdoutBytes, Uint8Array.from(made.bytes.subarray(4999, 7001)));
  const asked = () => server.requests.map((request) => request.path.slice(6, 70)).sort();
  deepStrictEqual(asked(), [made.ids[4], made.ids[7]].sort());
  deepStrictEqual((await runCli(args)).stdoutBytes, result.stdoutBytes);
  strictEqual(server.requests.length, 2, "the cache has them now");
});

Deno.test({
  name: "cat writes to a named pipe and to a device",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const fifo = dir.path("fifo");
    await run("mkfifo", [fifo]);
    const [result, read] = await Promise.all([
      runCli(["cat", "-s", made.store, made.index, fifo]),
      Deno.readFile(fifo),
    ]);
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
    deepStrictEqual(read, made.bytes);
    strictEqual((await runCli(["cat", "-s", made.store, made.index, "/dev/null"])).code, 0);
  },
});

Deno.test({
  name: "cat ends quietly when its reader closes the pipe",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(3);
    const made = makeBlob(dir, Array.from({ length: 50 }, () => noise.bytes(60_000)));
    const cat = ["sh", program, ...before, "cat", "-s", made.store, made.index];
    const status = dir.path("status");
    const script = `{ "$@"; echo $? > ${status}; } | head -c 10`;
    const result = await runAny("/bin/sh", ["-c", script, ...cat]);
    deepStrictEqual([result.stdoutBytes, result.stderr], [Uint8Array.from(made.bytes.subarray(0, 10)), ""]);
    strictEqual(Deno.readTextFileSync(status), "141\n");
    await run("mkfifo", [dir.path("fifo")]);
    const [named] = await Promise.all([
      runCli(["cat", "-s", made.store, made.index, dir.path("fifo")]),
      run("head", ["-c", "10", dir.path("fifo")]),
    ]);
    deepStrictEqual([named.code, named.stderr], [141, ""]);
  },
});

Deno.test({
  name: "Ctrl-C ends cat while its output is not read",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(3);
    const made = makeBlob(dir, Array.from({ length: 50 }, () => noise.bytes(60_000)));
    await using server = await startFaultyServer(
      {},
      (request) => ({ body: Deno.readFileSync(made.store + request.path) }),
    );
    await run("mkfifo", [dir.path("fifo")]);
    const args = [...before, "cat", "-s", server.url, made.index];
    for (const target of [[], [dir.path("fifo")]]) {
      const seen = server.requests.length;
      const child = new Deno.Command(program, {
        args: [...args, ...target],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      await untilListening(child, "SIGINT");
      // Standard output is begun with when the first chunks are there; a pipe without a reader is waited for before.
      if (target.length === 0) {
        while (server.requests.length < seen + 4) await new Promise((r) => setTimeout(r, 5));
      }
      await new Promise((resolve) => setTimeout(resolve, 700)); // now it is waiting
      child.kill("SIGINT");
      const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
      strictEqual(code, 130);
      match(stderr, /desync: Interrupted(?: \(nothing is kept: .*\))?\n$/);
      await child.stdout.cancel();
    }
  },
});

Deno.test("cat writes no byte of an invalid chunk", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  Deno.writeFileSync(made.chunk(1), stored(new Uint8Array(31_000).fill(1), "zstd"));
  const result = await runCli(["cat", "-s", made.store, made.index]);
  strictEqual(result.code, 1);
  deepStrictEqual(result.stdoutBytes, Uint8Array.from(made.bytes.subarray(0, 20_000)));
  match(result.stderr, new RegExp(`^desync: Chunk ${made.ids[1]} in .* is invalid: [^\n]*\n$`));
  Deno.removeSync(made.chunk(1));
  const missing = await runCli(["cat", "-s", made.store, made.index]);
  deepStrictEqual([missing.code, missing.stdoutBytes.length], [1, 20_000]);
  ok(missing.stderr.includes(made.ids[1]));
  const after = await runCli(["cat", "-s", made.store, "-o", "60000", made.index]);
  deepStrictEqual([after.code, after.stdoutBytes.length], [0, 20_000], "a part without it can be had");
});

Deno.test("cat with wrong arguments", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const cat = (...args: string[]) => runCli(["cat", "-s", made.store, made.index, ...args]);
  assertFails(await cat("-o", "80001"), 2, "80001", "80000 bytes");
  assertFails(await cat("-l", "80001"), 2, "80001", "80000 bytes");
  assertFails(await cat("-o", "80000", "-l", "1"), 2, "80001", "80000 bytes");
  assertFails(await cat("-o", "-1"), 2, "-o");
  assertFails(await cat("-o", "1x"), 2, "1x");
  assertFails(await cat("-l", "9007199254740993"), 2, "-l");
  assertFails(await cat(dir.root), 2, dir.root, "it is a directory");
  assertFails(await cat(dir.path("none", "x").replace("/none/", "/no/no/")), 1, "there is no directory");
  assertFails(await runCli(["cat", made.index]), 2, "--store", "at least one store");
  assertFails(await runCli(["cat", "-s", made.store, dir.path("nothing")]), 1, "no such file");
});

Deno.test({
  name: "cat to a disk that becomes full",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const out = dir.dir("out");
    await using _small = await mountTmpfs(out, "48k");
    const result = await runCli(["cat", "-s", made.store, made.index, `${out}/file`]);
    assertFails(result, 1, `${out}/file`, "no space left on the device");
    deepStrictEqual(filesIn(out), []);
  },
});

Deno.test("cat uses a cache as extract does: fills and renews it, repairs it with --cache-repair", async () => {
  using dir = tempDir();
  const [index, cache] = [testdata("casync-small.caibx"), dir.path("cache")];
  const cat = (...more: string[]) => runCli(["cat", "-c", cache, ...more, index]);
  strictEqual((await cat("-s", testdata("desync-uncompressed.castr"))).code, 0);
  const names = filesIn(cache);
  const old = new Date("2020-01-01");
  for (const name of names) Deno.utimeSync(`${cache}/${name}`, old, old);
  strictEqual((await cat()).code, 0);
  for (const name of names) ok(Number(Deno.statSync(`${cache}/${name}`).mtime) > Number(old), name);

  const [first] = names;
  Deno.writeTextFileSync(`${cache}/${first}`, "not the chunk");
  const refused = await cat("-s", testdata("casync-zstd.castr"));
  assertFails(refused, 1, /in the cache .* is invalid: .*--cache-repair/);
  const repaired = await cat("--cache-repair", "-s", testdata("casync-zstd.castr"));
  strictEqual(repaired.code, 0, repaired.stderr);
  strictEqual((await cat()).code, 0, "the invalid one is gone although the right one came in another form");
});
