/** What the target has and the archive has not is removed at the end, and nothing else ever is. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { nativeTree } from "../../../../src/deno/tree/native_tree.ts";
import { portableTree } from "../../../../src/deno/tree/portable_tree.ts";
import { ArchiveNames } from "../../../../src/deno/tree/update/extraneous.ts";
import { untarBy, type UntarByOptions } from "../../../../src/deno/untar.ts";
import { bytesOf, directory, file, symlink } from "../../../support/data/archive_bytes.ts";
import { cliCommand } from "../../../support/cli_command.ts";
import { exists } from "../../../support/exists.ts";
import { filesIn } from "../../../support/files.ts";
import { canMountPrivately, runAmongMounts } from "../../../support/system/mounts.ts";
import { type TempDir, tempDir } from "../../../support/temp.ts";

const unix = Deno.build.os !== "windows";
const owned = unix ? { uid: Deno.uid()!, gid: Deno.gid()! } : {};
const systems = [["native", nativeTree()], ["portable", portableTree()]] as const;
const fields = { ...owned, mtime: 1_700_000_000_000_000_000n };
const archive = directory([
  ["dir", directory([["file", file("file", fields)], ["sub", directory([], fields)]], fields)],
  ["file", file("file", fields)],
  ["link", symlink("dir", fields)],
], fields);
const ALL = ["dir/file", "file", "link"];

/** What the archive has, and more of every kind; `outside` has what symlinks lead to. */
function makeTarget(dir: TempDir): string {
  for (const name of ["a", "dir/.hidden", "dir/file", "dir/sub/deep/er/x", "old/b/c", "zz"]) {
    dir.write(`target/${name}`, "old");
  }
  dir.write("outside/precious", "precious");
  for (const name of ["to-outside", "dir/to-outside", "old/to-outside"]) {
    Deno.symlinkSync(dir.path("outside"), dir.path(`target/${name}`));
  }
  return dir.path("target");
}

async function unpack(
  bytes: AsyncIterable<Uint8Array> | Uint8Array,
  target: string,
  options: UntarByOptions,
) {
  const pieces = bytes instanceof Uint8Array ? new Blob([new Uint8Array(bytes)]).stream() : bytes;
  const deleted: string[] = [];
  const onDelete = (path: string) => deleted.push(path.slice(target.length + 1));
  const result = await untarBy(pieces, target, { deleteOthers: true, onDelete, ...options });
  return { deleted: deleted.sort(), notDeleted: result.notDeleted };
}

for (const [way, system] of systems) {
  const options = { system: system! };
  Deno.test({
    name: `delete (${way}): all that the archive has not goes, symlinks without what they lead to`,
    ignore: system === null || !unix,
    fn: async () => {
      using dir = tempDir();
      const target = makeTarget(dir);
      Deno.chmodSync(`${target}/old/b`, 0o500);
      const { deleted, notDeleted } = await unpack(archive, target, options);
      deepStrictEqual(notDeleted, []);
      deepStrictEqual(deleted, [
        "a",
        "dir/.hidden",
        "dir/sub/deep",
        "dir/to-outside",
        "old",
        "to-outside",
        "zz",
      ]);
      deepStrictEqual(filesIn(target), ALL);
      deepStrictEqual(filesIn(dir.path("outside")), ["precious"]);
      for (const name of ["", "dir", "dir/sub"]) {
        strictEqual(Deno.statSync(`${target}/${name}`).mtime?.getTime(), 1_700_000_000_000, name);
      }
      deepStrictEqual((await unpack(archive, target, options)).deleted, []);
    },
  });

  Deno.test({
    name: `delete (${way}): a read-only directory is emptied, and stays read-only`,
    ignore: system === null || !unix,
    fn: async () => {
      using dir = tempDir();
      const tree = directory(
        [["dir", directory([["x", file("x", fields)]], { ...fields, mode: 0o555 })]],
        fields,
      );
      const target = dir.path("target");
      dir.write("target/dir/old", "old");
      deepStrictEqual((await unpack(tree, target, options)).deleted, ["dir/old"]);
      strictEqual(Deno.statSync(`${target}/dir`).mode! & 0o777, 0o555);
    },
  });

  Deno.test({
    name: `delete (${way}): nothing goes unless the whole archive was read`,
    ignore: system === null || !unix,
    fn: async () => {
      using dir = tempDir();
      const target = makeTarget(dir);
      const names = filesIn(target);
      const wrong = archive.slice();
      wrong[wrong.length - 30] ^= 1;
      for (const bytes of [archive.subarray(0, archive.length - 1), wrong, archive.subarray(0, 200)]) {
        await rejects(unpack(bytes, target, options), { code: "invalid-archive" });
      }
      async function* failing() {
        yield await Promise.resolve(archive.subarray(0, archive.length - 1));
        throw new Error("the store failed");
      }
      await rejects(unpack(failing(), target, options), /the store failed/);
      const signal = AbortSignal.abort();
      await rejects(unpack(archive, target, { ...options, signal }), { code: "interrupted" });
      deepStrictEqual(names.filter((name) => !exists(`${target}/${name}`)), []);
    },
  });

  Deno.test({
    name: `delete (${way}): a directory that is swapped meanwhile loses nothing`,
    ignore: system === null || !unix,
    fn: async () => {
      using dir = tempDir();
      const target = makeTarget(dir);
      dir.write("outside/.hidden", "precious");
      dir.write("outside/to-outside", "precious");
      async function* swapping() {
        yield archive.subarray(0, archive.length - 10);
        Deno.renameSync(`${target}/dir`, dir.path("moved"));
        Deno.symlinkSync(dir.path("outside"), `${target}/dir`);
        yield await Promise.resolve(archive.subarray(archive.length - 10));
      }
      const { notDeleted } = await unpack(swapping(), target, options);
      deepStrictEqual(notDeleted.map(({ count }) => count), [3]);
      deepStrictEqual(filesIn(dir.path("outside")), [".hidden", "precious", "to-outside"]);
      async function* replacing() {
        yield archive.subarray(0, archive.length - 10);
        Deno.renameSync(`${target}/dir`, dir.path("moved-too"));
        dir.write("target/dir/.hidden", "precious");
        yield await Promise.resolve(archive.subarray(archive.length - 10));
      }
      Deno.removeSync(`${target}/dir`);
      dir.write("target/dir/.hidden", "old");
      const again = await unpack(replacing(), target, options);
      deepStrictEqual(again.notDeleted.map(({ reason }) => reason), ["the directory was replaced meanwhile"]);
      strictEqual(Deno.readTextFileSync(`${target}/dir/.hidden`), "precious");
    },
  });

  Deno.test({
    name: `delete (${way}): with paths, the target keeps all but what is in them`,
    ignore: system === null || !unix,
    fn: async () => {
      using dir = tempDir();
      const target = makeTarget(dir);
      const { deleted } = await unpack(archive, target, { ...options, paths: ["dir"] });
      deepStrictEqual(deleted, ["dir/.hidden", "dir/sub/deep", "dir/to-outside"]);
      ok(exists(`${target}/old/b/c`) && exists(`${target}/a`));
    },
  });
}

