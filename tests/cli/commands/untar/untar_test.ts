import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { directory, element, file, types } from "../../../support/data/archive_bytes.ts";
import {
  CHATTR,
  hasAccessLists,
  setAcl,
  setChattr,
  setXattr,
  xattrsOf,
} from "../../../support/system/attributes.ts";
import { runCli } from "../../../support/cli.ts";
import { cliCommand } from "../../../support/cli_command.ts";
import { exists } from "../../../support/exists.ts";
import { assertFails } from "../../../support/failure.ts";
import { startFaultyServer } from "../../../support/servers/faulty_server.ts";
import { filesIn } from "../../../support/files.ts";
import { peers } from "../../../support/peers.ts";
import { run, runAny } from "../../../support/process.ts";
import { random } from "../../../support/random.ts";
import { tempDir } from "../../../support/temp.ts";
import { testdata } from "../../../support/testdata.ts";
import { canDropPrivileges, runCliUnprivileged } from "../../../support/system/without_privileges.ts";
import { takingTurns } from "../../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** What is in a directory's files, and where its symlinks lead. */
function treeOf(folder: string): Record<string, Uint8Array | string> {
  const content = (path: string) =>
    Deno.lstatSync(path).isSymlink ? Deno.readLinkSync(path) : Deno.readFileSync(path);
  return Object.fromEntries(filesIn(folder).map((name) => [name, content(join(folder, name))]));
}

/** The capability net_raw, as the kernel keeps it. */
const NET_RAW = Uint8Array.fromHex("0100000200200000000000000000000000000000");

const root = Deno.build.os === "linux" && Deno.uid() === 0;

Deno.test("untar of a file, of standard input, of a URL and of an index is the same", async () => {
  using dir = tempDir();
  const archive = Deno.readFileSync(testdata("tree.catar"));
  await using server = await startFaultyServer({ "/tree.catar": { body: archive } });
  const ways: [string[], Uint8Array?][] = [
    [[testdata("tree.catar")]],
    [["-"], archive],
    [[`${server.url}/tree.catar`]],
    [["-i", "-s", testdata("tree.castr"), testdata("tree.caidx")]],
    [
      ["-i", "-s", testdata("tree.castr"), "-c", dir.dir("cache"), "-"],
      Deno.readFileSync(testdata("tree.caidx")),
    ],
  ];
  const owner = root ? [] : ["--no-same-owner"];
  for (const [i, [args, stdin]] of ways.entries()) {
    const result = await runCli(["untar", ...owner, ...args, dir.path(`t${i}`)], { stdin });
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""], args.join(" "));
  }
  const first = treeOf(dir.path("t0"));
  strictEqual(Object.keys(first).length > 40, true);
  for (let i = 1; i < ways.length; i++) deepStrictEqual(treeOf(dir.path(`t${i}`)), first);
});

for (const name of ["tree.catar", "nodes.catar"]) {
  Deno.test({
    name: `untar of ${name} gives what casync describes, for the directory and for the archive`,
    ignore: !peers.casync || !root,
    fn: async () => {
      using dir = tempDir();
      const target = dir.path("target");
      const result = await runCli(["untar", testdata(name), target]);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      const features = name === "tree.catar" ? ["--with=unix"] : [];
      const made = dir.path("made.catar");
      await run(peers.casync, ["make", ...features, made, target]);
      deepStrictEqual(Deno.readFileSync(made), Deno.readFileSync(testdata(name)));
    },
  });
}

Deno.test({
  name: "untar by a user restores the attributes of read-only files and directories",
  ignore: !root || !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    const given = [element(types.xattr, new TextEncoder().encode("user.k\0v"))];
    const archive = dir.write(
      "x.catar",
      directory([["a", file("x", { mode: 0o444 }, ...given)], [
        "d",
        directory([], { mode: 0o555, more: given }),
      ]]),
    );
    const { code, stderr } = await runCliUnprivileged(["untar", archive, dir.path("t")]);
    deepStrictEqual([code, stderr], [0, ""]);
    for (const name of ["a", "d"]) deepStrictEqual(xattrsOf(dir.path("t", name)), { "user.k": "76" });
  },
});

