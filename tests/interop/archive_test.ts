/**
 * casync's own agreement test, for three programs: what a tree is does not depend on who packs, chunks, unpacks or
 * describes it.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { cliCommand, runCli } from "../support/cli.ts";
import { canSetAttributes } from "../support/attributes.ts";
import { canMount, mountTmpfs } from "../support/mounts.ts";
import { filesIn } from "../support/files.ts";
import { peers } from "../support/peers.ts";
import { run, runAny } from "../support/process.ts";
import { makeOddName, makeRichTree, unlockTree } from "../support/rich_tree.ts";
import { type TempDir, tempDir } from "../support/temp.ts";

const ignore = !peers.casync || !canSetAttributes;

/** Runs this program; hard links are told, and nothing else. */
async function ours(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  deepStrictEqual([code, stderr.replace(/^desync: \d+ hard links .*\n/, "")], [0, ""], args.join(" "));
  return stdout;
}

const casync = async (...args: string[]) => (await run(peers.casync, args)).stdout;
const desync = async (...args: string[]) => (await run(peers.desync, args)).stdout;

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
Deno.test({
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

Deno.test({
  name: "tar -i writes casync's index and chunks, from a folder and from standard input's archive",
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

/** How each program packs a tree and unpacks an archive. */
const packers: Record<string, (archive: string, tree: string) => Promise<unknown>> = {
  us: (archive, tree) => ours("tar", archive, tree),
  casync: (archive, tree) => casync("make", archive, tree),
};
const unpackers: Record<string, (archive: string, target: string) => Promise<unknown>> = {
  us: (archive, target) => ours("untar", archive, target),
  casync: (archive, target) => casync("extract", archive, target),
};

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
  name: "whoever packs and unpacks a tree, casync and this program say the same of it",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.dir("tree");
    await makeRichTree(tree, { oldTimes: false });
    const expected = await descriptions(tree);
    strictEqual(expected["our list"], expected["casync's list"]);
    for (const [packer, pack] of Object.entries(packers)) {
      const archive = dir.path(`${packer}.catar`);
      await pack(archive, tree);
      deepStrictEqual(await descriptions(archive), expected, `packed by ${packer}`);
      for (const [unpacker, unpack] of Object.entries(unpackers)) {
        const target = dir.path(`${packer}-${unpacker}`);
        await unpack(archive, target);
        deepStrictEqual(await descriptions(target), expected, `packed by ${packer}, unpacked by ${unpacker}`);
      }
    }
  },
});

Deno.test({
  name: "what desync keeps of a tree is the same, whoever packs and unpacks",
  ignore: ignore || !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.dir("tree");
    await makeRichTree(tree, { oldTimes: false, forDesync: true });
    // It does not leave out what the others do.
    for (const name of ["nodump", ".caexclude", "sub/.caexclude", "dumpless"]) {
      Deno.removeSync(`${tree}/${name}`, { recursive: true });
    }
    const expected = await ours("mtree", tree);
    const pack = { ...packers, desync: (archive: string, from: string) => desync("tar", archive, from) };
    const unpack = { ...unpackers, desync: (archive: string, to: string) => desync("untar", archive, to) };
    for (const [packer, packTree] of Object.entries(pack)) {
      const archive = dir.path(`${packer}.catar`);
      await packTree(archive, tree);
      strictEqual(await ours("mtree", archive), expected, `packed by ${packer}`);
      strictEqual(sorted(await desync("mtree", archive)), sorted(await desync("mtree", tree)), packer);
      for (const [unpacker, unpackArchive] of Object.entries(unpack)) {
        if (packer === "desync" && unpacker === "casync") continue; // casync refuses desync's extra NUL
        const target = dir.path(`${packer}-${unpacker}`);
        await unpackArchive(archive, target);
        const described = await ours("mtree", target);
        // desync gives symlinks no times.
        const same = unpacker === "desync" ? withoutLinks : (text: string) => text;
        strictEqual(same(described), same(expected), `packed by ${packer}, unpacked by ${unpacker}`);
      }
    }
  },
});

const sorted = (text: string) => text.split("\n").sort().join("\n");
const withoutLinks = (text: string) => text.replaceAll(/^.* type=link .*\n/gm, "");

Deno.test({
  name: "a tree of the system, chunked by one program and unpacked by the others",
  ignore: ignore || !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const tree = "/usr/share/perl5";
    const expected = await ours("mtree", tree);
    ok(expected.split("\n").length > 20, "there is something in it");
    for (const [name, index] of [["us", "ours.caidx"], ["casync", "theirs.caidx"]]) {
      const path = dir.path(index);
      if (name === "us") await ours("tar", "-i", "-s", dir.path("store"), path, tree);
      else await casync("make", `--store=${dir.path("store")}`, path, tree);
      await casync("extract", `--store=${dir.path("store")}`, path, dir.path(`casync-${name}`));
      await desync("untar", "-i", "-s", dir.path("store"), path, dir.path(`desync-${name}`));
      await ours("untar", "-i", "-s", dir.path("store"), path, dir.path(`us-${name}`));
      for (const who of ["casync", "us"]) {
        strictEqual(await ours("mtree", dir.path(`${who}-${name}`)), expected, who);
      }
      strictEqual(withoutLinks(await ours("mtree", dir.path(`desync-${name}`))), withoutLinks(expected));
    }
    deepStrictEqual(Deno.readFileSync(dir.path("ours.caidx")), Deno.readFileSync(dir.path("theirs.caidx")));
  },
});
