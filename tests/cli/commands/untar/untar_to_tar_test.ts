import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readTarTree } from "../../../../src/deno/tree/tar_source.ts";
import { readArchive } from "../../../../src/archive/read_archive.ts";
import {
  device,
  directory,
  element,
  entry,
  fifo,
  file,
  named,
  symlink,
  types,
} from "../../../support/data/archive_bytes.ts";
import { EventLog, type SeenNode } from "../../../support/data/archive_events.ts";
import { runCli } from "../../../support/cli.ts";
import { exists } from "../../../support/exists.ts";
import { assertFails } from "../../../support/failure.ts";
import { gnuTar, tar } from "../../../support/data/gnu_tar.ts";
import { peers } from "../../../support/peers.ts";
import { run } from "../../../support/process.ts";
import { type TempDir, tempDir } from "../../../support/temp.ts";
import { testdata } from "../../../support/testdata.ts";

const root = Deno.build.os === "linux" && Deno.uid() === 0;
const toTar = ["untar", "--output-format=gnu-tar"];

/** What GNU tar makes of our tar of an archive. */
async function throughTar(dir: TempDir, archive: string, name: string): Promise<string> {
  const [made, target] = [dir.path(`${name}.tar`), dir.dir(`${name}.unpacked`)];
  const result = await runCli([...toTar, archive, made]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  await tar(["--acls", "--xattrs", "--xattrs-include=*", "--same-owner", "-xpf", made, "-C", target]);
  return target;
}

for (const name of ["tree.catar", "nodes.catar"]) {
  Deno.test({
    name: `GNU tar unpacks ${name} from our tar to what casync describes`,
    ignore: !peers.casync || !gnuTar || !root,
    fn: async () => {
      using dir = tempDir();
      const target = await throughTar(dir, testdata(name), "t");
      const made = dir.path("made.catar");
      await run(peers.casync, ["make", ...(name === "tree.catar" ? ["--with=unix"] : []), made, target]);
      deepStrictEqual(Deno.readFileSync(made), Deno.readFileSync(testdata(name)));
    },
  });
}

Deno.test({
  name: "GNU tar restores access lists, capabilities, attributes and times from our tar",
  ignore: !peers.casync || !gnuTar || !root,
  fn: async () => {
    using dir = tempDir();
    const u64 = (...values: bigint[]) => new Uint8Array(BigUint64Array.from(values).buffer);
    const nul = Uint8Array.of(0);
    const text = new TextEncoder();
    const acl = [
      element(types.aclUser, u64(12345n, 7n)),
      element(types.aclUser, u64(1n, 4n), text.encode("daemon\0")),
      element(types.aclGroup, u64(7n, 6n)),
      element(types.aclGroupObj, u64(4n)),
    ];
    const source = directory([
      ["acl", file("x", { mode: 0o670 }, ...acl)],
      [
        "caps",
        file(
          "x",
          { mode: 0o755, uid: 5 },
          element(types.fcaps, Uint8Array.of(1, 0, 0, 2, 0, 32, ...Array(14).fill(0))),
        ),
      ],
      ["old", file("x", { mtime: -1_500_000_000n })],
      ["xattr", file("x", {}, element(types.xattr, text.encode("user.a"), nul, text.encode("\0b\n=")))],
    ], {
      more: [
        element(types.aclDefault, u64(7n, 5n, 0n, 7n)),
        element(types.aclDefaultUser, u64(1n, 6n), text.encode("daemon\0")),
      ],
    });
    const tree = dir.path("tree");
    const unpacked = await runCli(["untar", dir.write("source.catar", source), tree]);
    if (unpacked.stderr.includes("access lists")) return; // this file system has none
    deepStrictEqual([unpacked.code, unpacked.stderr], [0, ""]);
    const [packed, again] = [dir.path("packed.catar"), dir.path("again.catar")];
    await run(peers.casync, ["make", packed, tree]);
    await run(peers.casync, ["make", again, await throughTar(dir, packed, "t")]);
    deepStrictEqual(Deno.readFileSync(again), Deno.readFileSync(packed));
  },
});

async function seen(read: (onEvent: EventLog["onEvent"]) => Promise<unknown>): Promise<SeenNode[]> {
  const log = new EventLog();
  await read(log.onEvent);
  return log.all.map((node) => ({ ...node, flags: 0n }));
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

Deno.test("what does not fit into a header: read back as it was", async () => {
  using dir = tempDir();
  const long = "n".repeat(255);
  const archive = directory([
    [
      "100",
      directory([["x".repeat(96), file("99 bytes")], ["y".repeat(97), file("100")], [
        "z".repeat(98),
        file("101"),
      ]]),
    ],
    ["big", device("char", 4095, 0xfffff, { mtime: 2n ** 62n })],
    ["id", file("", { uid: 4_000_000_000, gid: 3_000_000, mtime: -1n })],
    ["link", symlink("t".repeat(4095))],
    [
      "names",
      file("x".repeat(512), {}, named(types.user, "u".repeat(31)), named(types.group, "g".repeat(200))),
    ],
    [long, directory([[long, directory([[long, file("deep", { mode: 0o7777 })]])]])],
    ["p", fifo({ mtime: 0n })],
    [Uint8Array.of(0xff, 0x0a), file("x".repeat(513))],
  ]);
  const result = await runCli([...toTar, dir.write("a.catar", archive), "-"]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  const expected = await seen((onEvent) => readArchive(whole(archive), onEvent));
  const back = await seen((onEvent) => readTarTree(whole(result.stdoutBytes), onEvent));
  deepStrictEqual(back, expected);
  strictEqual(result.stdoutBytes.length % 10240, 0);
  if (!gnuTar) return;
  const listed = await tar(["--quoting-style=literal", "--numeric-owner", "-tf", "-"], {
    stdin: result.stdoutBytes,
  });
  strictEqual(listed.stdout.split("\n")[1], "100/");
  ok(listed.stdout.includes(`${long}/${long}/${long}\n`));
});

Deno.test({
  name: "GNU tar lists our tar as it lists desync's",
  ignore: !peers.desync || !gnuTar,
  fn: async () => {
    using dir = tempDir();
    const [ours, theirs] = [dir.path("ours.tar"), dir.path("theirs.tar")];
    strictEqual((await runCli([...toTar, testdata("desync-tree.catar"), ours])).code, 0);
    await run(peers.desync, [...toTar, testdata("desync-tree.catar"), theirs]);
    const listing = async (path: string) =>
      (await tar(["--numeric-owner", "-tvf", path])).stdout.replaceAll(/\/$/gm, "");
    strictEqual(await listing(ours), await listing(theirs));
  },
});

Deno.test("a tar of an index, of standard input, to a file that is there", async () => {
  using dir = tempDir();
  const first = dir.write("first.tar", "old");
  Deno.chmodSync(first, 0o640);
  strictEqual((await runCli([...toTar, testdata("tree.catar"), first])).code, 0);
  if (Deno.build.os !== "windows") strictEqual((Deno.statSync(first).mode ?? 0) & 0o777, 0o640);
  const second = dir.path("second.tar");
  const index = await runCli([...toTar, "-i", "-s", testdata("tree.castr"), testdata("tree.caidx"), second]);
  deepStrictEqual([index.code, index.stderr], [0, ""]);
  deepStrictEqual(Deno.readFileSync(second), Deno.readFileSync(first));
  const third = await runCli([...toTar, "-", "-"], { stdin: Deno.readFileSync(testdata("tree.catar")) });
  deepStrictEqual(third.stdoutBytes, Deno.readFileSync(first));
});

Deno.test("what a tar cannot hold is reported, with status 3", async () => {
  using dir = tempDir();
  const archive = dir.write(
    "a.catar",
    directory([
      ["a", file("x", { flags: 0x10000n })],
      ["d", directory([["s", entry(0o140000, 0o755)]])],
      ["s", entry(0o140000, 0o755)],
      ["z", file("y")],
    ]),
  );
  const result = await runCli([...toTar, archive, dir.path("t.tar")]);
  strictEqual(result.code, 3);
  const lines = result.stderr.trimEnd().split("\n");
  deepStrictEqual(lines, [
    "desync: not in the tar: chattr flags (a: a tar has none)",
    "desync: not in the tar: sockets (2 files, the first is d/s: a tar has none)",
  ]);
  const nodes = await seen((onEvent) => readTarTree(dir.path("t.tar"), onEvent));
  deepStrictEqual(nodes.map(({ path }) => path), ["", "/a", "/d", "/z"]);
});

Deno.test("an archive of one file becomes a tar of one file", async () => {
  using dir = tempDir();
  const result = await runCli([...toTar, dir.write("some name.catar", file("text", { mtime: 0n })), "-"]);
  strictEqual(result.code, 0);
  strictEqual(new TextDecoder().decode(result.stdoutBytes.subarray(0, 10)), "some name\0");
  const other = await runCli([...toTar, "-", "-"], { stdin: file("text", { mtime: 0n }) });
  strictEqual(new TextDecoder().decode(other.stdoutBytes.subarray(0, 5)), "data\0");
});

Deno.test("a tar is written atomically", async () => {
  using dir = tempDir();
  const target = dir.write("t.tar", "old");
  const cut = dir.write("cut.catar", Deno.readFileSync(testdata("tree.catar")).subarray(0, 50_000));
  assertFails(await runCli([...toTar, cut, target]), 1, cut, "ends after 50000 bytes");
  strictEqual(Deno.readTextFileSync(target), "old");
  deepStrictEqual([...Deno.readDirSync(dir.root)].map(({ name }) => name).sort(), ["cut.catar", "t.tar"]);
  assertFails(await runCli([...toTar, testdata("tree.catar"), dir.dir("folder")]), 2, "it is a directory");
  assertFails(await runCli([...toTar, testdata("tree.catar"), `${dir.root}/none/t.tar`]), 1, "no directory");
  assertFails(await runCli([...toTar, "--no-time", testdata("tree.catar"), target]), 2, "--no-time");
  assertFails(
    await runCli(["untar", "--output-format=zip", testdata("tree.catar"), target]),
    2,
    "disk, gnu-tar",
  );
  ok(!exists(dir.path("none")));
});

Deno.test({
  name: "a full disk is an error, a reader that closes early is not",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const full = await runCli([...toTar, testdata("tree.catar"), "/dev/full"]);
    strictEqual(full.code, 1);
    match(full.stderr, /Cannot write \/dev\/full: no space left/);
  },
});

Deno.test("options for unpacking to disk that desync takes with a tar change nothing", async () => {
  const archive = testdata("tree.catar");
  const plain = await runCli([...toTar, archive, "-"]);
  for (
    const options of [["--no-same-owner"], ["--no-same-permissions"], [
      "--no-same-owner",
      "--no-same-permissions",
    ]]
  ) {
    const { code, stderr, stdoutBytes } = await runCli([...toTar, ...options, archive, "-"]);
    deepStrictEqual([code, stderr], [0, ""], options.join());
    deepStrictEqual(stdoutBytes, plain.stdoutBytes);
  }
});
