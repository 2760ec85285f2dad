/** What works without a permission, and how what does not is reported. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { bytesOf, directory, fifo, file, symlink } from "../support/data/archive_bytes.ts";
import { assertFails } from "../support/failure.ts";
import { contentOf, filesIn } from "../support/files.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { canMount, mountTmpfs } from "../support/system/mounts.ts";
import { member, tarOf } from "../support/data/tar_bytes.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { owned, runPermitted } from "./run_permitted.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** An archive with these children. */
function writeArchive(dir: TempDir, children: Parameters<typeof directory>[0]): string {
  return dir.write("archive.catar", directory(children, owned));
}

/** All files in the directory, and no others. */
function within(dir: TempDir): string[] {
  return [`--allow-read=${dir.root}`, `--allow-write=${dir.root}`];
}

const linux = Deno.build.os === "linux";

inTurn()({
  name: "symlinks take permissions without paths, or foreign functions",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const archive = writeArchive(dir, [["link", symlink("nowhere", owned)]]);
    const here = within(dir);
    assertFails(await runPermitted(here, ["untar", archive, dir.path("a")]), 1, "a/link", "--allow-write");
    for (const permissions of [["--allow-read", "--allow-write"], [...here, "--allow-ffi"]]) {
      const target = dir.path(`b${permissions.length}`);
      const result = await runPermitted(permissions, ["untar", archive, target]);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      strictEqual(Deno.readLinkSync(join(target, "link")), "nowhere");
    }
  },
});

inTurn()({
  name: "without foreign functions, what is not unpacked is reported",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const archive = writeArchive(dir, [["file", file("text", owned)], ["pipe", fifo(owned)]]);
    const here = within(dir);
    const without = await runPermitted(here, ["untar", archive, dir.path("a")]);
    strictEqual(without.code, 3);
    match(without.stderr, /^desync: not restored: pipes \(\S*a\/pipe: .*\)\n$/);
    deepStrictEqual(contentOf(dir.path("a")), { file: bytesOf("text") });
    const withThem = await runPermitted([...here, "--allow-ffi"], ["untar", archive, dir.path("b")]);
    deepStrictEqual([withThem.code, withThem.stderr], [0, ""]);
    ok(Deno.statSync(dir.path("b/pipe")).isFifo);
  },
});

Deno.test({
  name: "without permission to read the umask, files are private",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const archive = writeArchive(dir, [["file", file("text", owned)]]);
    const here = within(dir);
    const usual = 0o666 & ~Deno.umask();
    for (
      const [target, more, mode] of [["a", [], knowsUmask() ? 0o600 : usual], [
        "b",
        ["--allow-sys"],
        usual,
      ]] as const
    ) {
      const words = ["untar", "--no-same-permissions", archive, dir.path(target)];
      const result = await runPermitted([...here, ...more], words);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      strictEqual((Deno.statSync(dir.path(target, "file")).mode ?? 0) & 0o777, mode);
    }
  },
});

Deno.test({
  name: "a umask that may not be set is an error",
  ignore: Deno.build.os === "windows" || !knowsUmask(),
  fn: async () => {
    using dir = tempDir();
    const words = ["make", "--umask", "077", dir.path("index"), dir.write("blob", "x")];
    const refused = await runPermitted(within(dir), words);
    assertFails(refused, 1, "--umask", "--allow-sys is missing");
    deepStrictEqual(filesIn(dir.root), ["blob"]);
    // What the message asks for is what Deno takes, and enough.
    const [asked] = /--allow-sys\S*/.exec(refused.stderr)!;
    const { code, stderr } = await runPermitted([...within(dir), asked], words);
    deepStrictEqual([code, stderr], [0, ""]);
    strictEqual((Deno.statSync(dir.path("index")).mode ?? 0) & 0o777, 0o600);
  },
});

/** Whether this Deno has a permission for it. */
function knowsUmask(): boolean {
  return !Deno.version.deno.startsWith("2.6.");
}

Deno.test("variables that may not be read count as unset", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const here = within(dir);
  const words = ["extract", "-s", made.store, made.index, dir.path("out")];
  const env = { DESYNC_ENABLE_PARSABLE_PROGRESS: "1" };
  const without = await runPermitted(here, words, { env });
  deepStrictEqual([without.code, without.stderr], [0, ""]);
  const withThem = await runPermitted([...here, "--allow-env"], words, { env });
  match(withThem.stderr, /100\.00%/);
});

inTurn()({
  name: "without permission, no variable is read for the directory of temporary files",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const here = [`--allow-read=${dir.root},/tmp`, `--allow-write=${dir.root},/tmp`];
    const words = ["tar", "--with=permissions", "--input-format=tar", dir.path("x.catar"), "-"];
    const options = {
      env: { TMPDIR: dir.path("none") },
      stdin: tarOf(member("a", { content: "text" })),
    };
    const without = await runPermitted(here, words, options);
    deepStrictEqual([without.code, without.stderr], [0, ""]);
    const withIt = await runPermitted([...here, "--allow-env=TMPDIR"], words, options);
    assertFails(withIt, 1, `Cannot make a temporary file in ${dir.path("none")}`);
  },
});

Deno.test({
  name: "a full disk is an error also without permission to read its free space",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using disk = await mountTmpfs(dir.dir("disk"), "16k");
    const here = within(dir);
    for (const [more, ...says] of [[[], /no space left/], [["--allow-ffi"], /disk space/]] as const) {
      const words = ["extract", "-s", made.store, made.index, join(disk.path, "new")];
      assertFails(await runPermitted([...here, ...more], words), 1, ...says);
      deepStrictEqual(contentOf(disk.path), {});
    }
  },
});
