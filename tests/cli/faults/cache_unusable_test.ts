/** A cache that cannot be read or written: what stores can do without it is done. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { type Made, makeBlob } from "../../support/made.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import type { RunResult } from "../../support/process.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { amount, pairs, takingTurns } from "../../support/thorough.ts";
import { canDropPrivileges, runCliUnprivileged } from "../../support/system/without_privileges.ts";

const inTurn = takingTurns(2, import.meta.url);

const root = Deno.build.os === "linux" && Deno.uid() === 0;
/** Somebody else. */
const OTHER = 54_321;

/** More than the small file system holds, and with `large` enough for threads to read it. */
function someBlob(dir: TempDir, large = false): Made {
  const generator = random();
  const count = large ? amount(150, 550) : 30;
  return makeBlob(dir, Array.from({ length: count }, () => generator.bytes(large ? 65_000 : 9000)));
}

/** The run succeeded with one line on stderr, a warning that says this. */
function assertWarned(result: RunResult, says: RegExp): void {
  strictEqual(result.code, 0, result.stderr);
  match(result.stderr, /^desync: [^\n]+ \(continuing [^\n]+\)\n$/);
  match(result.stderr, says);
}

const readers: [name: string, large: boolean, args: string[]][] = [
  ["extract", false, ["extract"]],
  ["extract -k", false, ["extract", "-k"]],
  ["cat", false, ["cat"]],
  ["cat of a large blob", true, ["cat"]],
];
for (const [name, large, args] of readers) {
  Deno.test({
    name: `${name}: a cache that is full or read-only is a warning, and is not damaged`,
    ignore: !canMount,
    fn: async () => {
      using dir = tempDir();
      const made = someBlob(dir, large);
      const cache = dir.dir("cache");
      await using mount = await mountTmpfs(cache, "128k");
      const target = dir.path("target");
      const run = async (...stores: string[]) => {
        if (exists(target)) Deno.removeSync(target);
        const result = await runCli([...args, ...stores, "-c", cache, made.index, target]);
        sameBytes(Deno.readFileSync(target), made.bytes);
        return result;
      };
      assertWarned(await run("-s", made.store), /no space left.*without filling the cache/);
      const kept = filesIn(cache);
      ok(kept.length < 30 && kept.every((path) => path.endsWith(".cacnk")), kept.join());
      strictEqual((await runCli(["verify", "-s", cache])).code, 0);

      await mount.makeReadOnly();
      const content = contentOf(cache);
      await using server = await startFaultyServer(
        {},
        ({ path }) => ({ body: Deno.readFileSync(made.store + path) }),
      );
      assertWarned(await run("-s", server.url), /read-only.*without filling the cache/);
      // A busy machine looks like a slow server, whose chunks another thread then requests again.
      const requested = new Set(server.requests.map(({ path }) => path));
      strictEqual(requested.size, made.ids.length - kept.length, "what it has is used");
      deepStrictEqual(contentOf(cache), content);
    },
  });
}

Deno.test({
  name: "untar, of all and of paths, list and mtree warn once of a full cache",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const generator = random();
    for (let i = 0; i < 40; i++) dir.write(`tree/file-${i}`, generator.bytes(30_000));
    const [store, index] = [dir.path("store"), dir.path("tree.caidx")];
    strictEqual((await runCli(["tar", "-i", "-s", store, index, dir.path("tree")])).code, 0);
    const cache = dir.dir("cache");
    await using _mount = await mountTmpfs(cache, "64k");
    const args = ["-i", "-s", store, "-c", cache];
    const whole = await runCli(["untar", "--no-same-owner", ...args, index, dir.path("whole")]);
    assertWarned(whole, /no space left.*without filling the cache/);
    deepStrictEqual(contentOf(dir.path("whole")), contentOf(dir.path("tree")));
    const paths = ["file-3", "file-30"];
    const part = await runCli(["untar", "--no-same-owner", ...args, index, dir.path("part"), ...paths]);
    assertWarned(part, /no space left.*without filling the cache/);
    deepStrictEqual(filesIn(dir.path("part")), paths.toSorted());
    for (const command of ["list", "mtree"]) {
      assertWarned(await runCli([command, ...args, index]), /no space left.*without filling the cache/);
    }
  },
});

