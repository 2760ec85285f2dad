/** Files that are as the archive has them are left alone; all others are replaced. */

import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { readTree } from "../../../../src/deno/tree/tree_reader.ts";
import { nativeTree } from "../../../../src/deno/tree/native_tree.ts";
import { portableTree } from "../../../../src/deno/tree/portable_tree.ts";
import type { TreeSystem } from "../../../../src/deno/tree/tree_system.ts";
import { tar } from "../../../../src/deno/tar.ts";
import { untarBy, type UntarByOptions } from "../../../../src/deno/untar.ts";
import { directory, file, symlink } from "../../../support/data/archive_bytes.ts";
import { makeRichTree } from "../../../support/data/rich_tree.ts";
import { setXattr } from "../../../support/system/attributes.ts";
import { differences, treeState } from "../../../support/system/tree_state.ts";
import { Random, random } from "../../../support/random.ts";
import { tempDir } from "../../../support/temp.ts";

const owned = Deno.build.os === "windows" ? {} : { uid: Deno.uid()!, gid: Deno.gid()! };
const unix = Deno.build.os !== "windows";
const systems = [["native", nativeTree()], ["portable", portableTree()]] as const;

async function unpack(archive: Uint8Array, target: string, options: UntarByOptions): Promise<string[]> {
  const pieces = new Blob([new Uint8Array(archive)]).stream();
  return (await untarBy(pieces, target, { inPlace: true, ...options })).losses.map(({ what }) => what);
}

const inode = (path: string) => Deno.lstatSync(path).ino;
const changed = (path: string) => Deno.lstatSync(path).ctime?.getTime();

for (const [way, system] of systems) {
  Deno.test({
    name: `in place (${way}): what is the same keeps its inode and is not touched`,
    ignore: system === null || !unix,
    fn: async () => {
      using dir = tempDir();
      const big = random().bytes(3_000_000);
      // The portable calls know no nanoseconds.
      const fields = { ...owned, mtime: 1_700_000_000_000_000_000n };
      const archive = (content: Uint8Array) =>
        directory([
          ["big", file(content, fields)],
          ["dir", directory([["inner", file("inner", fields)]], fields)],
          ["empty", file("", fields)],
          ["link", symlink("dir", fields)],
          ["small", file("small", fields)],
        ], fields);
      const target = dir.path("target");
      await unpack(archive(big), target, { system: system! });
      const names = ["big", "dir/inner", "empty", "link", "small"].map((name) => `${target}/${name}`);
      const before = names.map((name) => [inode(name), changed(name)]);
      await unpack(archive(big), target, { system: system! });
      deepStrictEqual(names.map((name) => [inode(name), changed(name)]), before);
      // In the first piece, in what is still in memory, far behind, and in the last byte.
      for (const at of [0, 300_000, 2_000_000, big.length - 1]) {
        const was = inode(names[0]);
        big[at] ^= 1;
        await unpack(archive(big), target, { system: system! });
        ok(inode(names[0]) !== was, `byte ${at}`);
        deepStrictEqual(Deno.readFileSync(names[0]), big);
        deepStrictEqual(names.slice(1).map((name) => [inode(name), changed(name)]), before.slice(1));
      }
    },
  });

  Deno.test({
    name: `in place (${way}): what differs in anything is replaced, never written into`,
    ignore: system === null || !unix,
    fn: async () => {
      using dir = tempDir();
      const fields = { ...owned, mtime: 1_700_000_000_000_000_000n };
      const archive = directory([["f", file("content", fields)], ["l", symlink("to", fields)]], fields);
      const target = dir.path("target");
      const path = `${target}/f`;
      await unpack(archive, target, { system: system! });
      const changes: [string, () => void][] = [
        ["content", () => Deno.writeTextFileSync(path, "CONTENT")],
        ["size", () => Deno.writeTextFileSync(path, "contents")],
        ["mode", () => Deno.chmodSync(path, 0o600)],
        ["time", () => Deno.utimeSync(path, 1, 1_700_000_001)],
        ["kind", () => (Deno.removeSync(path), Deno.symlinkSync("l", path))],
        ["a directory", () => (Deno.removeSync(path), Deno.mkdirSync(path))],
      ];
      if (Deno.uid() === 0) changes.push(["owner", () => Deno.chownSync(path, 1, 1)]);
      for (const [what, change] of changes) {
        Deno.linkSync(path, dir.path(`old-${what}`));
        change();
        const was = inode(path);
        await unpack(archive, target, { system: system! });
        const info = Deno.lstatSync(path);
        ok(info.isFile && info.ino !== was, what);
        strictEqual(Deno.readTextFileSync(path), "content");
        deepStrictEqual([info.mode! & 0o7777, info.mtime?.getTime()], [0o644, 1_700_000_000_000]);
      }
      // What was there under another name has what was written to it.
      strictEqual(Deno.readTextFileSync(dir.path("old-content")), "CONTENT");
      Deno.removeSync(`${target}/l`);
      Deno.symlinkSync("elsewhere", `${target}/l`);
      await unpack(archive, target, { system: system! });
      strictEqual(Deno.readLinkSync(`${target}/l`), "to");
    },
  });

  Deno.test({
    name: `in place (${way}): a file that another program changes is not taken for the same`,
    ignore: system === null || !unix,
    fn: async () => {
      using dir = tempDir();
      const content = new Random(7).bytes(3_000_000);
      const fields = { ...owned, mtime: 1_700_000_000_000_000_000n };
      const archive = directory([["f", file(content, fields)]], fields);
      const target = dir.path("target");
      const path = `${target}/f`;
      // Two thirds have been compared when it happens.
      const during = async (work: () => void) => {
        await unpack(archive, target, { system: system! });
        async function* pieces() {
          yield archive.subarray(0, 2_000_000);
          work();
          yield await Promise.resolve(archive.subarray(2_000_000));
        }
        return await untarBy(pieces(), target, { inPlace: true, system: system! });
      };
      await during(() => Deno.truncateSync(path, 2_500_000));
      deepStrictEqual(Deno.readFileSync(path), content);
      await during(() => {
        Deno.writeTextFileSync(dir.path("other"), "other");
        Deno.renameSync(dir.path("other"), path);
      });
      deepStrictEqual(Deno.readFileSync(path), content);
      await during(() => {
        using open = Deno.openSync(path, { write: true });
        open.writeSync(content.subarray(0, 100).map((byte) => byte ^ 1));
      }).then(
        () => deepStrictEqual(Deno.readFileSync(path), content),
        (error) => strictEqual(error.reason, "another program is writing to it"),
      );
      const busy = during(() => {
        using open = Deno.openSync(path, { write: true });
        open.writeSync(Uint8Array.of(content[0] ^ 1));
        Deno.truncateSync(path, 2_500_000);
      });
      await rejects(busy, {
        message: `Cannot write ${path}: another program is writing to it (run this again)`,
      });
      deepStrictEqual([...Deno.readDirSync(target)].map(({ name }) => name), ["f"]);
    },
  });
}

