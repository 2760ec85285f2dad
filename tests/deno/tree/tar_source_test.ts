import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { libc } from "../../../src/deno/system/libc.ts";
import { readTree } from "../../../src/deno/tree/tree_reader.ts";
import { featuresOf } from "../../../src/formats/archive/features.ts";
import { EventLog, type SeenNode } from "../../support/data/archive_events.ts";
import { hasAccessLists, setAcl, setXattr } from "../../support/system/attributes.ts";
import { gnuTar, tar } from "../../support/data/gnu_tar.ts";
import { peers } from "../../support/peers.ts";
import { random } from "../../support/random.ts";
import { run } from "../../support/process.ts";
import { seen } from "../../support/data/read_tar.ts";
import { member, pax, tarOf } from "../../support/data/tar_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { bothWays, paths } from "./both_ways.ts";

// Loaded before any test, which would otherwise seem to leave it behind.
libc();

const root = Deno.build.os === "linux" && Deno.uid() === 0;

/** What a tar tells without being asked for more. */
const IN_TARS = featuresOf("32bit-uids") | featuresOf("nsec-time") | featuresOf("symlinks") |
  featuresOf("device-nodes") | featuresOf("fifos");

async function ofFolder(folder: string): Promise<SeenNode[]> {
  const log = new EventLog();
  await readTree(folder, log.onEvent, { features: IN_TARS });
  return withoutNames(log.all);
}

/** A tree with whole seconds, which every format knows. */
function makeTree(dir: TempDir): string {
  const generator = random(7);
  const tree = dir.dir("tree");
  dir.write("tree/empty", "");
  dir.write("tree/b", generator.bytes(70_001));
  dir.write("tree/a.b", "between a/ and a0 in the order of paths, not of names");
  dir.write("tree/a/inner", generator.bytes(512));
  dir.write("tree/a/two/three", "3");
  dir.write("tree/a0", "x".repeat(1024));
  dir.dir("tree/nothing in here");
  Deno.symlinkSync("a/inner", `${tree}/link`);
  Deno.chmodSync(`${tree}/a/inner`, 0o4711);
  Deno.chmodSync(`${tree}/a`, 0o1777);
  for (
    const path of [
      "",
      "/empty",
      "/b",
      "/a.b",
      "/a/inner",
      "/a/two/three",
      "/a/two",
      "/a0",
      "/nothing in here",
      "/a",
    ]
  ) {
    Deno.utimeSync(tree + path, 1_600_000_001, 1_600_000_001);
  }
  return tree;
}

