/** What gives somebody rights on the system that an archive is unpacked on: what is restored of it, and when. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { chosenFeatures } from "../../../src/cli/inputs/archive_features.ts";
import { FEATURES, featuresOf } from "../../../src/formats/archive/features.ts";
import { nativeTree } from "../../../src/deno/tree/native_tree.ts";
import { portableTree } from "../../../src/deno/tree/portable_tree.ts";
import { untarBy, type UntarByOptions } from "../../../src/deno/untar.ts";
import { device, directory, element, file, types } from "../../support/data/archive_bytes.ts";
import { canSetAttributes, hasAccessLists, xattrsOf } from "../../support/system/attributes.ts";
import { runCli } from "../../support/cli.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { makeRichTree } from "../../support/data/rich_tree.ts";
import { tempDir } from "../../support/temp.ts";
import { differences, treeState } from "../../support/system/tree_state.ts";
import { canBeUser, runCliAsUser } from "../../support/system/without_privileges.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** The capability net_raw, as the kernel keeps it. */
const NET_RAW = Uint8Array.fromHex("0100000200200000000000000000000000000000");
const root = canSetAttributes && nativeTree() !== null;
const text = new TextEncoder();
const u64 = (...values: number[]) => new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
const xattr = (name: string, value: Uint8Array = text.encode("1")) =>
  element(types.xattr, text.encode(`${name}\0`), value);
const modeOf = (path: string) => (Deno.lstatSync(path).mode ?? 0) & 0o7777;

async function losses(archive: Uint8Array, target: string, options: UntarByOptions = {}): Promise<string[]> {
  const pieces = new Blob([new Uint8Array(archive)]).stream();
  const found = (await untarBy(pieces, target, options)).losses;
  return found.map(({ what, count, path, reason }) =>
    `${what} ${count} ${path.slice(target.length)} ${reason}`
  );
}

Deno.test({
  name: "untar by other users than root restores setuid and setgid only with --same-permissions",
  ignore: !canBeUser,
  fn: async () => {
    using dir = tempDir();
    const own = { uid: 1000, gid: 1000 };
    const archive = dir.write(
      "x.catar",
      directory([
        ["a", file("x", { ...own, mode: 0o4755 })],
        ["b", file("x", { ...own, mode: 0o2755 })],
        ["d", directory([], { ...own, mode: 0o2755 })],
        ["plain", file("x", { ...own, mode: 0o644 })],
      ], own),
    );
    const modes = (target: string) => ["a", "b", "d", "plain"].map((name) => modeOf(dir.path(target, name)));
    const without = await runCliAsUser(["untar", archive, dir.path("t")]);
    deepStrictEqual([without.code, without.stderr], [
      3,
      `desync: not restored: setuid and setgid (2 files, the first is ${dir.path("t")}/a: ` +
      "only root restores them without --same-permissions)\n",
    ]);
    deepStrictEqual(modes("t"), [0o755, 0o755, 0o2755, 0o644]);
    const asked = await runCliAsUser(["untar", "--same-permissions", archive, dir.path("t")]);
    deepStrictEqual([asked.code, asked.stderr], [0, ""]);
    deepStrictEqual(modes("t"), [0o4755, 0o2755, 0o2755, 0o644]);
  },
});

Deno.test({
  name:
    "untar without the archive's permissions gives no setuid, no capabilities, and devices to their owner alone",
  ignore: !root,
  fn: async () => {
    using dir = tempDir();
    const target = dir.path("t");
    const archive = directory([
      ["caps", file("x", {}, element(types.fcaps, NET_RAW))],
      ["caps-of-desync", file("x", {}, xattr("security.capability", NET_RAW))],
      ["dev", device("char", 1, 3, { mode: 0o666 })],
      ["disk", device("block", 8, 1, { mode: 0o660 })],
      ["setuid", file("x", { mode: 0o6777 })],
    ]);
    deepStrictEqual(await losses(archive, target, { samePermissions: false }), []);
    for (const name of ["caps", "caps-of-desync"]) deepStrictEqual(xattrsOf(`${target}/${name}`), {});
    deepStrictEqual(["dev", "disk", "setuid"].map((name) => modeOf(`${target}/${name}`)), [
      0o600,
      0o600,
      0o666 & ~Deno.umask(),
    ]);
    // Nor does an archive that tells no permissions open a disk to others.
    const plain = directory([["disk", device("block", 8, 1, { mode: 0o660, features: 0n })]], {
      features: 0n,
    });
    deepStrictEqual(await losses(plain, target), []);
    strictEqual(modeOf(`${target}/disk`), 0o600);
    deepStrictEqual(await losses(archive, target), []);
    for (const name of ["caps", "caps-of-desync"]) {
      deepStrictEqual(xattrsOf(`${target}/${name}`), { "security.capability": NET_RAW.toHex() });
    }
    deepStrictEqual(["dev", "disk", "setuid"].map((name) => modeOf(`${target}/${name}`)), [
      0o666,
      0o660,
      0o6777,
    ]);
  },
});

