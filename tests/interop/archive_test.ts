/**
 * casync's own agreement test, with this program: what a tree is does not depend on who packs, chunks or describes it.
 * What each program unpacks of the others' archives is in archive_matrix_test.ts.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { cliCommand } from "../support/cli_command.ts";
import { canSetAttributes, setXattr, xattrsOf } from "../support/system/attributes.ts";
import { canMount, mountTmpfs } from "../support/system/mounts.ts";
import { filesIn } from "../support/files.ts";
import { peers } from "../support/peers.ts";
import { run, runAny } from "../support/process.ts";
import { makeOddName, makeRichTree, unlockTree } from "../support/data/rich_tree.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const ignore = !peers.casync || !canSetAttributes;

/** Runs this program; hard links are told, and nothing else. */
async function ours(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  deepStrictEqual([code, stderr.replace(/^desync: \d+ hard links .*\n/, "")], [0, ""], args.join(" "));
  return stdout;
}

const casync = async (...args: string[]) => (await run(peers.casync, args)).stdout;

/** What two archives of the same tree are. */
async function sameArchives(dir: TempDir, tree: string, options: string[]): Promise<void> {
  const [theirs, mine] = [dir.path("theirs.catar"), dir.path("ours.catar")];
  await casync("make", ...options, theirs, tree);
  await ours("tar", ...options, mine, tree);
  deepStrictEqual(Deno.readFileSync(mine), Deno.readFileSync(theirs), options.join(" "));
}

const choices: string[][] = [
  [],
  ["--with=unix"],
  ["--with=fat"],
  ["--with=chattr"],
  ["--with=fuse"],
  ["--with=best"],
  ["--without=acl"],
  ["--without=privileged"],
  ["--without=all"],
  ["--without=32bit-uids"],
  ["--with=usec-time", "--with=fifos"],
  ["--with=16bit-uids", "--with=2sec-time", "--with=permissions"],
  ["--with=user-names", "--with=symlinks", "--with=acl"],
  ["--with=sec-time", "--with=selinux", "--with=fcaps", "--with=xattrs"],
  ["--exclude-nodump=no"],
  ["--digest=sha256"],
];
inTurn()({
  name: "tar writes casync's archive of a tree that has everything, whatever is recorded",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.dir("tree");
    await makeRichTree(tree, { locked: true });
    await makeOddName(tree);
    try {
      for (const options of choices) await sameArchives(dir, tree, options);
    } finally {
      unlockTree(tree);
    }
  },
});

Deno.test({
  name: "attributes whose names are not UTF-8 are kept as they are, in archives and tars",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const path = dir.write("tree/file", "x");
    const names = ["user.\udcff", "user.\udcfe\udcc3", "user.\udcc3x", "user.ü"];
    for (const name of names) setXattr(path, name, name.length.toString());
    await sameArchives(dir, dir.path("tree"), []);
    await ours("untar", dir.path("theirs.catar"), dir.path("unpacked"));
    deepStrictEqual(xattrsOf(dir.path("unpacked/file")), xattrsOf(path));
    strictEqual(Object.keys(xattrsOf(path)).length, names.length);
    await ours("untar", "--output-format=gnu-tar", dir.path("theirs.catar"), dir.path("x.tar"));
    await ours("tar", "--input-format=tar", "--with=xattrs", dir.path("again.catar"), dir.path("x.tar"));
    await casync("make", "--with=xattrs", dir.path("xattrs.catar"), dir.path("tree"));
    deepStrictEqual(Deno.readFileSync(dir.path("again.catar")), Deno.readFileSync(dir.path("xattrs.catar")));
  },
});

Deno.test({
  name: "tar takes lines of .caexclude that end in CR LF or NUL as casync does",
  ignore,
  fn: async () => {
    using dir = tempDir();
    for (const name of ["a.o", "b.c", "x", "x\r", "sub/a.o", "sub/y"]) dir.write(`tree/${name}`, name);
    for (const text of ["*.o\r\nx\r\n", "\r*.o", "*.o \r", "*.o\0b.c\n", "*.o\0", "zz\0\nsub\0\0"]) {
      dir.write("tree/.caexclude", text);
      await sameArchives(dir, dir.path("tree"), []);
    }
  },
});

