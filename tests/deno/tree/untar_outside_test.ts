/** Nothing is written outside the target, whatever archives have and other programs do meanwhile. */

import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { untarBy } from "../../../src/deno/untar.ts";
import { directory, fifo, file, symlink } from "../../support/data/archive_bytes.ts";
import { exists } from "../../support/exists.ts";
import { filesIn } from "../../support/files.ts";
import { random } from "../../support/random.ts";
import { peers } from "../../support/peers.ts";
import { amount } from "../../support/thorough.ts";
import { both, modeOf, native, root, unpack } from "./untar_both.ts";

both("never follows symlinks that lie in the target", async (dir, system) => {
  const outside = dir.dir("outside");
  dir.write("outside/secret", "untouched");
  Deno.chmodSync(`${outside}/secret`, 0o600);
  const target = dir.dir("target");
  Deno.symlinkSync(outside, `${target}/folder`);
  Deno.symlinkSync(`${outside}/secret`, `${target}/file`);
  Deno.symlinkSync(`${outside}/made`, `${target}/dangling`);
  Deno.symlinkSync("loop", `${target}/loop`);
  const archive = directory([
    ["dangling", file("in")],
    ["file", file("in", { mode: 0o777 })],
    ["folder", directory([["secret", file("in", { mode: 0o777 })], ["more", file("in")]], { mode: 0o777 })],
    ["loop", directory()],
  ]);
  await unpack(archive, target, { system });
  deepStrictEqual(filesIn(outside), ["secret"]);
  strictEqual(Deno.readTextFileSync(`${outside}/secret`), "untouched");
  strictEqual(modeOf(`${outside}/secret`), 0o600);
  deepStrictEqual(filesIn(target), ["dangling", "file", "folder/more", "folder/secret"]);
});

both("never follows symlinks of the archive itself", async (dir, system) => {
  const outside = dir.dir("outside");
  const evil = directory([["pwned", file("x", { mode: 0o777 })]], { mode: 0o777 });
  const target = dir.path("target");
  // Twice the same name: first a way out, then something "inside" of it.
  const archive = directory([
    ["a", symlink(outside)],
    ["a", evil],
    ["b", symlink("../outside")],
    ["b", file("x")],
    ["c", evil],
    ["c", symlink(outside)],
    ["c", evil],
    ["d", symlink("/")],
  ]);
  await unpack(archive, target, { system, recursiveUnlink: true });
  deepStrictEqual(filesIn(outside), []);
  deepStrictEqual(modeOf(outside), 0o755);
  ok(Deno.lstatSync(`${target}/a`).isDirectory && Deno.lstatSync(`${target}/c`).isDirectory);
  ok(Deno.lstatSync(`${target}/b`).isFile && Deno.lstatSync(`${target}/d`).isSymlink);
});

both("names that lead elsewhere stop it before anything is written there", async (dir, system) => {
  for (const name of ["..", ".", "", "a/b", "../x", "/etc/x", "a\0b"]) {
    const target = dir.path(`target-${name.length}`);
    await rejects(unpack(directory([[name, file("x")]]), target, { system }), { code: "invalid-archive" });
  }
  ok(!exists(dir.path("x")));
});

both("a directory that becomes a symlink while it is filled", async (dir, system) => {
  const outside = dir.dir("outside");
  const target = dir.path("target");
  const content = "x".repeat(1000);
  const archive = directory([["d", directory([["a", file(content)], ["b", file(content)]])]]);
  async function* swapping(): AsyncGenerator<Uint8Array> {
    yield archive.subarray(0, 600);
    Deno.renameSync(`${target}/d`, dir.path("moved"));
    Deno.symlinkSync(outside, `${target}/d`);
    yield archive.subarray(600);
    await Promise.resolve();
  }
  // The directory that was opened gets the rest, or it is an error: never what the symlink names.
  await untarBy(swapping(), target, { system }).catch((error) =>
    match(error.message, /replaced meanwhile|not a dir/)
  );
  deepStrictEqual(filesIn(outside), []);
});

/** Whether random archives make something that cannot be removed before chattr has undone it. */
const makesImmutable = native !== null && root;

both("random archives never write outside", async (dir, system) => {
  const inner = directory([["..x", file("1")], ["b", symlink("../../outside")], [
    "c",
    directory([["d", file("2")]]),
  ]]);
  const archive = directory([["a", inner], ["p", fifo()], ["z", file("3")]]);
  const generator = random(99);
  const outside = dir.dir("outside");
  for (let run = 0; run < amount(60, 300); run++) {
    const bytes = archive.slice();
    for (let i = 0; i <= run % 3; i++) bytes[generator.below(bytes.length)] = generator.below(256);
    await unpack(bytes, dir.path("target"), { system }).catch((error) => {
      ok(["invalid-archive", "io", "unsupported"].includes(error.code), error.stack);
    });
  }
  if (makesImmutable && peers.chattr !== undefined) {
    await new Deno.Command(peers.chattr, { args: ["-R", "-ia", dir.root], stderr: "null" }).output();
  }
  deepStrictEqual(filesIn(outside), []);
  deepStrictEqual([...Deno.readDirSync(dir.root)].map(({ name }) => name).sort(), ["outside", "target"]);
}, makesImmutable && peers.chattr === undefined);
