import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { makeBlob } from "../../support/made.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const HOUR = 3_600_000;

/** A store of six chunks, 0 to 5, of 1000 bytes; `first` names 0, 1 and 2, `second` 2 and 3; 5 is plain. */
function makeStore(dir: TempDir) {
  const noise = new Random(1);
  const pieces = Array.from({ length: 6 }, () => noise.bytes(1000));
  const all = makeBlob(dir, pieces.slice(0, 5), { name: "store" });
  const plain = makeBlob(dir, pieces.slice(5), { name: "store", form: "plain" });
  const first = makeBlob(dir, [...pieces.slice(0, 3), pieces[0]], { name: "first" }).index;
  const second = makeBlob(dir, pieces.slice(2, 4), { name: "second" }).index;
  const paths = [...[0, 1, 2, 3, 4].map((i) => all.chunk(i)), plain.chunk(0)];
  return { store: all.store, ids: [...all.ids, ...plain.ids], paths, first, second };
}

/** Which of the six are there. */
const left = (paths: string[]) => paths.flatMap((path, i) => exists(path) ? [i] : []);

Deno.test("prune -y removes what no index and no list names, in either form", async () => {
  using dir = tempDir();
  const { store, ids, paths, first, second } = makeStore(dir);
  const list = dir.write("ids", `${ids[4].toUpperCase()}\n\n${"0".repeat(64)}\n`);
  const all = await runCli(["prune", "-y", "-s", store, "--keep-chunks", list, first, second]);
  deepStrictEqual([all.code, all.stdout, all.stderr], [0, "", ""]);
  deepStrictEqual(left(paths), [0, 1, 2, 3, 4]);
  strictEqual((await runCli(["prune", "--yes", "-s", store, first, second])).code, 0);
  deepStrictEqual(left(paths), [0, 1, 2, 3]);
  const stdin = Deno.readFileSync(second);
  strictEqual((await runCli(["prune", "-y", "-s", store, "-"], { stdin })).code, 0);
  deepStrictEqual(left(paths), [2, 3]);
  const other = dir.write("other", ids[3]);
  strictEqual(
    (await runCli(["prune", "-y", "-s", store, "--keep-chunks", list, "--keep-chunks", other])).code,
    0,
  );
  deepStrictEqual(left(paths), [3]);
});

Deno.test("prune keeps a chunk in every form in which it is there", async () => {
  using dir = tempDir();
  const piece = new Random(2).bytes(100);
  const zstd = makeBlob(dir, [piece], { name: "store" });
  const plain = makeBlob(dir, [piece], { name: "store", form: "plain" });
  strictEqual((await runCli(["prune", "-y", "-s", zstd.store, zstd.index])).code, 0);
  ok(exists(zstd.chunk(0)) && exists(plain.chunk(0)));
});

for (
  const [answer, removes] of [
    ["y\n", true],
    ["Y\n", true],
    ["yes\n", true],
    ["y", true],
    ["n\n", false],
    ["\n", false],
    ["", false],
    ["no, yes\n", false],
    ["yy\n", false],
    ["\ny\n", false],
  ] as const
) {
  Deno.test(`prune asks for confirmation; ${JSON.stringify(answer)} ${removes ? "removes" : "keeps everything"}`, async () => {
    using dir = tempDir();
    const { store, paths, first } = makeStore(dir);
    const { code, stdout, stderr } = await runCli(["prune", "-s", store, first], { stdin: answer });
    strictEqual(stdout, "");
    match(stderr, /reference 3 unique chunks[\s\S]*delete all other chunks from '.*store'\?\n\[y\/N\]: /);
    strictEqual(code, removes ? 0 : 1);
    strictEqual(stderr.endsWith("desync: nothing was removed\n"), !removes);
    deepStrictEqual(left(paths), removes ? [0, 1, 2] : [0, 1, 2, 3, 4, 5]);
  });
}