const privileged = Deno.build.os === "linux" && Deno.uid() === 0 && nativeTree() !== null;

Deno.test({
  name:
    "in place: every kind of node and attribute is as after unpacking anew, what changed and what did not",
  ignore: !privileged,
  fn: async () => {
    using dir = tempDir();
    await makeRichTree(dir.dir("tree"));
    const archive = await new Response(tar(dir.path("tree")).readable).bytes();
    const fresh = dir.path("fresh");
    const target = dir.path("target");
    const first = await unpack(archive, fresh, { inPlace: false });
    deepStrictEqual(await unpack(archive, target, {}), first);
    const kept = new Map<string, number>();
    await readTree(target, () => {}, {});
    for (const name of ["noted", "caps", "setuid", "big", "nothing", "listed", "masked", "read-only"]) {
      kept.set(name, inode(`${target}/${name}`)!);
    }
    deepStrictEqual(await unpack(archive, target, {}), first);
    deepStrictEqual(differences(await treeState(target), await treeState(fresh)), []);
    for (const [name, was] of kept) strictEqual(inode(`${target}/${name}`), was, name);
    // One more attribute, one less, another access list.
    setXattr(`${target}/big`, "user.more", "more");
    setXattr(`${target}/noted`, "user.note", "another value");
    Deno.removeSync(`${target}/listed`);
    Deno.writeTextFileSync(`${target}/listed`, "listed");
    deepStrictEqual(await unpack(archive, target, {}), first);
    deepStrictEqual(differences(await treeState(target), await treeState(fresh)), []);
    for (const name of ["big", "noted", "listed"]) {
      notStrictEqual(inode(`${target}/${name}`), kept.get(name), name);
    }
    strictEqual(inode(`${target}/caps`), kept.get("caps"));
  },
});

Deno.test({
  name: "in place: a fault while a file is replaced leaves the old one",
  ignore: !unix,
  fn: async () => {
    using dir = tempDir();
    const fields = { ...owned, mtime: 1_700_000_000_000_000_000n };
    const target = dir.path("target");
    await unpack(directory([["f", file("old", fields)]], fields), target, {});
    const system = nativeTree() ?? portableTree();
    const full = new Proxy(system, {
      get: (on, key) => {
        if (key === "write") throw Object.assign(new Error(), { code: "ENOSPC" });
        const value = Reflect.get(on, key);
        return typeof value === "function" ? value.bind(on) : value;
      },
    }) as TreeSystem;
    await rejects(unpack(directory([["f", file("new", fields)]], fields), target, { system: full }), {
      reason: "no space left on the device",
    });
    deepStrictEqual(Array.from(Deno.readDirSync(target), ({ name }) => name), ["f"]);
    strictEqual(Deno.readTextFileSync(`${target}/f`), "old");
  },
});
