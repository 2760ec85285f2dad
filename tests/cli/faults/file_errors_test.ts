/** The same words for the same trouble with a file, whichever command had it and whoever told: Deno, node, libc. */

import { match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { canDropPrivileges, runCliUnprivileged } from "../../support/system/without_privileges.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** Command lines that read what is at the path. */
function readers(dir: TempDir, path: string): string[][] {
  const made = makeBlob(dir, somePieces());
  return [
    ["list-chunks", path],
    ["verify-index", path, made.index],
    ["verify-index", made.index, path],
    ["info", "--seed", path, made.index],
    ["make", dir.path("x.caibx"), path],
    ["chunk", path],
    ["list", path],
    ["mtree", path],
    ["tar", dir.path("x.catar"), path],
    ["untar", path, dir.path("tree")],
    ["cat", "-s", made.store, path],
    ["extract", "-s", made.store, path, dir.path("x")],
  ];
}

/** Command lines that write to the path. */
function writers(dir: TempDir, path: string): string[][] {
  const made = makeBlob(dir, somePieces());
  dir.write("tree/file", "text");
  return [
    ["extract", "-s", made.store, made.index, path],
    ["extract", "-k", "-s", made.store, made.index, path],
    ["cat", "-s", made.store, made.index, path],
    ["make", path, made.index],
    ["tar", path, dir.path("tree")],
    ["tar", "-i", "-s", dir.path("new"), path, dir.path("tree")],
    ["inspect-chunks", made.index, path],
  ];
}

inTurn()({
  name: "all commands report an unreadable file in the same words",
  ignore: !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    // As long as what `verify-index` expects.
    const path = dir.write("secret", new Uint8Array(80_000));
    Deno.chmodSync(path, 0);
    for (const args of readers(dir, path)) {
      const result = await runCliUnprivileged(args);
      assertFails(result, 1, path);
      match(result.stderr, /^desync: Cannot read [^:]*: permission denied\n$/, args.join(" "));
    }
  },
});

Deno.test({
  name: "all commands report symlink loops and paths below a file in the same words",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const loop = dir.path("loop");
    Deno.symlinkSync("loop", loop);
    const below = join(dir.write("file", "x"), "below");
    for (const [path, why] of [[loop, "too many symlinks to follow"], [below, "not a directory"]]) {
      for (const [what, commands] of [["read", readers], ["write", writers]] as const) {
        for (const args of commands(dir, path)) {
          const result = await runCli(args);
          assertFails(result, 1, path);
          match(result.stderr, new RegExp(`^desync: Cannot ${what} [^:]*: ${why}\n$`), args.join(" "));
        }
      }
    }
  },
});

Deno.test({
  name: "a directory in place of a file is wrong usage for all commands",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const folder = dir.dir("folder");
    // These read directories.
    const others = new Set(["list", "mtree", "tar"]);
    for (const args of readers(dir, folder).filter(([command]) => !others.has(command))) {
      assertFails(await runCli(args), 2, `${folder}: it is a directory`);
    }
    for (const args of writers(dir, folder)) {
      assertFails(await runCli(args), 2, `Cannot write ${folder}: it is a directory`);
    }
  },
});

Deno.test("all commands that write into a missing directory name it", async () => {
  using dir = tempDir();
  const none = join(dir.root, "none");
  const path = join(none, "x");
  const archive = dir.path("file.catar");
  strictEqual((await runCli(["tar", archive, dir.write("file", "text")])).code, 0);
  for (const args of [...writers(dir, path), ["untar", archive, path]]) {
    assertFails(await runCli(args), 1, `Cannot write ${path}: there is no directory ${none}`);
  }
});
