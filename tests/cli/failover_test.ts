/** Groups of stores on command lines, and in the file of a chunk server. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { assertFails } from "../support/failure.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { peers } from "../support/peers.ts";
import { runAny } from "../support/process.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { startDesyncServer } from "../support/servers/desync_server.ts";
import { startFaultyServer } from "../support/servers/faulty_server.ts";
import { tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const dead = "http://user:secret@127.0.0.1:1/";
const quick = ["-e", "1"];

Deno.test("commands read from the members of a group that are alive, and warn once", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using broken = await startFaultyServer({}, () => ({ status: 500 }));
  const group = `${dead}|${broken.url}/|${made.store}`;
  const result = await runCli([
    "extract",
    ...quick,
    "-s",
    group,
    "-c",
    dir.path("cache"),
    made.index,
    dir.path("x"),
  ]);
  strictEqual(result.code, 0, result.stderr);
  sameBytes(Deno.readFileSync(dir.path("x")), made.bytes);
  const warnings = result.stderr.split("\n").filter((line) => line.includes("continuing with"));
  deepStrictEqual(warnings.map((line) => line.replace(/.*continuing with/, "")), [
    ` ${made.store})`,
    ` ${made.store})`,
  ]);
  ok(!result.stderr.includes("secret"), result.stderr);
  // From the cache alone.
  const again = ["extract", ...quick, "-s", `${dead}|${broken.url}`, "-c", dir.path("cache"), made.index];
  strictEqual((await runCli([...again, dir.path("y")])).code, 0);
  const cat = await runCli(["cat", ...quick, "-s", group, made.index, dir.path("z")]);
  strictEqual(cat.code, 0, cat.stderr);
  sameBytes(Deno.readFileSync(dir.path("z")), made.bytes);
});

Deno.test("a group whose members all fail is one line with the reason of each", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using broken = await startFaultyServer({}, () => ({ status: 500 }));
  const args = ["extract", ...quick, "-s", `${dead}|${broken.url}/`, made.index, dir.path("x")];
  const result = await runCli(args);
  assertFails(result, 1, "http://127.0.0.1:1/: ", `; ${broken.url}/: HTTP status 500`);
  ok(!result.stderr.includes("secret"), result.stderr);
  const missing = await runCli([
    "extract",
    "-s",
    `${dir.path("none")}|${made.store}`,
    made.index,
    dir.path("x"),
  ]);
  assertFails(missing, 1, dir.path("none"), "no such");
});

inTurn()({
  name: "the same command lines succeed and fail with desync",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const empty = dir.dir("empty");
    const lines = [
      ["-s", `${dead}|${made.store}`],
      ["-s", `${made.store}|${dead}`],
      ["-s", `${empty}|${made.store}`],
      ["-s", `${empty}|${dead}`, "-s", made.store],
      ["-s", `${dead}|${dead}`, "-s", made.store],
      ["-s", `${made.store}|`],
      ["-s", made.store, "-c", `${empty}|${made.store}`],
      ["-s", made.store, "-c", `http://127.0.0.1:1|http://127.0.0.1:1`],
    ];
    const wrong: string[] = [];
    for (const [i, line] of lines.entries()) {
      const args = ["extract", ...quick, ...line, made.index, dir.path(`x${i}`)];
      const [theirs, ours] = [await runAny(peers.desync!, args), await runCli(args)];
      if ((theirs.code === 0) !== (ours.code === 0)) wrong.push(`${line}: ${theirs.stderr} / ${ours.stderr}`);
    }
    deepStrictEqual(wrong, []);
  },
});

inTurn()({
  name: "a chunk server has groups, by option and by its file",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const stores = [`${dead}|${made.store}`];
    const file = dir.write("stores.json", JSON.stringify({ stores }));
    for (const args of [["-s", stores[0]], ["--store-file", file]]) {
      await using server = await startDesyncServer(dir, ["chunk-server", ...quick, ...args]);
      ok(server.stderr.includes(`http://127.0.0.1:1/|${made.store}`), server.stderr);
      const result = await runCli(["extract", "-s", server.url, made.index, dir.path("x")]);
      strictEqual(result.code, 0, result.stderr);
      ok(!server.stderr.includes("secret"), server.stderr);
    }
  },
});