Deno.test({
  name: "untar restores attributes of the system only when they are named",
  ignore: !root,
  fn: async () => {
    using dir = tempDir();
    const target = dir.path("t");
    const names = ["security.SMACK64", "security.foo\u001b[31m", "security.ima", "trusted.a", "user.a"];
    const archive = directory([["f", file("x", {}, ...names.map((name) => xattr(name)))]]);
    deepStrictEqual(await losses(archive, target), [
      "attributes of the system 3 /f security.SMACK64 is restored only with --xattrs-include=security.SMACK64",
    ]);
    deepStrictEqual(Object.keys(xattrsOf(`${target}/f`)), ["trusted.a", "user.a"]);
    const options = { xattrsInclude: ["security.i*", "security.SMACK64"] };
    deepStrictEqual(await losses(archive, target, options), [
      "attributes of the system 1 /f security.foo [31m is restored only with --xattrs-include=security.foo [31m",
    ]);
    deepStrictEqual(Object.keys(xattrsOf(`${target}/f`)), [
      "security.SMACK64",
      "security.ima",
      "trusted.a",
      "user.a",
    ]);
    const none = { features: featuresOf("all") & ~FEATURES.xattrs };
    deepStrictEqual(await losses(archive, target, none), []);
    deepStrictEqual(xattrsOf(`${target}/f`), {});
  },
});

Deno.test({
  name:
    "untar reports an access list that the file system has no room for, and gives the group no more for it",
  ignore: !root || !hasAccessLists,
  fn: async () => {
    using dir = tempDir();
    const target = dir.path("t");
    // The mode's bits for the group are the mask; the group itself may only read.
    const list = (users: number) => [
      ...Array.from({ length: users }, (_, i) => element(types.aclUser, u64(i + 100_000, 7))),
      element(types.aclGroupObj, u64(4)),
    ];
    const archive = directory([
      // More than a block, and more than Linux takes at all.
      ["five", file("x", { mode: 0o670 }, ...list(5_000))],
      ["ten", file("x", { mode: 0o670 }, ...list(10_000))],
      ["rest", file("x", { mode: 0o670 }, ...list(1))],
    ]);
    const found = await losses(archive, target);
    strictEqual(found.length, 1, `${found}`);
    match(found[0], /^access lists [12] \/(five .* no room for 40036 bytes of attributes|ten .*)$/);
    const five = "system.posix_acl_access" in xattrsOf(`${target}/five`) ? 0o670 : 0o640;
    deepStrictEqual(["five", "ten", "rest"].map((name) => modeOf(`${target}/${name}`)), [five, 0o640, 0o670]);
    strictEqual(Deno.readTextFileSync(`${target}/rest`), "x");
    // The same where there are no access lists, or none are wanted.
    const portable = await losses(archive, dir.path("portable"), { system: portableTree() });
    deepStrictEqual(portable.map((loss) => loss.split(" ").slice(0, 3).join(" ")), [
      "access lists 3",
      "nanoseconds of times",
    ]);
    strictEqual(modeOf(dir.path("portable/rest")), 0o640);
    deepStrictEqual(await losses(archive, target, { features: featuresOf("all") & ~FEATURES.acl }), []);
    strictEqual(modeOf(`${target}/rest`), 0o640);
  },
});

inTurn()({
  name: "untar leaves out with --with and --without what casync does",
  ignore: !root || !peers.casync || !hasAccessLists,
  fn: async () => {
    using dir = tempDir();
    await makeRichTree(dir.dir("tree"), { oldTimes: false });
    await run(peers.casync, ["make", dir.path("x.catar"), dir.path("tree")]);
    const archive = Deno.readFileSync(dir.path("x.catar"));
    const cases: [options: string[], others?: string[], lost?: string[]][] = [
      [[]],
      // A group gets what it has in the list, and not the list's mask.
      [["--without=acl"], ["modes"]],
      [["--without=chattr", "--without=device-nodes", "--without=fifos"]],
      [["--without=fcaps", "--without=nsec-time", "--without=permissions"]],
      // casync leaves setuid, for whoever owns the file now.
      [["--without=privileged"], ["modes"], ["setuid and setgid 1 /setuid the owner is another"]],
      [["--without=symlinks", "--without=user-names", "--without=xattrs"]],
      [["--with=unix"], ["modes"]],
    ];
    for (const [i, [options, others = [], lost = []]] of cases.entries()) {
      const [ours, theirs] = [dir.path(`ours${i}`), dir.path(`theirs${i}`)];
      const words = (name: string) =>
        options.filter((option) => option.startsWith(name)).map((option) => option.slice(name.length));
      const [some, without] = [words("--with="), words("--without=")];
      const chosen = chosenFeatures(some.length === 0 ? undefined : some, without);
      deepStrictEqual(await losses(archive, ours, { features: chosen }), lost, options.join(" "));
      await run(peers.casync, ["extract", ...options, dir.path("x.catar"), theirs]);
      deepStrictEqual(differences(await treeState(ours), await treeState(theirs)), others, options.join(" "));
    }
    // The words mean the same on the command line.
    const result = await runCli([
      "untar",
      "--without=privileged",
      "--without=symlinks",
      dir.path("x.catar"),
      dir.path("c"),
    ]);
    strictEqual(result.code, 3);
    match(result.stderr, /^desync: not restored: setuid and setgid \(\S+\/setuid: the owner is another\)\n$/);
    const state = await treeState(dir.path("c"));
    deepStrictEqual(["link", "null", "fifo"].map((name) => state[name]?.kinds), [undefined, undefined, "p"]);
    deepStrictEqual([state.setuid.owners, state.setuid.modes], ["0:0", "755"]);
  },
});
