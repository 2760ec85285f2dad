/**
 * What another user has put under an output's name, in a directory where everybody may: the system's own protection
 * (fs.protected_…) is not needed, and does not cover most of this.
 */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { withoutLink } from "../../../src/cli/inputs/local_path.ts";
import { createBlobTarget, openBlobInPlace } from "../../../src/deno/output/blob_target.ts";
import { partialKey } from "../../../src/deno/output/temporary_names.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { isSpecialOutput } from "../../../src/deno/output/output_checks.ts";
import { followLinks } from "../../../src/deno/output/planted.ts";
import { untar } from "../../../src/deno/untar.ts";
import { WholeFile } from "../../../src/deno/output/whole_file.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { ANOTHER_USER, canBeAnotherUser, runAsAnotherUser } from "../../support/system/without_privileges.ts";

/** The file's owner and what it permits. */
function rights(path: string): [uid: number | null, mode: number] {
  const { uid, mode } = Deno.lstatSync(path);
  return [uid, (mode ?? 0) & 0o7777];
}

/** A directory like /tmp, where another user has run these lines; the path of a name in it. */
async function sharedDirectory(dir: TempDir, lines: string): Promise<(name: string) => string> {
  Deno.chmodSync(dir.root, 0o755);
  const shared = dir.dir("shared");
  Deno.chmodSync(shared, 0o1777);
  await runAsAnotherUser(lines, shared);
  return (name) => dir.path("shared", name);
}

/** An archive that is not read. */
async function* nothing(): AsyncGenerator<Uint8Array> {}

Deno.test({
  name: "a file that another user planted is replaced, even if it equals the blob",
  ignore: !canBeAnotherUser,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const at = await sharedDirectory(
      dir,
      `umask 077; : > file; : > open; chmod 666 open`,
    );
    dir.write("shared/same", made.bytes);
    Deno.chownSync(at("same"), ANOTHER_USER, ANOTHER_USER);
    const asNew = rights(dir.write("new", ""));
    for (
      const args of [["make", at("file"), dir.write("input", "x")], [
        "extract",
        "-s",
        made.store,
        made.index,
        at("same"),
      ]]
    ) {
      const result = await runCli(args);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      deepStrictEqual(rights(args.at(args[0] === "make" ? 1 : -1)!), asNew);
    }
    sameBytes(Deno.readFileSync(at("same")), made.bytes);
    for (const name of ["open", "later"]) {
      using file = new WholeFile(at(name));
      file.write(new Uint8Array(1));
      if (name === "later") await runAsAnotherUser(": > later", dir.path("shared"));
      await file.commit();
      deepStrictEqual(rights(at(name)), asNew, name);
    }
  },
});

Deno.test({
  name: "nothing is written through another user's symlinks, or into their files and pipes",
  ignore: !canBeAnotherUser,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const victim = dir.write("victim/file", "precious");
    const at = await sharedDirectory(
      dir,
      "mkfifo -m 666 pipe; : > file; ln -s ../victim/file link; ln -s ../victim/new dangling; ln -s /dev/zero device; " +
        "ln -s ../victim directory; ln -s dangling twice",
    );
    Deno.symlinkSync("link", at("ours"));
    Deno.linkSync(victim, at("other-name"));
    const from = ["-s", made.store, made.index];
    for (
      const [command, name, says] of [
        [["cat"], "link", "it is a symlink of another user"],
        [["extract", "-k"], "link", "it is a symlink of another user"],
        [["extract"], "device", "it is a symlink of another user"],
        [["cat"], "pipe", "it is a named pipe of another user"],
      ] as const
    ) {
      assertFails(await runCli([...command, ...from, at(name)], { timeout: 30_000 }), 1, at(name), says);
    }
    const says = (words: string) => ({ code: "io", message: new RegExp(words) });
    for (const name of ["link", "dangling", "twice", "ours", "directory/new"]) {
      throws(() => openBlobInPlace(at(name), 8), says("a symlink of another user"), name);
      throws(() => withoutLink(at(name)), says("a symlink of another user"), name);
    }
    for (
      const [name, what] of [["file", "a file of another user"], ["pipe", "a named pipe of"], [
        "other-name",
        "a file that has other",
      ]]
    ) {
      throws(() => openBlobInPlace(at(name), 8), says(what));
    }
    throws(() => isSpecialOutput(at("device")), says("a symlink of"));
    throws(
      () => new WholeFile(at("directory/new")),
      says(`Cannot write ${at("directory/new")}: ${at("directory")} is a symlink of another user`),
    );
    throws(
      () => createBlobTarget(at("directory/new"), 8, { data: [], zeros: [] }),
      says("a symlink of another user"),
    );
    await rejects(untar(nothing(), at("directory")), says("a symlink of another user"));
    throws(() => new LocalStore(at("directory"), { create: true }), says("a symlink of another user"));
    deepStrictEqual([Deno.readTextFileSync(victim), filesIn(dir.path("victim"))], ["precious", ["file"]]);
    // What is renamed there takes the place of the link.
    using file = new WholeFile(at("link"));
    await file.commit();
    ok(Deno.lstatSync(at("link")).isFile && Deno.readTextFileSync(victim) === "precious");
  },
});