Deno.test("delete: what another run is unpacking stays", async () => {
  using dir = tempDir();
  const temporary = `.tmp-untar-${crypto.randomUUID()}`;
  dir.write(`target/${temporary}`, "half of a file");
  await unpack(archive, dir.path("target"), { sameOwner: false });
  ok(exists(dir.path("target", temporary)));
});

Deno.test("delete: a name that is another to the file system alone is not extraneous", () => {
  const names = new ArchiveNames();
  for (const name of ["README", "A", "caf\u00e9"]) names.add(bytesOf(name));
  const missing = (...listed: string[]) =>
    names.missing(listed.map(bytesOf)).map((name) => new TextDecoder().decode(name));
  // The listing has only the name under which the file was there before.
  deepStrictEqual(missing("readme", "A", "cafe\u0301"), []);
  // Both are there: the file system tells them apart.
  deepStrictEqual(missing("readme", "README", "a", "A", "caf\u00e9", "cafe\u0301"), [
    "readme",
    "a",
    "cafe\u0301",
  ]);
  deepStrictEqual(missing("other"), ["other"]);
});

Deno.test({
  name: "delete: what is mounted is kept with all that is in it, and reported",
  ignore: !canMountPrivately,
  fn: async () => {
    using dir = tempDir();
    const target = makeTarget(dir);
    dir.write("x.catar", archive);
    dir.write("other/deep/precious", "precious");
    dir.dir("target/old/b/mounted");
    dir.write("target/bound", "old");
    const [deno, , , cli] = cliCommand;
    // At a directory that the archive has, in one that it has not, and over a file.
    const script = `
      mount --bind other target/dir/sub
      mount --bind other target/old/b/mounted
      mount --bind other/deep/precious target/bound
      "$1" run -A "$2" untar --delete x.catar target 2>&1 || echo "status $?"
      ls -A target target/old target/old/b target/dir/sub; cat other/deep/precious`;
    const { stdout, code } = await runAmongMounts(`cd "$3"; ${script}`, [deno, cli, dir.root]);
    strictEqual(code, 0);
    const lines = stdout.split("\n");
    deepStrictEqual(lines.slice(0, 3), [
      "target: removed what the archive does not have: 5 entries",
      "desync: not removed: entries that the archive does not have (3 files, the first is target/dir/sub/deep: Cannot remove target/dir/sub: a file system is mounted there (unmount it first))",
      "status 3",
    ]);
    deepStrictEqual(
      lines.slice(3).join(" "),
      [
        ["target:", "bound", "dir", "file", "link", "old", ""],
        ["target/dir/sub:", "deep", ""],
        ["target/old:", "b", "to-outside", ""],
        ["target/old/b:", "c", "mounted", "precious"],
      ].flat().join(" "),
    );
    ok(target.endsWith("target"));
  },
});