Deno.test({
  name: "tar -x writes casync's archive without what is mounted",
  ignore: ignore || !canMount,
  fn: async () => {
    using dir = tempDir();
    dir.dir("tree/mounted/inside");
    await using _mount = await mountTmpfs(dir.path("tree/mounted"), "64k");
    dir.write("tree/mounted/file", "x");
    const [theirs, mine] = [dir.path("theirs.catar"), dir.path("ours.catar")];
    await casync("make", "--exclude-submounts=yes", theirs, dir.path("tree"));
    await ours("tar", "-x", mine, dir.path("tree"));
    deepStrictEqual(Deno.readFileSync(mine), Deno.readFileSync(theirs));
    strictEqual(await ours("list", mine), "drwxr-xr-x .\n");
  },
});

inTurn()({
  name: "tar -i writes casync's index and chunks, from a directory and from standard input's archive",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.dir("tree");
    await makeRichTree(tree);
    const theirs = dir.path("theirs");
    await casync("make", `--store=${theirs}`, `${theirs}.caidx`, tree);
    await ours("tar", "-i", "-s", dir.path("ours"), dir.path("ours.caidx"), tree);
    deepStrictEqual(Deno.readFileSync(dir.path("ours.caidx")), Deno.readFileSync(`${theirs}.caidx`));
    deepStrictEqual(filesIn(dir.path("ours")), filesIn(theirs));
    const small = ["-m", "1:4:16", "-s", dir.path("ours"), "-", tree];
    const [program, ...before] = cliCommand;
    const { stdoutBytes } = await runAny(program, [...before, "tar", "-i", ...small]);
    await casync("make", `--store=${theirs}`, "--chunk-size=1024:4096:16384", dir.path("small.caidx"), tree);
    deepStrictEqual(stdoutBytes, Deno.readFileSync(dir.path("small.caidx")));
    const archive = await runAny(program, [...before, "tar", "-", tree]);
    await casync("make", dir.path("theirs.catar"), tree);
    deepStrictEqual(archive.stdoutBytes, Deno.readFileSync(dir.path("theirs.catar")));
  },
});

/** All that can be said of a tree or archive, by whom. */
async function descriptions(what: string): Promise<Record<string, string>> {
  return {
    "casync's digest": await casync("digest", what),
    "casync's mtree": await casync("mtree", what),
    "casync's list": await casync("list", what),
    "our list": await ours("list", what),
    "our mtree": await ours("mtree", what),
  };
}

Deno.test({
  name: "casync and this program describe a tree, its archive and the unpacked copy alike",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.dir("tree");
    await makeRichTree(tree, { oldTimes: false });
    const expected = await descriptions(tree);
    strictEqual(expected["our list"], expected["casync's list"]);
    const [archive, target] = [dir.path("tree.catar"), dir.path("target")];
    await casync("make", archive, tree);
    await ours("untar", archive, target);
    deepStrictEqual(await descriptions(archive), expected, "the archive");
    deepStrictEqual(await descriptions(target), expected, "what was unpacked");
  },
});

inTurn()({
  name: "a tree of the system: casync's index, and all of it unpacked",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const tree = "/usr/share/perl5";
    const expected = await ours("mtree", tree);
    ok(expected.split("\n").length > 20, "there is something in it");
    const [store, index] = [dir.path("store"), dir.path("ours.caidx")];
    await ours("tar", "-i", "-s", store, index, tree);
    await casync("make", `--store=${dir.path("theirs")}`, dir.path("theirs.caidx"), tree);
    deepStrictEqual(Deno.readFileSync(index), Deno.readFileSync(dir.path("theirs.caidx")));
    await ours("untar", "-i", "-s", store, index, dir.path("target"));
    strictEqual(await ours("mtree", dir.path("target")), expected);
  },
});
