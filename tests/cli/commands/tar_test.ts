import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { canMeasureMemory, runCliMeasured } from "../../support/system/peak_memory.ts";
import { peers } from "../../support/peers.ts";
import { repository, runAny } from "../../support/process.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { amount, takingTurns } from "../../support/thorough.ts";
import { canDropPrivileges, runCliUnprivileged } from "../../support/system/without_privileges.ts";
import { someTree } from "../../support/data/some_tree.ts";

const inTurn = takingTurns(2, import.meta.url);

const owner = Deno.build.os === "linux" && Deno.uid() === 0 ? [] : ["--no-same-owner"];

Deno.test("tar and untar give the tree back, by a file, a pipe and an index", async () => {
  using dir = tempDir();
  const tree = someTree(dir);
  const store = dir.path("store");
  const archive = dir.path("x.catar");
  for (const args of [[archive, tree], ["-i", "-s", store, dir.path("x.caidx"), tree]]) {
    const { code, stdout, stderr } = await runCli(["tar", ...args]);
    deepStrictEqual([code, stdout, stderr], [0, "", ""]);
  }
  const piped = await runCli(["tar", "-", tree]);
  deepStrictEqual(piped.stdoutBytes, Deno.readFileSync(archive));
  deepStrictEqual(filesIn(dir.root).filter((name) => name.includes(".tmp")), []);
  const ways = [[archive], ["-i", "-s", store, dir.path("x.caidx")]];
  for (const [i, way] of ways.entries()) {
    const target = dir.path(`target-${i}`);
    const { code, stderr } = await runCli(["untar", ...owner, ...way, target]);
    deepStrictEqual([code, stderr], [0, ""]);
    const again = await runCli(["tar", "-", target]);
    deepStrictEqual(again.stdoutBytes, Deno.readFileSync(archive), "the same tree is the same archive");
  }
});

Deno.test("tar leaves out what --exclude names, and keeps what --include does", async () => {
  using dir = tempDir();
  for (const name of ["a.o", "keep.o", "sub/b.o", "sub/c", "top", "sub/top"]) dir.write(`tree/${name}`, name);
  const patterns = ["--exclude=*.o", "--include", "keep.o", "--exclude", "/top", "--exclude=sub/c"];
  const archive = await runCli(["tar", ...patterns, "-", dir.path("tree")]);
  const { stdout } = await runCli(["list", "-"], { stdin: archive.stdoutBytes });
  deepStrictEqual(stdout.match(/\S+$/gm), [".", "keep.o", "sub", "sub/top"]);
});

Deno.test("tar --no-time gives the same bytes whenever a file was written", async () => {
  using dir = tempDir();
  dir.write("tree/a", "text");
  const archives = [];
  for (const time of [1_000_000, 2_000_000]) {
    Deno.utimeSync(dir.path("tree/a"), time, time);
    Deno.utimeSync(dir.path("tree"), time, time);
    archives.push((await runCli(["tar", "--no-time", "-", dir.path("tree")])).stdoutBytes);
  }
  deepStrictEqual(archives[0], archives[1]);
});

Deno.test("tar reports hard links and statistics, and nothing else", async () => {
  using dir = tempDir();
  dir.write("tree/a", "text");
  Deno.linkSync(dir.path("tree/a"), dir.path("tree/b"));
  const { code, stdout, stderr } = await runCli([
    "tar",
    "--print-stats",
    dir.path("x.catar"),
    dir.path("tree"),
  ]);
  const [first, ...rest] = stderr.split("\n");
  deepStrictEqual([code, first.includes("1 hard links were stored as separate files"), rest], [0, true, [
    "",
  ]]);
  const { Nodes, HardLinks, BytesTotal } = JSON.parse(stdout);
  deepStrictEqual([Nodes, HardLinks, BytesTotal], [3, 1, Deno.statSync(dir.path("x.catar")).size]);
});

Deno.test("tar into the directory that it packs omits its own output", async () => {
  using dir = tempDir();
  const tree = someTree(dir);
  const { code, stderr } = await runCli(["tar", join(tree, "x.catar"), tree]);
  deepStrictEqual([code, stderr], [0, ""]);
  const { stdout } = await runCli(["list", join(tree, "x.catar")]);
  ok(!stdout.includes("catar") && stdout.includes("inner/big"), stdout);
});

Deno.test("tar keeps the permissions of an archive that it replaces", async () => {
  using dir = tempDir();
  const archive = dir.write("x.catar", "old");
  Deno.chmodSync(archive, 0o600);
  strictEqual((await runCli(["tar", archive, someTree(dir)])).code, 0);
  strictEqual((Deno.statSync(archive).mode ?? 0) & 0o777, 0o600);
});

Deno.test({
  name: "tar without foreign functions packs what Deno can read, and reports the rest",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    const tree = someTree(dir);
    const cli = [join(repository, "cli.ts"), "tar", dir.path("x.catar"), tree];
    const { code, stderr } = await runAny(Deno.execPath(), ["run", "-A", "--deny-ffi", ...cli]);
    strictEqual(code, 0);
    match(
      stderr,
      /^desync: not recorded: extended attributes, access lists, .* \(they need Linux and --allow-ffi\)\n$/,
    );
    await runCli(["tar", dir.path("native.catar"), tree]);
    const a = await runCli(["list", dir.path("x.catar")]);
    const b = await runCli(["list", dir.path("native.catar")]);
    strictEqual(a.stdout, b.stdout);
    const quiet = await runAny(Deno.execPath(), [
      "run",
      "-A",
      "--deny-ffi",
      cli[0],
      "tar",
      "--with=unix",
      "-",
      tree,
    ]);
    deepStrictEqual([quiet.code, quiet.stderr], [0, ""], "nothing else was asked for");
  },
});

