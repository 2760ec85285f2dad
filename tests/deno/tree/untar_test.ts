import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { TreeSystem } from "../../../src/deno/tree/tree_system.ts";
import { untarBy } from "../../../src/deno/untar.ts";
import { device, directory, fifo, file, nested, symlink } from "../../support/data/archive_bytes.ts";
import { exists } from "../../support/exists.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { joined } from "../../support/data/joined.ts";
import { random } from "../../support/random.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { both, linkTo, modeOf, native, pieces, root, unpack } from "./untar_both.ts";

both("files, directories, symlinks, with modes and times", async (dir, system) => {
  const mtime = 1_600_000_000_123_000_000n;
  const archive = directory([
    ["a", file("first", { mode: 0o640, mtime })],
    ["empty", directory([], { mode: 0o500, mtime })],
    [
      "inner",
      directory([["b", file("second", { mode: 0o755 })], ["ü #", file("third")]], { mode: 0o555, mtime }),
    ],
    ["link", symlink("inner/b")],
    ["nowhere", symlink("/nowhere/at/all")],
  ], { mode: 0o750, mtime });
  const target = dir.path("new", "target");
  const losses = await unpack(archive, target, { system });
  deepStrictEqual(losses.filter((what) => what !== "nanoseconds of times"), []);
  deepStrictEqual(Deno.readTextFileSync(`${target}/a`), "first");
  deepStrictEqual(Deno.readTextFileSync(`${target}/inner/ü #`), "third");
  deepStrictEqual([linkTo(`${target}/link`), linkTo(`${target}/nowhere`)], ["inner/b", "/nowhere/at/all"]);
  const modes = ["", "/a", "/empty", "/inner", "/inner/b"].map((path) => modeOf(target + path));
  deepStrictEqual(modes, [0o750, 0o640, 0o500, 0o555, 0o755]);
  for (const path of ["", "/a", "/empty", "/inner"]) {
    strictEqual(Deno.lstatSync(target + path).mtime?.getTime(), Number(mtime / 1_000_000n), path);
  }
  Deno.chmodSync(`${target}/inner`, 0o755);
});

/** A system with some other calls. */
function withCalls(system: TreeSystem, calls: Partial<TreeSystem>): TreeSystem {
  return new Proxy(system, {
    get: (_, key) => {
      const value = Reflect.get(Reflect.has(calls, key) ? calls : system, key) as unknown;
      return typeof value === "function" ? value.bind(system) : value;
    },
  });
}

both("symlinks that cannot be made are reported, and the rest is there", async (dir, system) => {
  const refused = (code: string) => () => {
    throw Object.assign(new Error("refused"), { code });
  };
  const archive = directory([["a", symlink("b")], ["b", file("x")], ["c", directory([["d", symlink("e")]])]]);
  for (const code of ["EPERM", "ENOSYS"]) {
    const target = dir.path(code);
    const { losses } = await untarBy(pieces(archive), target, {
      system: withCalls(system, { makeSymlink: refused(code) }),
      time: false,
    });
    deepStrictEqual(losses.map(({ what, count, path }) => [what, count, path]), [[
      "symlinks",
      2,
      `${target}/a`,
    ]]);
    deepStrictEqual(filesIn(target), ["b"]);
    ok(exists(`${target}/c`));
  }
  const full = withCalls(system, { makeSymlink: refused("ENOSPC") });
  await rejects(unpack(archive, dir.path("full"), { system: full }), { code: "io" });
});