Deno.test({
  name: "untar gives what desync unpacks",
  ignore: !peers.desync || !root,
  fn: async () => {
    using dir = tempDir();
    for (const name of ["tree.catar", "desync-tree.catar"]) {
      const [ours, theirs] = [dir.path(`ours-${name}`), dir.path(`theirs-${name}`)];
      strictEqual((await runCli(["untar", testdata(name), ours])).code, 0);
      await run(peers.desync, ["untar", testdata(name), theirs]);
      // desync leaves symlinks with the time at which it made them.
      const mtree = async (path: string) =>
        (await run(peers.desync, ["mtree", path])).stdout.replaceAll(/^(.* type=link .*) time=.*$/gm, "$1");
      strictEqual(await mtree(ours), await mtree(theirs));
    }
  },
});

Deno.test({
  name: "untar restores access lists, capabilities, attributes and chattr flags as casync stores them",
  ignore: !peers.casync || !hasAccessLists,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.dir("tree");
    for (const name of ["acl", "caps", "xattr", "noatime", "plain", "setuid"]) {
      dir.write(`tree/${name}`, name);
    }
    setAcl(`${tree}/acl`, "access", [[1, 6], [2, 7, 12345], [4, 4], [8, 6, 1], [16, 7], [32, 4]]);
    setAcl(tree, "default", [[1, 7], [2, 6, 1], [4, 5], [16, 7], [32, 0]]);
    setXattr(`${tree}/caps`, "security.capability", NET_RAW);
    setXattr(`${tree}/xattr`, "user.a", "\0value\0");
    setXattr(`${tree}/xattr`, "user.empty", "");
    Deno.mkdirSync(`${tree}/folder`, { mode: 0o500 });
    Deno.chmodSync(`${tree}/setuid`, 0o6711);
    await run("mkfifo", [`${tree}/pipe`]);
    await run("mknod", ["-m", "640", `${tree}/device`, "b", "8", "300"]);
    setChattr(`${tree}/noatime`, CHATTR.noatime); // some file systems have no such flags
    await run("touch", ["-d", "2009-02-13 23:31:30.123456789Z", tree]);
    const [packed, again] = [dir.path("packed.catar"), dir.path("again.catar")];
    await run(peers.casync, ["make", packed, tree]);
    const target = dir.path("target");
    const result = await runCli(["untar", packed, target]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    await run(peers.casync, ["make", again, target]);
    deepStrictEqual(Deno.readFileSync(again), Deno.readFileSync(packed));
  },
});

