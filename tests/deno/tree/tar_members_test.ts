/** Which tree the members of a tar are: its root, their paths and their order. */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { gnuTar, tar } from "../../support/data/gnu_tar.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { seen } from "../../support/data/read_tar.ts";
import { member, pax, tarOf } from "../../support/data/tar_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { bothWays, paths } from "./both_ways.ts";

Deno.test("the root of a tar", async () => {
  using dir = tempDir();
  const [d, x, f] = [
    member("d/", { type: "5", mode: "0000700" }),
    member("d/x", { content: "1" }),
    member("f"),
  ];
  const dot = member("./", { type: "5", mode: "0000711" });
  deepStrictEqual(paths(await bothWays(dir, tarOf(f, x, d, dot))), ["", "/d", "/d/x", "/f"]);
  // As desync has it: the only directory or file is the root.
  const only = await bothWays(dir, tarOf(d, x));
  deepStrictEqual(only.map(({ path, mode }) => [path, mode]), [["", 0o700], ["/x", 0o644]]);
  deepStrictEqual(paths(await bothWays(dir, tarOf(f))), [""]);
  for (const members of [[d, x, f], [x], [member("a/b/c")]]) {
    await rejects(seen(dir.write("t", tarOf(...members))), {
      code: "usage",
      message: /no member for its root.*--tar-add-root/,
    });
  }
  const added = await bothWays(dir, tarOf(x, f), { addRoot: true });
  deepStrictEqual(added.map(({ path, mode, mtime, uid }) => [path, mode, mtime, uid]).slice(0, 2), [
    ["", 0o755, 0n, 0],
    ["/d", 0o755, 0n, 0],
  ]);
  deepStrictEqual(paths(await bothWays(dir, tarOf(d, x), { addRoot: true })), ["", "/d", "/d/x"]);
  strictEqual((await bothWays(dir, tarOf(dot, f), { addRoot: true }))[0].mode, 0o711);
  deepStrictEqual(paths(await bothWays(dir, tarOf(), { addRoot: true })), [""]);
  await rejects(seen(dir.write("t", tarOf())), /no members/);
});

Deno.test({
  name: "a root that is added is desync's, but for its time",
  ignore: !peers.desync || !gnuTar,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.dir("tree");
    dir.write("tree/a", "1");
    dir.write("tree/b", "2");
    await tar(["-C", tree, "-cf", dir.path("t.tar"), "a", "b"]);
    await run(peers.desync, [
      "tar",
      "--input-format=tar",
      "--tar-add-root",
      dir.path("t.catar"),
      dir.path("t.tar"),
    ]);
    const { stdout } = await run(peers.desync, ["mtree", dir.path("t.catar")]);
    const { nodes } = await seen(dir.path("t.tar"), { addRoot: true });
    deepStrictEqual(
      stdout.trim().split("\n").slice(1).map((line) =>
        line.split(" ").slice(0, 5).map((word) => word.replace(/.*=/, ""))
      ).map(([path, , mode, uid, gid]) => [path, mode, uid, gid]),
      nodes.map((
        { path, mode, uid, gid },
      ) => [path.slice(1) || ".", mode!.toString(8).padStart(4, "0"), String(uid), String(gid)]),
    );
  },
});

Deno.test("paths are cleaned, and those that lead elsewhere refused", async () => {
  using dir = tempDir();
  const nodes = await bothWays(
    dir,
    tarOf(member("/", { type: "5" }), member("/abs"), member(".//x///y/./z"), member("...")),
  );
  deepStrictEqual(paths(nodes), ["", "/...", "/abs", "/x", "/x/y", "/x/y/z"]);
  const dot = member("./", { type: "5" });
  for (
    const [blocks, says] of [
      [[member("../x")], /leads elsewhere/],
      [[member("a/../../x")], /leads elsewhere/],
      [[member("a/..")], /leads elsewhere/],
      [[member("l", { type: "1", link: "../x" })], /leads elsewhere/],
      [[member("l", { type: "1", link: "later" }), member("later")], /not in the tar before it/],
      [[member("d", { type: "5" }), member("l", { type: "1", link: "d" })], /hard link to a directory/],
      [[member("s", { type: "2", link: "/etc" }), member("s/passwd")], /inside something/],
      [[member(".")], /is the root and no directory|no members/],
      [[pax([["path", "x".repeat(256)]]), member("x")], /name of 256 bytes/],
      [[pax([["path", "d/".repeat(100_000)]]), member("x")], /2048 directories deep/],
    ] as const
  ) {
    await rejects(
      bothWays(dir, tarOf(dot, ...blocks)),
      { code: /invalid-archive|usage/, message: says } as unknown as Error,
    ).catch((error) => {
      throw new Error(`${says}: ${error.message}`);
    });
  }
});

Deno.test("a later member takes the place of an earlier one", async () => {
  using dir = tempDir();
  const dot = member("./", { type: "5" });
  const nodes = await bothWays(
    dir,
    tarOf(
      dot,
      member("a", { content: "old" }),
      member("b/", { type: "5", mode: "0000700" }),
      member("b/in"),
      member("c/in"),
      member("a/", { type: "5" }),
      member("a/in"),
      member("b", { content: "file now" }),
      member("c/", { type: "5", mode: "0000711" }),
    ),
  );
  deepStrictEqual(nodes.map(({ path, kind, mode }) => [path, kind, mode]), [
    ["", "directory", 0o644],
    ["/a", "directory", 0o644],
    ["/a/in", "file", 0o644],
    ["/b", "file", 0o644],
    ["/c", "directory", 0o711],
    ["/c/in", "file", 0o644],
  ]);
});

Deno.test("names that are not UTF-8, in byte order", async () => {
  using dir = tempDir();
  const names = [
    Uint8Array.of(0xff),
    Uint8Array.of(0xc3, 0xbc),
    Uint8Array.of(0x61),
    Uint8Array.of(0x80, 0x2e),
  ];
  const nodes = await bothWays(dir, tarOf(...names.map((name) => member(name))), { addRoot: true });
  deepStrictEqual(paths(nodes), ["", "/a", "/\x80.", "/\xc3\xbc", "/\xff"]);
});