const wrong: [
  what: string,
  args: (dir: TempDir) => string[],
  status: number,
  ...says: (string | RegExp)[],
][] = [
  [
    "a source that is not there",
    (dir) => [dir.path("x"), dir.path("none")],
    1,
    "Cannot read",
    "none: no such file",
  ],
  [
    "an output in no folder",
    (dir) => [dir.path("x") + "/y/z", someTree(dir)],
    1,
    "Cannot write",
    "there is no directory",
  ],
  [
    "an output that is a folder",
    (dir) => [dir.dir("x"), someTree(dir)],
    2,
    "Cannot write",
    "it is a directory",
  ],
  ["-i without a store", (dir) => ["-i", dir.path("x"), someTree(dir)], 2, "Missing option -s, --store"],
  [
    "a feature that is none",
    () => ["--with=everything", "x", "y"],
    2,
    '"everything" of --with: it is not one of',
    "best",
  ],
  [
    "a pattern that makes no sense",
    (dir) => ["--exclude=a//", "--exclude=..", dir.path("x"), "y"],
    2,
    "line 2",
  ],
  [
    "a yes that is none",
    (dir) => ["--exclude-nodump=maybe", dir.path("x"), "y"],
    2,
    '"maybe" of --exclude-nodump: it is not one of yes, no',
  ],
  ["--tar-add-root for a folder", (dir) => ["--tar-add-root", dir.path("x"), "y"], 2, "--input-format tar"],
  [
    "a tar that is none",
    (dir) => ["--input-format=tar", dir.path("x"), dir.write("tree/t", "text")],
    1,
    "tree/t",
    "tar",
  ],
  [
    "a store far away",
    (dir) => ["-i", "-s", "ssh://127.0.0.1/x", dir.path("x"), someTree(dir)],
    1,
    "writing to ssh:// stores is not supported",
  ],
];
for (const [what, args, status, ...says] of wrong) {
  Deno.test(`tar with ${what}`, async () => {
    using dir = tempDir();
    assertFails(await runCli(["tar", ...args(dir)]), status, ...says);
    deepStrictEqual(filesIn(dir.root).filter((name) => !name.startsWith("tree")), []);
  });
}

Deno.test({
  name: "tar of a tree with a file that may not be read names it, and leaves the old archive",
  ignore: !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    const tree = someTree(dir);
    Deno.chmodSync(join(tree, "inner/empty"), 0);
    const archive = dir.write("x.catar", "old");
    assertFails(
      await runCliUnprivileged(["tar", archive, tree]),
      1,
      `${tree}/inner/empty: permission denied`,
    );
    deepStrictEqual([Deno.readTextFileSync(archive), filesIn(dir.root).length], ["old", 5]);
  },
});

Deno.test({
  name: "tar onto a disk that becomes full leaves nothing behind",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const tree = someTree(dir);
    const out = dir.dir("out");
    await using _small = await mountTmpfs(out, "128k");
    assertFails(await runCli(["tar", join(out, "x.catar"), tree]), 1, join(out, "x.catar"), "no space left");
    deepStrictEqual(filesIn(out), []);
    const index = dir.path("x.caidx");
    assertFails(
      await runCli(["tar", "-i", "-s", join(out, "store"), index, tree]),
      1,
      "store",
      "no space left",
    );
    ok(
      !exists(index) && filesIn(out).every((name) => /^store\/[0-9a-f]{4}\/[0-9a-f]{64}\.cacnk$/.test(name)),
    );
  },
});

Deno.test({
  name: "tar that is interrupted leaves nothing behind",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    // More than is packed before the signal comes: a file of nothing takes no room.
    using file = Deno.openSync(dir.write("tree/large", ""), { write: true });
    file.truncateSync(8e9);
    for (const args of [[dir.path("out/x")], ["-i", "-s", dir.dir("store"), dir.path("out/x")]]) {
      dir.dir("out");
      const [program, ...before] = cliCommand;
      const child = new Deno.Command(program, {
        args: [...before, "tar", "--progress=json", ...args, dir.path("tree")],
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const reader = child.stderr.getReader();
      // The first line comes when it has begun.
      await reader.read();
      child.kill("SIGINT");
      while (!(await reader.read()).done);
      strictEqual((await child.status).code, 130);
      deepStrictEqual(filesIn(dir.path("out")), []);
    }
  },
});

Deno.test({
  name: "tar into a pipe that is closed early ends quietly",
  ignore: Deno.build.os === "windows" || !peers.bash,
  fn: async () => {
    using dir = tempDir();
    const script = `"$@" | head -c 10 >/dev/null; exit "\${PIPESTATUS[0]}"`;
    const result = await runAny(peers.bash!, [
      "-c",
      script,
      "bash",
      ...cliCommand,
      "tar",
      "-",
      someTree(dir),
    ]);
    deepStrictEqual([result.code, result.stderr], [141, ""]);
  },
});

inTurn()({
  name: "tar of a large file takes no more memory than of a small one",
  ignore: !canMeasureMemory,
  fn: async () => {
    using dir = tempDir();
    using file = Deno.openSync(dir.write("large/file", ""), { write: true });
    file.truncateSync(amount(300e6, 1.5e9));
    const small = await runCliMeasured(["tar", "/dev/null", someTree(dir)]);
    const large = await runCliMeasured(["tar", "/dev/null", dir.path("large")]);
    deepStrictEqual([small.code, large.code], [0, 0]);
    ok(large.peak < small.peak + 100e6, `${large.peak} against ${small.peak} bytes`);
  },
});