Deno.test({
  name: "Ctrl-C at prune's question keeps everything",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const { store, paths, first } = makeStore(dir);
    const [program, ...before] = cliCommand;
    const child = new Deno.Command(program, {
      args: [...before, "prune", "-s", store, first],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const stderr = child.stderr.getReader();
    await stderr.read(); // the question
    child.kill("SIGINT");
    strictEqual((await child.status).code, 130);
    await Promise.all([child.stdin.close().catch(() => {}), stderr.cancel()]);
    deepStrictEqual(left(paths), [0, 1, 2, 3, 4, 5]);
  },
});

Deno.test("prune --dry-run does not ask, removes nothing, and counts what it would remove", async () => {
  using dir = tempDir();
  const { store, paths, first } = makeStore(dir);
  const old = dir.write("store/abcd/.tmp-cacnkold", new Uint8Array(77));
  Deno.utimeSync(old, new Date(Date.now() - 25 * HOUR), new Date(Date.now() - 25 * HOUR));
  dir.write("store/abcd/.tmp-cacnkyoung", "1");
  const before = contentOf(store);
  const bytes = [3, 4, 5].reduce((sum, i) => sum + Deno.statSync(paths[i]).size, 0);
  for (const options of [["--dry-run"], ["--dry-run", "-y"]]) {
    const { code, stdout, stderr } = await runCli(["prune", ...options, "-s", store, first]);
    deepStrictEqual([code, stderr], [0, ""]);
    match(
      stdout,
      new RegExp(
        `^3 chunks \\(${bytes} bytes, .*\\) would be removed, 3 kept; 1 stale temporary files \\(77 bytes\\).*\n$`,
      ),
    );
    deepStrictEqual(contentOf(store), before);
  }
  strictEqual((await runCli(["prune", "-y", "-s", store, first])).code, 0);
  const { stdout } = await runCli(["prune", "--dry-run", "-s", store, first]);
  match(stdout, /^0 chunks \(0 bytes, 0 B\) would be removed, 3 kept\n$/);
});

Deno.test("prune and verify -r remove old temporary files of chunks, and leave all else alone", async () => {
  using dir = tempDir();
  const { store, ids, first } = makeStore(dir);
  const id = ids[5];
  const others = [
    "readme.txt",
    ".tmp-cacnkX",
    "abcd/.tmp-cacnkyoung",
    "abcd/.tmp-other",
    "abcd/notes.cacnk",
    `abcd/${id}`, // in a folder that is not its own
    `${id.slice(0, 4)}/${id}.cacnk.bak`,
    `${id.slice(0, 4)}/${id.slice(1)}.cacnk`,
    `${id.slice(0, 4)}/${id.toUpperCase()}.cacnk`,
    `ABCD/abcd${"0".repeat(60)}.cacnk`,
    `other/${id}.cacnk`,
    `abcd/deeper/abcd${"0".repeat(60)}.cacnk`,
    "abcde/.tmp-cacnkX",
  ];
  const longAgo = new Date(Date.now() - 25 * HOUR);
  for (const name of others) {
    const path = dir.write(`store/${name}`, "junk");
    if (!name.includes("young")) Deno.utimeSync(path, longAgo, longAgo);
  }
  const folder = dir.dir(`store/abcd/abcd${"1".repeat(60)}.cacnk`);
  const oneHour = new Date(Date.now() - HOUR);
  Deno.utimeSync(join(store, "abcd/.tmp-cacnkyoung"), oneHour, oneHour);
  for (const args of [["verify", "-r", "-s", store], ["prune", "-y", "-s", store, first]]) {
    for (const name of ["abcd/.tmp-cacnk1", `${id.slice(0, 4)}/.tmp-cacnk2`]) {
      const path = dir.write(`store/${name}`, "junk");
      Deno.utimeSync(path, longAgo, longAgo);
    }
    // verify reports the directory.
    strictEqual((await runCli(args)).code, args[0] === "verify" ? 1 : 0);
    const names = filesIn(store);
    deepStrictEqual(others.filter((name) => !names.includes(name)), [], `${args[0]} leaves these`);
    ok(!names.some((name) => /\.tmp-cacnk[12]$/.test(name)), args[0]);
  }
  strictEqual(filesIn(store).length, others.length + 3);
  const { stdout } = await runCli(["prune", "--dry-run", "-s", store, first]);
  match(stdout, /^0 chunks \(0 bytes, 0 B\) would be removed, 3 kept\n$/, "they are not counted either");
  ok(exists(folder), "a folder is no chunk");
});

Deno.test("prune removes nothing when any index or list cannot be read", async () => {
  using dir = tempDir();
  const { store, ids, paths, first } = makeStore(dir);
  const junk = dir.write("junk", "no index");
  const cut = dir.write("cut.caibx", Deno.readFileSync(first).subarray(0, 120));
  const wrong = dir.write("wrong", `${ids[4]}\n${ids[5].slice(1)}\n`);
  const none = dir.path("none");
  for (const [bad, status] of [[junk, 1], [cut, 1], [none, 1], [dir.root, 2]] as const) {
    for (const order of [[first, bad], [bad, first], [bad]]) {
      assertFails(await runCli(["prune", "-y", "-s", store, ...order]), status, bad);
    }
  }
  const lists = [[wrong, 1, "line 2"], [none, 1, "no such file"], [
    dir.root,
    2,
    "it is a directory",
  ]] as const;
  for (const [list, status, says] of lists) {
    assertFails(await runCli(["prune", "-y", "-s", store, "--keep-chunks", list, first]), status, list, says);
  }
  assertFails(
    await runCli(["prune", "-y", "-s", store, "http://127.0.0.1:1/x.caibx", first, "-e", "0"]),
    1,
    "127.0.0.1:1",
  );
  deepStrictEqual(left(paths), [0, 1, 2, 3, 4, 5]);
});

Deno.test("prune with wrong arguments", async () => {
  using dir = tempDir();
  const { store, paths, first } = makeStore(dir);
  assertFails(await runCli(["prune", "-y", first]), 2, "-s");
  assertFails(await runCli(["prune", "-y", "-s", store]), 2, "index");
  assertFails(
    await runCli(["prune", "-y", "-s", dir.path("none"), first]),
    1,
    dir.path("none"),
    "no such directory",
  );
  assertFails(await runCli(["prune", "-y", "-s", first, first]), 1, first, "not a directory");
  ok(!exists(dir.path("none")));
  deepStrictEqual(left(paths), [0, 1, 2, 3, 4, 5]);
});

Deno.test({
  name: "prune in a store that is read-only",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const { first, ids, paths } = makeStore(dir);
    const folder = dir.dir("read-only");
    await using mount = await mountTmpfs(folder, "1m");
    const [name] = filesIn(dir.path("store")).filter((file) => file.includes(ids[4]));
    Deno.mkdirSync(join(folder, ids[4].slice(0, 4)));
    Deno.copyFileSync(paths[4], join(folder, name));
    await mount.makeReadOnly();
    const result = await runCli(["prune", "-y", "-s", folder, first]);
    assertFails(result, 1, ids[4], folder, "the file system is read-only");
  },
});

Deno.test({
  name: "prune leaves what desync's prune does",
  ignore: !peers.desync,
  fn: async () => {
    using ours = tempDir();
    using theirs = tempDir();
    const [a, b] = [makeStore(ours), makeStore(theirs)];
    // desync finds plain chunks only when it is told that the store has no others.
    Deno.removeSync(a.paths[5]);
    Deno.removeSync(b.paths[5]);
    strictEqual((await runCli(["prune", "-y", "-s", a.store, a.second])).code, 0);
    await run(peers.desync, ["prune", "-y", "-s", b.store, b.second]);
    deepStrictEqual(filesIn(a.store), filesIn(b.store));
  },
});