both("symlinks get the type of their target, where they have types", async (dir, system) => {
  const types: Record<string, boolean> = {};
  const typed = withCalls(system, {
    leadsToDirectory: (folder, target) => {
      try {
        system.close(system.openDirectory(folder, target));
        return true;
      } catch {
        return false;
      }
    },
    makeSymlink: (folder, name, target, toFolder) => {
      types[new TextDecoder().decode(target)] = toFolder;
      system.makeSymlink(folder, name, target, toFolder);
    },
  });
  const archive = directory([
    ["bin", symlink("usr")],
    ["before", symlink("a-file")],
    ["nowhere", symlink("none")],
    ["usr", directory([["lib", symlink("lib64")], ["lib64", directory([["x", file("x")]])]])],
    ["var", directory([["early", directory([])], ["late", symlink("early")]])],
  ]);
  const target = dir.path("target");
  deepStrictEqual(await unpack(archive, target, { system: typed, time: false }), []);
  deepStrictEqual(types, { "usr": true, "a-file": false, "none": false, "lib64": true, "early": true });
  deepStrictEqual(["bin", "usr/lib", "var/late"].map((path) => linkTo(`${target}/${path}`)), [
    "usr",
    "lib64",
    "early",
  ]);
  strictEqual(Deno.readTextFileSync(`${target}/bin/lib/x`), "x");
});

both("removes stale temporary files, and nothing recent", async (dir, system) => {
  const name = (n: number) => `.tmp-untar-${crypto.randomUUID().slice(0, -1)}${n}`;
  const [old, oldLink, oldFolder, recent] = [1, 2, 3, 4].map(name);
  const target = dir.dir("target");
  for (const folder of ["target", "target/sub"]) {
    dir.write(`${folder}/${old}`, "x");
    Deno.symlinkSync("nowhere", dir.path(folder, oldLink));
    dir.dir(`${folder}/${oldFolder}`);
    dir.write(`${folder}/${recent}`, "x");
    dir.write(`${folder}/.tmp-untar-notes`, "the user's own");
  }
  // The time of a change cannot be set.
  const day = 24n * 3600n * 1_000_000_000n;
  const later = withCalls(system, {
    stat: (what) => {
      const stat = system.stat(what)!;
      const isRecent = typeof what !== "number" && new TextDecoder().decode(what.name) === recent;
      return { ...stat, changed: stat.changed - (isRecent ? day - 60n * 1_000_000_000n : day) };
    },
  });
  await unpack(directory([["sub", directory([["a", file("x")]])]]), target, { system: later });
  const left = (folder: string) => [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
  deepStrictEqual(left(target), [recent, ".tmp-untar-notes", "sub"].sort());
  deepStrictEqual(left(`${target}/sub`), [recent, ".tmp-untar-notes", "a"].sort());
  await unpack(file("x"), dir.path("target/alone"), { system });
  deepStrictEqual(left(target), [recent, ".tmp-untar-notes", "alone", "sub"].sort());
});

both("zeros become holes, and files are what they were", async (dir, system) => {
  const source = random();
  const zeros = (length: number) => new Uint8Array(length);
  const contents = {
    hole: zeros(3_000_000),
    late: joined([zeros(1_000_000), source.bytes(10)]),
    early: joined([source.bytes(10), zeros(1_000_000)]),
    mixed: joined([1, 4096, 4095, 100_000, 8191, 50_000, 1].flatMap((n) => [source.bytes(n), zeros(n)])),
    short: zeros(1),
    none: zeros(0),
    full: source.bytes(100_000),
  };
  const archive = directory(Object.entries(contents).map(([name, bytes]) => [name, file(bytes)]));
  const target = dir.path("target");
  // In pieces that end anywhere.
  async function* inPieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0, length; at < archive.length; at += length) {
      length = 1 + source.below(100_000);
      yield await Promise.resolve(archive.subarray(at, at + length));
    }
  }
  await untarBy(inPieces(), target, { system, sameOwner: false });
  for (const [name, bytes] of Object.entries(contents)) {
    deepStrictEqual(Deno.readFileSync(`${target}/${name}`), bytes, name);
  }
  if (!canHaveHoles(dir)) return;
  const room = (name: string) => (Deno.statSync(`${target}/${name}`).blocks ?? 0) * 512;
  deepStrictEqual(["hole", "late", "early"].map(room).map((bytes) => bytes <= 3 * 4096), [true, true, true]);
  ok(room("mixed") < 162_000 + 20 * 4096, `${room("mixed")}`);
});

/** Whether the file system gives no room to what is not written. */
function canHaveHoles(dir: TempDir): boolean {
  const path = dir.write("sparse", "");
  Deno.truncateSync(path, 1_000_000);
  return Deno.statSync(path).blocks === 0;
}

