/** Access lists and attributes that a directory had, or gives to all that is made in it, and that the archive has not. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { hasAccessLists, setAcl, setXattr, xattrsOf } from "../../../support/system/attributes.ts";
import { runCli } from "../../../support/cli.ts";
import { peers } from "../../../support/peers.ts";
import { run } from "../../../support/process.ts";
import { tempDir } from "../../../support/temp.ts";

const ALL = [[1, 7], [2, 7, 12345], [4, 5], [16, 7], [32, 5]] as const;

Deno.test({
  name: "untar leaves nobody an access that the archive does not give, as casync",
  ignore: !hasAccessLists,
  fn: async () => {
    using dir = tempDir();
    for (const name of ["file", "dir/file", "dir/deep/file"]) dir.write(`tree/${name}`, name);
    Deno.chmodSync(dir.path("tree/file"), 0o640);
    setXattr(dir.path("tree/dir"), "user.kept", "new");
    await run("mkfifo", [dir.path("tree/pipe")]);
    const archive = dir.path("x.catar");
    strictEqual((await runCli(["tar", archive, dir.path("tree")])).code, 0);
    const target = dir.path("target");
    const makeTarget = () => {
      Deno.mkdirSync(`${target}/dir`, { recursive: true });
      for (const path of [target, `${target}/dir`]) {
        setAcl(path, "default", ALL);
        setAcl(path, "access", ALL);
        setXattr(path, "user.other", "old");
        setXattr(path, "user.kept", "old");
      }
    };
    const found = () =>
      ["", "/file", "/pipe", "/dir", "/dir/file", "/dir/deep", "/dir/deep/file"].map((name) => {
        const list = xattrsOf(target + name);
        return [name, Object.keys(list), Deno.statSync(target + name).mode! & 0o777];
      });
    const ours = (...words: string[]) => runCli(["untar", ...words]);
    const expected = [
      ["", [], 0o755],
      ["/file", [], 0o640],
      ["/pipe", [], 0o644],
      ["/dir", ["user.kept"], 0o755],
      ["/dir/file", [], 0o644],
      ["/dir/deep", [], 0o755],
      ["/dir/deep/file", [], 0o644],
    ];
    for (const options of [[], ["-k"]]) {
      makeTarget();
      strictEqual((await ours(...options, archive, target)).code, 0);
      deepStrictEqual(found(), expected, options.join());
      Deno.removeSync(target, { recursive: true });
    }
    if (peers.casync !== undefined) {
      makeTarget();
      await run(peers.casync, ["extract", archive, target]);
      deepStrictEqual(found(), expected);
      Deno.removeSync(target, { recursive: true });
    }
    // The target of parts keeps its own.
    makeTarget();
    strictEqual((await ours(archive, target, "dir", "file", "pipe")).code, 0);
    deepStrictEqual(found().slice(1), expected.slice(1));
    strictEqual(Object.keys(xattrsOf(target)).length, 4);
    // What is not restored is not taken away.
    makeTarget();
    strictEqual((await ours("--without=acl", "--without=xattrs", archive, target)).code, 0);
    deepStrictEqual(Object.keys(xattrsOf(`${target}/dir`)).length, 4);
  },
});