Deno.test({
  name:
    "nothing is written to what another user planted for an interrupted run, nor can they open what one left",
  ignore: !canBeAnotherUser,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const victim = dir.write("victim", "precious");
    const at = await sharedDirectory(dir, ":");
    const name = `.tmp-desync-new-${await partialKey(parseIndex(Deno.readFileSync(made.index)))}`;
    for (
      const planted of ["mkfifo -m 666 NAME", "umask 0; : > NAME", "ln -s ../victim NAME", "mkdir NAME"]
    ) {
      await runAsAnotherUser(planted.replace("NAME", name), dir.path("shared"));
      const before = Deno.lstatSync(at(name));
      const result = await runCli(["extract", "-s", made.store, made.index, at("new")], { timeout: 30_000 });
      deepStrictEqual([result.code, result.stderr], [0, ""], planted);
      sameBytes(Deno.readFileSync(at("new")), made.bytes);
      deepStrictEqual(filesIn(dir.path("shared")).filter((other) => other !== name), ["new"], planted);
      deepStrictEqual([Deno.lstatSync(at(name)).ino, Deno.lstatSync(at(name)).size], [
        before.ino,
        before.size,
      ]);
      Deno.removeSync(at(name));
      Deno.removeSync(at("new"));
    }
    strictEqual(Deno.readTextFileSync(victim), "precious");
    Deno.removeSync(made.chunk(2));
    strictEqual((await runCli(["extract", "-s", made.store, made.index, at("new")])).code, 1);
    deepStrictEqual(filesIn(dir.path("shared")), [name]);
    await runAsAnotherUser(`test ! -r ${name} -a ! -w ${name}`, dir.path("shared"));
  },
});

Deno.test({
  name: "a directory of chunks that another user linked to elsewhere gets none",
  ignore: !canBeAnotherUser,
  fn: async () => {
    using dir = tempDir();
    const at = await sharedDirectory(dir, "ln -s ../victim 1111");
    dir.dir("victim");
    const store = new LocalStore(at(""), { create: true });
    const put = store.put(asVerified("1".repeat(64), { form: "plain", bytes: new Uint8Array(1) }));
    match(
      await put.then(() => "", ({ message }) => message),
      /1111 is a symlink of another user|1111: it is a symlink/,
    );
    deepStrictEqual(filesIn(dir.path("victim")), []);
  },
});

Deno.test({
  name:
    "files, links and pipes of the user or of the directory's owner are used, and all in directories that are not shared",
  ignore: !canBeAnotherUser,
  fn: async () => {
    using dir = tempDir();
    const at = await sharedDirectory(dir, ": > file; ln -s ../target/file link");
    dir.write("target/file", "old");
    const replace = async (path: string) => {
      using file = new WholeFile(path);
      await file.commit();
      return rights(path);
    };
    dir.write("shared/mine", "old");
    Deno.chmodSync(at("mine"), 0o640);
    deepStrictEqual(await replace(at("mine")), [0, 0o640]);
    Deno.symlinkSync("../target/file", at("own"));
    strictEqual(withoutLink(at("own")), dir.path("target/file"));
    openBlobInPlace(at("own"), 5).discard();
    strictEqual(Deno.statSync(dir.path("target/file")).size, 5);
    Deno.chownSync(dir.path("shared"), ANOTHER_USER, ANOTHER_USER);
    strictEqual(withoutLink(at("link")), dir.path("target/file"), "its owner's");
    deepStrictEqual((await replace(at("file")))[0], ANOTHER_USER);
    Deno.chownSync(dir.path("shared"), 0, 0);
    for (const mode of [0o777, 0o1755]) {
      Deno.chmodSync(dir.path("shared"), mode);
      strictEqual(withoutLink(at("link")), dir.path("target/file"), mode.toString(8));
      deepStrictEqual((await replace(at("file")))[0], ANOTHER_USER, mode.toString(8));
    }
  },
});

Deno.test({
  name: "links are followed as the system follows them",
  ignore: Deno.build.os === "windows",
  fn: () => {
    using dir = tempDir();
    dir.write("a/b/file", "");
    const links = {
      up: "../a",
      "a/in": "b/../b",
      "a/abs": dir.path("a/b"),
      round: "round",
      gone: "a/new",
      dots: "a/in/..",
    };
    for (const [name, target] of Object.entries(links)) Deno.symlinkSync(target, dir.path(name));
    const root = Deno.realPathSync(dir.root);
    for (
      const path of [
        "a/b/file",
        "a/in/file",
        "a/abs/file",
        "a/abs/../in/file",
        "dots/b/file",
        "./a//b/file",
        "a/in/",
      ]
    ) {
      strictEqual(
        followLinks(`${root}/${path}`).replace(/\/$/, ""),
        Deno.realPathSync(`${root}/${path}`),
        path,
      );
    }
    strictEqual(followLinks(`${root}/gone`), `${root}/a/new`);
    strictEqual(followLinks(`${root}/none/x`), `${root}/none/x`);
    strictEqual(followLinks("/"), "/");
    throws(() => followLinks(`${root}/round`), { code: "io", message: /too many symlinks/ });
    ok(!exists(`${root}/a/new`));
  },
});