both("times of all years are restored, or reported", async (dir, system) => {
  for (const date of ["1970-01-01", "2037-01-01", "2040-01-01", "2300-01-01", "2440-01-01", "2485-01-01"]) {
    const mtime = BigInt(Date.parse(date)) * 1_000_000n;
    for (const [name, node] of [["file", file("x", { mtime })], ["dir", directory([], { mtime })]] as const) {
      const target = dir.path(`${date}-${name}`);
      const losses = await unpack(directory([["x", node]]), target, { system });
      const kept = Deno.lstatSync(`${target}/x`).mtime?.getTime() === Date.parse(date);
      deepStrictEqual(losses.filter((loss) => loss === "times"), kept ? [] : ["times"], `${date} ${name}`);
      ok(kept || Date.parse(date) > Date.parse("2038-01-01"), `${date} is a time everywhere`);
    }
  }
});

both(
  "into a directory that is not empty: replaces what the archive has, keeps the rest",
  async (dir, system) => {
    const target = dir.dir("target");
    dir.write("target/kept", "kept");
    dir.write("target/old", "old and longer");
    dir.write("target/folder/kept", "kept too");
    dir.write("target/was-folder/a/b", "goes");
    dir.write("target/was-file", "goes");
    Deno.symlinkSync("..", dir.path("target/was-folder/up"));
    const archive = directory([
      ["folder", directory([["new", file("new")]])],
      ["old", file("new")],
      ["was-file", directory([["x", file("x")]])],
      ["was-folder", file("a file now")],
    ]);
    await unpack(archive, target, { system, recursiveUnlink: true });
    const texts = Object.entries(contentOf(target)).map((
      [name, bytes],
    ) => [name, new TextDecoder().decode(bytes)]);
    deepStrictEqual(Object.fromEntries(texts), {
      "folder/kept": "kept too",
      "folder/new": "new",
      "kept": "kept",
      "old": "new",
      "was-file/x": "x",
      "was-folder": "a file now",
    });
  },
);

both("an archive that ends too early leaves no part of a file", async (dir, system) => {
  const target = dir.path("target");
  const archive = directory([["a", file("whole")], ["b", file("y".repeat(1000))]]);
  await rejects(unpack(archive.subarray(0, 600), target, { system }), /ends after 600 bytes/);
  deepStrictEqual(filesIn(target), ["a"]);
});

both("an archive of one file", async (dir, system) => {
  const target = dir.write("target", "old");
  await unpack(file("new", { mode: 0o600 }), target, { system });
  strictEqual(Deno.readTextFileSync(target), "new");
  strictEqual(modeOf(target), 0o600);
  dir.write("folder/kept", "kept");
  await rejects(unpack(file("new"), dir.path("folder"), { system }), { code: "usage" });
  strictEqual(Deno.readTextFileSync(dir.path("folder/kept")), "kept");
});

both("without the archive's permissions, the umask decides", async (dir, system) => {
  const target = dir.path("target");
  const archive = directory([["a", file("x", { mode: 0o4777 })], ["d", directory([], { mode: 0o700 })]]);
  await unpack(archive, target, { system, samePermissions: false });
  const umask = Deno.umask();
  deepStrictEqual([modeOf(`${target}/a`), modeOf(`${target}/d`)], [0o666 & ~umask, 0o777 & ~umask]);
  const plain = directory([["a", file("x", { features: 0n, mode: 0o444 })]], { features: 0n, mode: 0o777 });
  await unpack(plain, target, { system });
  deepStrictEqual([modeOf(`${target}/a`), modeOf(target)], [0o444 & ~umask, 0o777 & ~umask]);
});

both("without the archive's times, they are now", async (dir, system) => {
  const target = dir.path("target");
  const timeOf = (path: string) => Deno.statSync(path).mtime!.getTime();
  const before = timeOf(dir.write("before", ""));
  await unpack(directory([["a", file("x", { mtime: 1n })]], { mtime: 1n }), target, { system, time: false });
  ok(timeOf(`${target}/a`) >= before);
  ok(timeOf(target) >= before);
});

