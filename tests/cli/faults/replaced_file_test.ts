/** What becomes of a file that another replaces, and of what killed runs left beside it. */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { basename, join } from "node:path";
import { fromHex } from "../../../src/core/bytes.ts";
import { createBlobTarget } from "../../../src/deno/output/blob_target.ts";
import { TargetFile } from "../../../src/deno/output/target_file.ts";
import { WholeFile } from "../../../src/deno/output/whole_file.ts";
import { canSetAttributes, setXattr } from "../../support/system/attributes.ts";
import { runCli } from "../../support/cli.ts";
import { filesIn } from "../../support/files.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import {
  canDropOwners,
  canDropPrivileges,
  runCliUnprivileged,
  runCliWithoutOwners,
} from "../../support/system/without_privileges.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const windows = Deno.build.os === "windows";
const root = !windows && Deno.uid() === 0;

/** Command lines that replace the file at the path. */
function replacers(dir: TempDir, path: string): string[][] {
  const made = makeBlob(dir, somePieces());
  return [["extract", "-s", made.store, made.index, path], ["make", path, dir.write("input", "some text")]];
}

/** Who the file belongs to and what it permits. */
function rights(path: string): [uid: number | null, gid: number | null, mode: number] {
  const { uid, gid, mode } = Deno.statSync(path);
  return [uid, gid, (mode ?? 0) & 0o7777];
}

/** A file of somebody else, with that mode. */
function foreignFile(dir: TempDir, mode: number): string {
  const path = dir.write("out/file", "old");
  Deno.chownSync(path, FOREIGN_USER, FOREIGN_GROUP);
  Deno.chmodSync(path, mode);
  return path;
}

const FOREIGN_USER = 54321;
const FOREIGN_GROUP = 54322;

Deno.test({
  name: "a file that root replaces keeps owner, group and mode, but no setuid",
  ignore: !root,
  fn: async () => {
    using dir = tempDir();
    for (const mode of [0o640, 0o4755, 0o604, 0o444]) {
      const path = foreignFile(dir, mode);
      for (const args of replacers(dir, path)) {
        const result = await runCli(args);
        deepStrictEqual([result.code, result.stderr], [0, ""]);
        deepStrictEqual(rights(path), [FOREIGN_USER, FOREIGN_GROUP, mode & 0o777], args[0]);
        ok(Deno.statSync(path).size > 3);
      }
    }
  },
});

inTurn()({
  name: "a user who may not give files away permits no more than the old file did",
  ignore: !canDropOwners,
  fn: async () => {
    using dir = tempDir();
    // Whoever was in the old group is now anybody, and anybody may be in the new one.
    for (const [mode, less] of [[0o640, 0o600], [0o664, 0o644], [0o604, 0o600], [0o750, 0o700]]) {
      for (const args of replacers(dir, dir.path("out/file"))) {
        const path = foreignFile(dir, mode);
        const result = await runCliWithoutOwners(args, []);
        deepStrictEqual([result.code, result.stderr], [0, ""]);
        deepStrictEqual(rights(path), [0, 0, less], `${args[0]}, ${mode.toString(8)}`);
      }
    }
  },
});

Deno.test({
  name: "a user in the old file's group keeps that group",
  ignore: !canDropOwners,
  fn: async () => {
    using dir = tempDir();
    for (const args of replacers(dir, dir.path("out/file"))) {
      const path = foreignFile(dir, 0o640);
      const result = await runCliWithoutOwners(args, [FOREIGN_GROUP]);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      deepStrictEqual(rights(path), [0, FOREIGN_GROUP, 0o640], args[0]);
    }
  },
});

Deno.test({
  name: "rights that were revoked while the file was written stay revoked",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    for (const before of ["old", undefined]) {
      const path = dir.path(`file-${before}`);
      if (before !== undefined) Deno.writeTextFileSync(path, before, { mode: 0o644 });
      using file = new WholeFile(path);
      file.write(new Uint8Array(10));
      Deno.writeTextFileSync(path, "another");
      Deno.chmodSync(path, 0o600);
      await file.commit();
      deepStrictEqual([rights(path)[2], Deno.statSync(path).size], [0o600, 10]);
    }
  },
});