/** Link's times are not to be set by Deno in whole seconds everywhere; tars of v7 and ustar keep seconds alone. */
function inSeconds(nodes: SeenNode[]): SeenNode[] {
  return nodes.map((node) => ({
    ...node,
    mtime: node.mtime! - ((node.mtime! % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n,
  }));
}

function withoutNames(nodes: SeenNode[]): SeenNode[] {
  return nodes.map(({ user: _, group: __, ...node }) => node);
}

for (const format of ["v7", "ustar", "oldgnu", "gnu", "pax"]) {
  Deno.test({
    name: `a tar by GNU tar in the format ${format} equals the directory`,
    ignore: !gnuTar,
    fn: async () => {
      using dir = tempDir();
      const tree = makeTree(dir);
      if (format !== "v7" && format !== "ustar") {
        dir.write(`tree/${"long".repeat(30)}/${"n".repeat(200)}`, "deep");
      }
      if (format === "ustar") dir.write(`tree/${"p".repeat(90)}/${"n".repeat(90)}`, "split");
      const file = dir.path("t.tar");
      await tar([`--format=${format}`, "-C", tree, "-cf", file, "."]);
      const nodes = await bothWays(dir, Deno.readFileSync(file));
      const expected = await ofFolder(tree);
      deepStrictEqual(withoutNames(inSeconds(nodes)), inSeconds(expected));
      if (format === "pax") deepStrictEqual(withoutNames(nodes), expected);
      if (root && format !== "v7") ok(nodes.every(({ user, group }) => user === "root" && group === "root"));
    },
  });
}

Deno.test({
  name: "repeated members in any order, in a tar that was appended to",
  ignore: !gnuTar,
  fn: async () => {
    using dir = tempDir();
    const tree = makeTree(dir);
    const expected = await ofFolder(tree);
    const generator = random();
    const names = paths(expected).map((path) => `.${path}`);
    for (let turn = 0; turn < 5; turn++) {
      const shuffled = names.map((name) => [generator.uint32(), name] as const).sort((a, b) => a[0] - b[0])
        .map(([, name]) => name);
      const [first, second] = [shuffled, shuffled.toReversed().slice(turn)];
      const file = dir.path(`${turn}.tar`);
      await tar(["--format=pax", "--no-recursion", "-C", tree, "-cf", file, ...first]);
      await tar(["--format=pax", "--no-recursion", "-C", tree, "-rf", file, ...second]);
      const { nodes } = await seen(file);
      deepStrictEqual(withoutNames(nodes), expected);
    }
  },
});

Deno.test({
  name: "pipes and devices",
  ignore: !gnuTar || !root,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.dir("tree");
    await run("mkfifo", [`${tree}/pipe`]);
    await run("mknod", [`${tree}/char`, "c", "5", "300"]);
    await run("mknod", [`${tree}/block`, "b", "8", "1"]);
    for (const format of ["gnu", "pax", "ustar"]) {
      const file = dir.path(`${format}.tar`);
      await tar([`--format=${format}`, "-C", tree, "-cf", file, "."]);
      deepStrictEqual(withoutNames(inSeconds((await seen(file)).nodes)), inSeconds(await ofFolder(tree)));
    }
  },
});

for (
  const [name, args] of [["old GNU", ["--format=gnu"]], ["pax 0.0", ["--sparse-version=0.0"]], ["pax 0.1", [
    "--sparse-version=0.1",
  ]], ["pax 1.0", ["--sparse-version=1.0"]]] as const
) {
  Deno.test({
    name: `sparse files in the way of ${name}`,
    ignore: !gnuTar || Deno.build.os !== "linux",
    fn: async () => {
      using dir = tempDir();
      const tree = dir.dir("tree");
      for (
        const [file, parts, size] of [
          ["few", 2, 3_000_000],
          ["many", 150, 20_000_000],
          ["hole", 0, 123_457],
          ["full", 1, 4096],
        ] as const
      ) {
        using out = Deno.openSync(`${tree}/${file}`, { write: true, create: true });
        out.truncateSync(size);
        for (let i = 0; i < parts; i++) {
          out.seekSync(Math.floor(size / parts / 4096) * 4096 * i, Deno.SeekMode.Start);
          out.writeSync(random(i).bytes(4096));
        }
      }
      const file = dir.path("t.tar");
      await tar([
        "-S",
        ...(name === "old GNU" ? [] : ["--format=pax"]),
        ...args,
        "-C",
        tree,
        "-cf",
        file,
        ".",
      ]);
      ok(Deno.statSync(file).size < 5_000_000);
      const log = inSeconds(withoutNames(await bothWays(dir, Deno.readFileSync(file))));
      deepStrictEqual(log, inSeconds(await ofFolder(tree)));
    },
  });
}

Deno.test({
  name: "hard links are files of their own",
  ignore: !gnuTar,
  fn: async () => {
    using dir = tempDir();
    const tree = makeTree(dir);
    Deno.linkSync(`${tree}/b`, `${tree}/a/b-too`);
    Deno.linkSync(`${tree}/b`, `${tree}/c`);
    const file = dir.path("t.tar");
    await tar(["--format=pax", "-C", tree, "-cf", file, "."]);
    const { nodes, hardLinks } = await seen(file);
    strictEqual(hardLinks, 2);
    deepStrictEqual(withoutNames(nodes), await ofFolder(tree));
    // What a hard link names may be replaced by then.
    const replaced = await bothWays(
      dir,
      tarOf(
        member("./", { type: "5" }),
        member("a", { content: "old" }),
        member("l", { type: "1", link: "./a" }),
        member("a", { content: "newer" }),
      ),
    );
    deepStrictEqual(replaced.map(({ path, size }) => [path, size]), [["", 0], ["/a", 5], ["/l", 3]]);
  },
});

const ways: [string, program: string | undefined, args: string[], user: string][] = [
  ["GNU tar", gnuTar, ["--acls", "--xattrs", "--xattrs-include=*"], "daemon"],
  ["GNU tar with numbers alone", gnuTar, ["--numeric-owner", "--acls", "--xattrs"], "daemon"],
  ["GNU tar as attributes", gnuTar, ["--xattrs", "--xattrs-include=*"], ""],
  ["bsdtar", peers.bsdtar, ["--format=pax", "--acls", "--xattrs"], "daemon"],
];
for (const [name, program, args, user] of ways) {
  Deno.test({
    name: `attributes, access lists and capabilities by ${name}`,
    ignore: program === undefined || !hasAccessLists,
    fn: async () => {
      using dir = tempDir();
      const tree = dir.dir("tree");
      const path = dir.write("tree/f", "x");
      const capability = Uint8Array.fromHex("0100000200200000000000000000000000000000");
      setAcl(path, "access", [[1, 6], [2, 7, 1], [4, 4], [8, 6, 12345], [16, 7], [32, 4]]);
      setAcl(tree, "default", [[1, 7], [2, 6, 1], [4, 5], [16, 7], [32, 0]]);
      setXattr(path, "security.capability", capability);
      setXattr(path, "user.a=b", "\0value\n");
      const file = dir.path("packed.tar");
      await run(program, [...args, "-C", tree, "-cf", file, "."]);
      const [folder, f] = (await seen(file)).nodes;
      deepStrictEqual(f.acl, {
        users: [{ id: 1, name: user, permissions: 7 }],
        groups: [{ id: 12345, name: "", permissions: 6 }],
        groupObj: 4,
      });
      deepStrictEqual(folder.defaultAcl, {
        owner: 7,
        groupObj: 5,
        others: 0,
        mask: 7,
        users: [{ id: 1, name: user, permissions: 6 }],
        groups: [],
      });
      deepStrictEqual(f.mode, 0o674);
      deepStrictEqual(f.fcaps, capability);
      deepStrictEqual(f.xattrs, [{ name: "user.a=b", value: new TextEncoder().encode("\0value\n") }]);
    },
  });
}

Deno.test({
  name: "a tar from a pipe with a name",
  ignore: !gnuTar || Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const tree = makeTree(dir);
    const pipe = dir.path("pipe");
    await run("mkfifo", [pipe]);
    // In this order: opening a pipe may keep everything else waiting until somebody writes.
    const written = tar(["--format=pax", "-C", tree, "-cf", pipe, "."]);
    const { nodes } = await seen(pipe);
    await written;
    deepStrictEqual(withoutNames(nodes), await ofFolder(tree));
  },
});

Deno.test("access lists with an unknown name and no number", async () => {
  using dir = tempDir();
  const acl = pax([[
    "SCHILY.acl.access",
    "user::rw-,user:nobody-of-this-name:r--,group::r--,mask::r--,other::r--",
  ]]);
  const file = dir.write("t.tar", tarOf(acl, member("a")));
  await rejects(seen(file), { code: "unsupported", message: /names the user nobody-of-this-name/ });
});