Deno.test({
  name: "a cache that has all chunks may be read-only: there is nothing to warn of",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const made = someBlob(dir);
    const cache = dir.dir("cache");
    await using mount = await mountTmpfs(cache, "2m");
    const run = () => runCli(["extract", "-s", made.store, "-c", cache, made.index, dir.path("target")]);
    deepStrictEqual([(await run()).code, (await run()).stderr], [0, ""]);
    await mount.makeReadOnly();
    const again = await run();
    deepStrictEqual([again.code, again.stderr], [0, ""]);
  },
});

Deno.test({
  name: "an invalid chunk in a read-only cache is an error, and ignored with --cache-repair",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const made = someBlob(dir);
    const cache = dir.dir("cache");
    await using mount = await mountTmpfs(cache, "2m");
    strictEqual((await runCli(["cache", "-s", made.store, "-c", cache, made.index])).code, 0);
    Deno.writeTextFileSync(join(cache, made.chunk(5).slice(made.store.length)), "not the chunk");
    await mount.makeReadOnly();
    for (const command of ["extract", "cat"]) {
      const args = [command, "-s", made.store, "-c", cache, made.index, dir.path("target")];
      assertFails(await runCli(args), 1, made.ids[5], `the cache ${cache}`, "--cache-repair");
      assertWarned(await runCli([...args, "--cache-repair"]), /read-only/);
      sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
      Deno.removeSync(dir.path("target"));
    }
  },
});

inTurn()({
  name: "a cache of another user, which may not be looked into or made, is a warning",
  ignore: !root || !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    const made = someBlob(dir);
    const cache = dir.dir("theirs");
    const parent = dir.dir("readable");
    for (const [path, mode] of [[cache, 0o700], [parent, 0o755]] as const) {
      Deno.chmodSync(path, mode);
      Deno.chownSync(path, OTHER, OTHER);
    }
    const places: [string, RegExp][] = [
      [cache, /permission denied.*without filling the cache/],
      [join(cache, "new"), /permission denied.*without a cache/],
      [join(parent, "new"), /permission denied.*without a cache/],
    ];
    for (const [[place, says], command] of pairs(places, ["extract", "cat"])) {
      const args = ["-s", made.store, "-c", place, made.index, dir.path("target")];
      assertWarned(await runCliUnprivileged([command, ...args]), says);
      sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
      Deno.removeSync(dir.path("target"));
      // With nothing else to read from it is an error.
      const alone = await runCliUnprivileged([command, ...args.slice(2)]);
      assertFails(alone, 1, "permission denied", place);
    }
    deepStrictEqual(filesIn(cache), []);
  },
});

Deno.test({
  name: "for the command cache, a target that is full or another user's is an error",
  ignore: !canMount || !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    const made = someBlob(dir);
    const full = dir.dir("full");
    await using _mount = await mountTmpfs(full, "64k");
    assertFails(await runCli(["cache", "-s", made.store, "-c", full, made.index]), 1, "no space left", full);
    const theirs = dir.dir("theirs");
    Deno.chmodSync(theirs, 0o700);
    Deno.chownSync(theirs, OTHER, OTHER);
    const refused = await runCliUnprivileged(["cache", "-s", made.store, "-c", theirs, made.index]);
    assertFails(refused, 1, "permission denied", theirs);
  },
});

Deno.test("a cache that is a file is an error", async () => {
  using dir = tempDir();
  const made = someBlob(dir);
  const file = dir.write("file", "something");
  for (const place of [file, join(file, "below")]) {
    const args = ["extract", "-s", made.store, "-c", place, made.index, dir.path("target")];
    assertFails(await runCli(args), 1, file);
  }
});