Deno.test({
  name: "a link in place of the temporary file gets no rights, and nothing is written through it",
  ignore: !root,
  fn: async () => {
    using dir = tempDir();
    const victim = dir.write("victim", "secret");
    Deno.chmodSync(victim, 0o600);
    const path = foreignFile(dir, 0o666);
    for (const link of [Deno.symlinkSync, Deno.linkSync]) {
      using file = new WholeFile(path);
      Deno.removeSync(file.temporary);
      link(victim, file.temporary);
      await rejects(file.commit(), { code: "io" });
      deepStrictEqual(rights(victim), [0, 0, 0o600]);
      strictEqual(Deno.readTextFileSync(path), "old");
    }
    const target = createBlobTarget(path, 6, { data: [], zeros: [] });
    Deno.removeSync(target.path);
    Deno.symlinkSync(victim, target.path);
    throws(() => new TargetFile(target.path, target));
    target.discard();
    strictEqual(Deno.readTextFileSync(victim), "secret");
  },
});

Deno.test({
  name: "the group gets nothing from the mask of an access list",
  ignore: !canSetAttributes,
  fn: async () => {
    using dir = tempDir();
    const list = "02000000" + "01000600ffffffff" + "02000600feff0000" + "04000000ffffffff" +
      "10000600ffffffff" +
      "20000000ffffffff";
    const path = dir.path("out/file");
    for (const args of replacers(dir, path)) {
      dir.write("out/file", "old");
      setXattr(path, "system.posix_acl_access", fromHex(list));
      strictEqual(rights(path)[2], 0o660);
      strictEqual((await runCli(args)).code, 0);
      strictEqual(rights(path)[2], 0o600);
    }
  },
});

Deno.test({
  name: "until it replaces another, a file is private",
  ignore: windows,
  fn: () => {
    using dir = tempDir();
    const path = dir.write("file", "old");
    Deno.chmodSync(path, 0o640);
    using file = new WholeFile(path);
    strictEqual(rights(file.temporary)[2], 0o600);
  },
});

const HOUR_MS = 60 * 60 * 1000;

/** Makes files that were last changed so long ago. */
function writeOld(folder: string, names: readonly string[], hours: number): void {
  const then = new Date(Date.now() - hours * HOUR_MS);
  for (const name of names) {
    Deno.writeTextFileSync(join(folder, name), "x");
    Deno.utimeSync(join(folder, name), then, then);
  }
}

Deno.test("stale temporary files of a file are removed when it is written again, and nothing else", async () => {
  using dir = tempDir();
  const uuid = () => crypto.randomUUID();
  for (const args of replacers(dir, dir.path("out/file"))) {
    const folder = dir.dir("out");
    for (const name of filesIn(folder)) Deno.removeSync(join(folder, name));
    const others = [
      `.tmp-desync-file-x-${uuid()}`,
      `.tmp-desync-fil-${uuid()}`,
      `.tmp-desync-file-${uuid()}-${uuid()}`,
      `.tmp-desync-file-${uuid()}.bak`,
      ".tmp-desync-file-1234",
      ".tmp-desync-file-",
      `.tmp-cacnk${uuid()}`,
      `file-${uuid()}`,
    ];
    const young = `.tmp-desync-file-${uuid()}`;
    writeOld(folder, [`.tmp-desync-file-${uuid()}`, `.tmp-desync-file-${uuid()}`, ...others], 25);
    writeOld(folder, [young], 23);
    const result = await runCli(args);
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
    deepStrictEqual(filesIn(folder), ["file", young, ...others].sort(), args[0]);
  }
});

Deno.test("long names that begin alike have temporary files of their own", () => {
  using dir = tempDir();
  const [one, other] = ["a", "b"].map((end) => dir.path("out", "x".repeat(100) + end));
  const leave = (path: string) => {
    using file = new WholeFile(path);
    return basename(file.temporary);
  };
  const left = leave(one);
  writeOld(dir.path("out"), [left], 25);
  leave(other);
  deepStrictEqual(filesIn(dir.path("out")), [left]);
  leave(one);
  deepStrictEqual(filesIn(dir.path("out")), []);
});

Deno.test({
  name: "a directory that may be written but not listed is written",
  ignore: windows || !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    for (const args of replacers(dir, dir.path("out/file"))) {
      Deno.chmodSync(dir.path("out"), 0o333);
      const result = await runCliUnprivileged(args);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      Deno.chmodSync(dir.path("out"), 0o755);
    }
  },
});
