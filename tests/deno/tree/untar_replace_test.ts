/** Directories of the target that are to make way for something else of the archive. */

import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { nativeTree } from "../../../src/deno/tree/native_tree.ts";
import { portableTree } from "../../../src/deno/tree/portable_tree.ts";
import { removeDirectory } from "../../../src/deno/tree/remove_directory.ts";
import { untarBy, type UntarByOptions } from "../../../src/deno/untar.ts";
import { bytesOf, directory, file, symlink } from "../../support/data/archive_bytes.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { filesIn } from "../../support/files.ts";
import { canMountPrivately, mountTmpfs, runAmongMounts } from "../../support/system/mounts.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const owned = Deno.build.os === "windows" ? {} : { uid: Deno.uid()!, gid: Deno.gid()! };
const systems = [["native", nativeTree()], ["portable", portableTree()]] as const;

async function unpack(archive: Uint8Array, target: string, options: UntarByOptions = {}): Promise<string[]> {
  const { losses } = await untarBy(new Blob([new Uint8Array(archive)]).stream(), target, options);
  return losses.map(({ what }) => what);
}

/** A target with a directory where the archive has a file. */
function makeTarget(dir: TempDir): string {
  dir.write("target/home/deep/kept", "kept");
  Deno.symlinkSync("..", dir.path("target/home/deep/up"));
  dir.dir("target/home/empty");
  return dir.path("target");
}

for (const [way, system] of systems) {
  Deno.test({
    name: `untar (${way}): a non-empty directory is replaced only with recursiveUnlink`,
    ignore: system === null || Deno.build.os === "windows",
    fn: async () => {
      for (const node of [file("new", owned), symlink("elsewhere", owned)]) {
        using dir = tempDir();
        const target = makeTarget(dir);
        Deno.chmodSync(`${target}/home`, 0o500);
        const options = { system: system!, time: false };
        const archive = directory([["home", node]], owned);
        await rejects(unpack(archive, target, options), {
          code: "io",
          message:
            `Cannot replace ${target}/home: it is a directory that is not empty (give --recursive-unlink to remove it)`,
        });
        deepStrictEqual(filesIn(target), ["home/deep/kept", "home/deep/up"]);
        strictEqual((Deno.statSync(`${target}/home`).mode ?? 0) & 0o777, 0o500);
        deepStrictEqual(await unpack(archive, target, { ...options, recursiveUnlink: true }), []);
        deepStrictEqual([...Deno.readDirSync(target)].map(({ name }) => name), ["home"]);
        ok(!Deno.lstatSync(`${target}/home`).isDirectory);
      }
    },
  });

  Deno.test({
    name: `untar (${way}): an empty directory is replaced, and a file in it replaces one of the archive`,
    ignore: system === null,
    fn: async () => {
      using dir = tempDir();
      const target = dir.dir("target");
      dir.dir("target/a");
      dir.write("target/b", "old");
      const archive = directory([["a", file("new", owned)], ["b", directory([], owned)]], owned);
      await unpack(archive, target, { system: system!, sameOwner: false });
      strictEqual(Deno.readTextFileSync(`${target}/a`), "new");
      ok(Deno.statSync(`${target}/b`).isDirectory);
      deepStrictEqual([...Deno.readDirSync(target)].length, 2);
    },
  });
}

Deno.test({
  name: "untar empties nothing that is mounted, whatever the options",
  ignore: !canMountPrivately,
  fn: async () => {
    using dir = tempDir();
    const target = makeTarget(dir);
    const archive = dir.write("x.catar", directory([["home", file("new", owned)]], owned));
    dir.write("other/precious", "precious");
    for (const name of ["tmpfs", "bind"]) dir.dir(`target/home/deep/${name}`);
    const [deno, , , cli] = cliCommand;
    // A directory of the same file system at a second place has the same device, so that only the mount tells.
    const script = `
      target=$1 archive=$2 other=$3 deno=$4 cli=$5
      untar() { "$deno" run -A "$@" 2>&1 || echo "status $?"; }
      mount --bind "$other" "$target/home/deep/bind"
      untar "$cli" untar --recursive-unlink "$archive" "$target"
      cat "$target/home/deep/kept" "$other/precious"; echo
      untar --deny-ffi "$cli" untar --recursive-unlink "$archive" "$target"
      cat "$target/home" "$other/precious"`;
    const { stdout, stderr, code } = await runAmongMounts(script, [
      target,
      archive,
      dir.path("other"),
      deno,
      cli,
    ]);
    deepStrictEqual([code, stderr], [0, ""]);
    const lines = stdout.split("\n");
    deepStrictEqual(lines.slice(0, 3), [
      `desync: Cannot remove ${target}/home/deep/bind: a file system is mounted there (unmount it first)`,
      "status 1",
      "keptprecious",
    ]);
    // Without the C library it shows when the directory is aside already; it is said where it is then.
    match(
      lines[3],
      /^desync: Cannot remove \S+\/\.tmp-untar-[-0-9a-f]+\/deep\/bind: a file system is mounted there/,
    );
    deepStrictEqual(lines.slice(4), ["status 1", "newprecious"]);
  },
});

for (const [way, system] of systems) {
  Deno.test({
    name: `removing a directory (${way}) ends at what was mounted in it meanwhile`,
    ignore: system === null || !canMountPrivately,
    fn: async () => {
      using dir = tempDir();
      const target = makeTarget(dir);
      await using _mount = await mountTmpfs(`${target}/home/empty`, "64k");
      dir.write("target/home/empty/precious", "precious");
      const parent = system!.openRoot(target);
      try {
        await rejects(
          async () => await removeDirectory(system!, parent, bytesOf("home"), `${target}/home`),
          /home\/empty: a file system is mounted there/,
        );
      } finally {
        system!.close(parent);
      }
      strictEqual(Deno.readTextFileSync(`${target}/home/empty/precious`), "precious");
    },
  });
}