Deno.test({
  name: "untar without the C library does what it can, and reports the rest once per kind",
  ignore: !root,
  fn: async () => {
    using dir = tempDir();
    const [deno, , , cli] = cliCommand;
    const args = ["run", "-A", "--deny-ffi", cli, "untar", testdata("nodes.catar"), dir.path("target")];
    const result = await runAny(deno, args);
    strictEqual(result.code, 3);
    const lines = result.stderr.trimEnd().split("\n");
    for (const line of lines) match(line, /^desync: not restored: .* \(.*: not supported .*\)$/);
    const kinds = lines.map((line) => line.replace(/.*restored: ([^(]*) \(.*/, "$1")).sort();
    deepStrictEqual(kinds, ["devices", "extended attributes", "nanoseconds of times", "pipes"]);
    strictEqual(Deno.lstatSync(dir.path("target/setuid")).uid, 12345);
    strictEqual((Deno.lstatSync(dir.path("target/setuid")).mode ?? 0) & 0o7777, 0o4755);
  },
});

Deno.test("untar options", async () => {
  using dir = tempDir();
  const archive = dir.write(
    "a.catar",
    directory([["a", file("x", { uid: 12345, mode: 0o4777, mtime: 1n })]]),
  );
  const args = ["untar", "--no-same-owner", "--no-same-permissions", "--no-time", archive, dir.path("t")];
  const result = await runCli(args);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  const { uid, mode, mtime } = Deno.statSync(dir.path("t/a"));
  deepStrictEqual([uid, (mode ?? 0) & 0o7777], [Deno.uid(), 0o666 & ~Deno.umask()]);
  strictEqual((mtime?.getTime() ?? 0) > 1_000_000_000_000, true);
});

Deno.test("untar reports what it cannot do", async () => {
  using dir = tempDir();
  const target = dir.path("target");
  assertFails(await runCli(["untar", dir.path("none"), target]), 1, "no such file");
  assertFails(await runCli(["untar", testdata("tree.caidx"), target]), 1, "it is an index", "-i");
  assertFails(await runCli(["untar", "-i", testdata("tree.caidx"), target]), 2, "-s");
  assertFails(await runCli(["untar", testdata("tree.catar")]), 2, "target");
  strictEqual(exists(target), false);
  const taken = dir.write("file", "x");
  assertFails(
    await runCli(["untar", testdata("tree.catar"), taken]),
    1,
    taken,
    "there is something else of that name",
  );
  strictEqual(Deno.readTextFileSync(taken), "x");
  const escape = dir.write("e.catar", directory([["../escaped", file("x")]]));
  assertFails(await runCli(["untar", escape, target]), 1, escape, "a name has a /");
  strictEqual(exists(dir.path("escaped")), false);
});

Deno.test({
  name: "untar makes the same holes as casync",
  ignore: !peers.casync || !root,
  fn: async () => {
    using dir = tempDir();
    const bytes = random().bytes(500_000);
    for (let at = 1000; at < bytes.length; at += 30_000) bytes.fill(0, at, at + 20_000);
    dir.write("tree/some", bytes);
    Deno.truncateSync(dir.write("tree/none", ""), 10_000_000);
    await run(peers.casync, ["make", dir.path("x.catar"), dir.path("tree")]);
    await run(peers.casync, ["extract", dir.path("x.catar"), dir.path("theirs")]);
    strictEqual((await runCli(["untar", dir.path("x.catar"), dir.path("ours")])).code, 0);
    for (const name of ["some", "none"]) {
      const [ours, theirs] = ["ours", "theirs"].map((target) =>
        Deno.statSync(dir.path(target, name)).blocks!
      );
      ok(ours <= theirs, `${name}: ${ours} blocks against ${theirs}`);
    }
  },
});

inTurn()({
  name: "untar writes again into directories that are read-only for their owner, and leaves them so",
  ignore: !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    const locked = (text: string) =>
      directory([
        ["inner", directory([["deep", directory([["file", file(text)]], { mode: 0o555 })]], { mode: 0o500 })],
        ["unlisted", directory([["file", file(text)]], { mode: 0o311 })],
        ["closed", directory([["file", file(text)]], { mode: 0 })],
      ], { mode: 0o555 });
    const target = dir.dir("target");
    Deno.chmodSync(target, 0o555);
    const directories = ["", "inner", "inner/deep", "unlisted", "closed"];
    const modes = () => directories.map((path) => (Deno.statSync(join(target, path)).mode ?? 0) & 0o777);
    const untar = (archive: Uint8Array, ...paths: string[]) =>
      runCliUnprivileged([
        "untar",
        "--no-same-owner",
        "--recursive-unlink",
        dir.write("x.catar", archive),
        target,
        ...paths,
      ]);
    try {
      for (const text of ["first", "second"]) {
        const { code, stderr } = await untar(locked(text));
        deepStrictEqual([code, stderr], [0, ""]);
        deepStrictEqual(modes(), [0o555, 0o500, 0o555, 0o311, 0]);
        if (root) strictEqual(Deno.readTextFileSync(join(target, "inner/deep/file")), text);
        if (root) strictEqual(Deno.readTextFileSync(join(target, "closed/file")), text);
      }
      // A part goes into a directory that keeps what it has.
      const part = await untar(directory([["new", file("x")]], { mode: 0o700 }), "new");
      deepStrictEqual([part.code, part.stderr], [0, ""]);
      deepStrictEqual(modes(), [0o555, 0o500, 0o555, 0o311, 0]);
      // What is not complete leaves the modes that were there.
      const cut = locked("third");
      assertFails(await untar(cut.subarray(0, cut.length - 40)), 1, "before it is complete");
      deepStrictEqual(modes(), [0o555, 0o500, 0o555, 0o311, 0]);
      // They also make way for something else.
      const replaced = await untar(directory([["inner", file("now a file")]], { mode: 0o755 }));
      deepStrictEqual([replaced.code, replaced.stderr], [0, ""]);
      strictEqual(Deno.readTextFileSync(join(target, "inner")), "now a file");
    } finally {
      await runAny("chmod", ["-R", "u+rwX", target]);
    }
  },
});