Deno.test({
  name: "untar as another owner gives no setuid to files, nor capabilities",
  ignore: !root,
  fn: async () => {
    using dir = tempDir();
    const archive = directory([["a", file("x", { mode: 0o6755, uid: 12345, gid: 1 })], [
      "b",
      file("x", { mode: 0o4755 }),
    ]]);
    deepStrictEqual(await unpack(archive, dir.path("t"), { sameOwner: false }), ["setuid and setgid"]);
    deepStrictEqual([modeOf(dir.path("t/a")), modeOf(dir.path("t/b"))], [0o755, 0o4755]);
    strictEqual(Deno.statSync(dir.path("t/a")).uid, 0);
    deepStrictEqual(await unpack(archive, dir.path("t")), []);
    deepStrictEqual([modeOf(dir.path("t/a")), Deno.statSync(dir.path("t/a")).uid], [0o6755, 12345]);
  },
});

Deno.test({
  name: "untar replaces a directory with names that are not UTF-8",
  ignore: native === null,
  fn: async () => {
    using dir = tempDir();
    const target = dir.path("target");
    const odd: [Uint8Array, Uint8Array][] = [[Uint8Array.of(0xff), file("x")]];
    await unpack(directory([["a", directory([...odd, [Uint8Array.of(0xff, 1), directory(odd)]])]]), target);
    await unpack(directory([["a", file("now a file")]]), target, { recursiveUnlink: true });
    strictEqual(Deno.readTextFileSync(`${target}/a`), "now a file");
  },
});

Deno.test({
  name: "untar of names that are not UTF-8, pipes and devices",
  ignore: native === null || !root,
  fn: async () => {
    using dir = tempDir();
    const target = dir.path("target");
    const archive = directory([
      ["c", device("char", 5, 300)],
      ["p", fifo({ mode: 0o620 })],
      [Uint8Array.of(0xff, 0x41), file("x")],
    ]);
    deepStrictEqual(await unpack(archive, target), []);
    const { isCharDevice, rdev } = Deno.statSync(`${target}/c`);
    deepStrictEqual([isCharDevice, rdev], [true, (5 << 8) | (300 & 0xff) | ((300 & ~0xff) << 12)]);
    ok(Deno.statSync(`${target}/p`).isFifo);
    strictEqual(modeOf(`${target}/p`), 0o620);
    // Deno 2.6 does not list names that are not UTF-8.
    const { stdout } = await new Deno.Command("ls", { args: ["-b", target] }).output();
    strictEqual(new TextDecoder().decode(stdout), "c\np\n\\377A\n");
  },
});

Deno.test({
  name: "untar of directories as deep as archives go",
  ignore: native === null,
  fn: async () => {
    using dir = tempDir();
    await unpack(nested(2048), dir.path("target"));
    let depth = 0;
    for (let path = dir.path("target"); depth < 1000; depth++) Deno.lstatSync(path += "/d");
    // rm goes deeper than paths do.
    const { success } = await new Deno.Command("rm", { args: ["-rf", dir.path("target")] }).output();
    ok(success);
  },
});

Deno.test("untar counts names that the archive has nothing for", async () => {
  using dir = tempDir();
  const archive = directory([["a", file("x")], ["pipe", new Uint8Array(0)]]);
  deepStrictEqual(await untarBy(pieces(archive), dir.path("t")), {
    losses: [],
    notDeleted: [],
    omitted: 1,
  });
});

Deno.test("untar stops on request", async () => {
  using dir = tempDir();
  const stop = new AbortController();
  async function* stopping(): AsyncGenerator<Uint8Array> {
    const archive = directory([["a", file("x".repeat(500))]]);
    yield archive.subarray(0, 300);
    stop.abort();
    yield joined([archive.subarray(300)]);
    await Promise.resolve();
  }
  await rejects(untarBy(stopping(), dir.path("t"), { signal: stop.signal }), { code: "interrupted" });
  deepStrictEqual(filesIn(dir.path("t")), []);
});
