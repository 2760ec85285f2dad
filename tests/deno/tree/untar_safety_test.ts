/** Archives that mean no good: what they do to the target, to what is around it, and to memory. */

import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { nativeTree } from "../../../src/deno/tree/native_tree.ts";
import { portableTree } from "../../../src/deno/tree/portable_tree.ts";
import type { TreeSystem } from "../../../src/deno/tree/tree_system.ts";
import { untarBy, type UntarByOptions } from "../../../src/deno/untar.ts";
import {
  device,
  directory,
  element,
  fifo,
  file,
  manyFiles,
  nested,
  symlink,
  types,
} from "../../support/data/archive_bytes.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { exists } from "../../support/exists.ts";
import { filesIn } from "../../support/files.ts";
import { canMeasureMemory, runCliMeasured } from "../../support/system/peak_memory.ts";
import { runAny } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";
import { amount, share, takingTurns, thorough } from "../../support/thorough.ts";
import { canDropDevices, runCliWithoutDevices } from "../../support/system/without_privileges.ts";

const inTurn = takingTurns(3, import.meta.url);

const MB = 1024 * 1024;
const owned = Deno.build.os !== "windows" && Deno.uid() === 0 ? [] : ["--no-same-owner"];
const native = nativeTree();

async function unpack(archive: Uint8Array, target: string, options: UntarByOptions = {}): Promise<string[]> {
  const { losses } = await untarBy(new Blob([new Uint8Array(archive)]).stream(), target, options);
  return losses.map(({ what, path }) => `${what}: ${path}`);
}

/** A system that takes names for the same which differ in case, as those of Windows and macOS do. */
function folding(system: TreeSystem): TreeSystem {
  const fold = (value: unknown) =>
    value instanceof Uint8Array
      ? new TextEncoder().encode(new TextDecoder().decode(value).toLowerCase())
      : value;
  const named: ReadonlySet<unknown> = new Set([
    "openDirectory",
    "makeDirectory",
    "createFile",
    "rename",
    "unlink",
    "removeDirectory",
  ]);
  return new Proxy(system, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => value.apply(target, named.has(key) ? args.map(fold) : args);
    },
  });
}

/** The archive in two pieces, with something done in between. */
async function* interrupted(archive: Uint8Array, at: number, work: () => void): AsyncGenerator<Uint8Array> {
  yield archive.subarray(0, at);
  work();
  yield await Promise.resolve(archive.subarray(at));
}

for (const [way, system] of [["native", native], ["portable", portableTree()]] as const) {
  Deno.test({
    name: `untar (${way}): names that are equal for the file system are reported, and lead nowhere`,
    ignore: system === null,
    fn: async () => {
      using dir = tempDir();
      const outside = dir.dir("outside");
      const archive = directory([
        ["Link", symlink(outside)],
        ["link", directory([["pwned", file("x")]], { mode: 0o777 })],
        ["other", directory([["A", file("first")], ["a", file("second")], ["b", file("third")]])],
        ["OTHER", directory([["B", file("fourth")]])],
        ["x", file("x")],
        ["x", file("the same name again is the archive's own wish")],
      ]);
      const target = dir.path("target");
      const options = { system: folding(system!), time: false, sameOwner: false, samePermissions: false };
      const losses = await unpack(archive, target, options);
      deepStrictEqual(losses, [`names that differ in case alone: ${target}/link`]);
      deepStrictEqual(filesIn(outside), []);
      deepStrictEqual(filesIn(target), ["link/pwned", "other/a", "other/b", "x"]);
      // On a system that tells them apart, nothing is said.
      if (Deno.build.os !== "linux") return;
      deepStrictEqual(await unpack(archive, dir.path("apart"), { ...options, system: system! }), []);
      deepStrictEqual(filesIn(dir.path("apart/other")), ["A", "a", "b"]);
    },
  });

  Deno.test({
    name: `untar (${way}): a directory that becomes a symlink at any moment`,
    ignore: system === null || Deno.build.os === "windows",
    fn: async () => {
      using dir = tempDir();
      const outside = dir.dir("outside");
      dir.write("outside/victim", "untouched");
      const content = "x".repeat(300);
      const inner = directory([["victim", file(content, { mode: 0o777 })], ["more", file(content)]], {
        mode: 0o777,
      });
      const archive = directory([["d", directory([["e", inner], ["victim", file(content)]])], [
        "victim",
        file("in"),
      ]]);
      for (let at = 100; at < archive.length; at += amount(270, 90)) {
        const target = dir.path(`target-${at}`);
        const swap = (path: string, link: string) => {
          if (!exists(path)) return;
          Deno.renameSync(path, `${dir.path("moved")}-${at}-${link.length}`);
          Deno.symlinkSync(outside, path);
        };
        const swapAll = () => {
          swap(`${target}/d/e`, "e");
          swap(`${target}/d`, "dd");
        };
        await untarBy(interrupted(archive, at, swapAll), target, { system: system!, sameOwner: false }).catch(
          (
            error,
          ) => match(error.message, /replaced meanwhile|not a dir|no such file/i),
        );
        deepStrictEqual(filesIn(outside), ["victim"]);
        strictEqual(Deno.readTextFileSync(`${outside}/victim`), "untouched");
        strictEqual((Deno.statSync(outside).mode ?? 0) & 0o777, 0o755);
      }
    },
  });

  Deno.test({
    name: `untar (${way}): many more levels stop at 2048`,
    ignore: system === null,
    fn: async () => {
      using dir = tempDir();
      // Without the C library paths cannot be so long, so that long names end it sooner; either way it says why.
      const name = way === "portable" && !thorough ? "d".repeat(100) : "d";
      await rejects(
        unpack(nested(amount(3_000, 100_000), name), dir.path("t"), { system: system! }),
        /2049 deep|too long|ENAMETOOLONG/,
      );
      if (Deno.build.os !== "windows") await runAny("rm", ["-rf", dir.path("t")]);
    },
  });

  Deno.test({
    name: `untar (${way}): wrong sizes`,
    ignore: system === null,
    fn: async () => {
      using dir = tempDir();
      const archive = directory([["a", file("whole")], ["b", file("y".repeat(100))]]);
      const place = archive.length - 16 - 3 * 24 - 100 - 16;
      for (const size of [2n ** 63n, 2n ** 64n - 1n, 2n ** 52n, 117n, 115n, 15n, 0n]) {
        const lying = archive.slice();
        new DataView(lying.buffer).setBigUint64(place, size, true);
        const target = dir.path(`t-${size}`);
        await rejects(unpack(lying, target, { system: system!, sameOwner: false }), {
          code: "invalid-archive",
        });
        ok(!filesIn(target).includes("b") || size === 115n || size === 117n, `${size}`);
        deepStrictEqual(filesIn(target).filter((name) => name.startsWith(".tmp")), []);
      }
    },
  });
}

Deno.test("untar: an attribute that comes twice does nothing to the terminal", async () => {
  using dir = tempDir();
  const twice = element(types.xattr, new TextEncoder().encode("user.\u001b]0;pwned\u0007\u202e\0"));
  await rejects(unpack(directory([["f", file("x", {}, twice, twice)]]), dir.path("t")), {
    code: "invalid-archive",
    message: 'not a valid archive: a node has the attribute "user. ]0;pwned" twice',
  });
});

Deno.test({
  name: "devices that the user may not make are reported, and the rest is unpacked",
  ignore: !canDropDevices || native === null,
  fn: async () => {
    using dir = tempDir();
    const archive = dir.write(
      "a.catar",
      directory([
        ["b", device("block", 8, 1)],
        ["c", device("char", 1, 3)],
        ["d", directory([["c", device("char", 5, 300)], ["in", file("x")]])],
        ["p", fifo()],
        ["z", file("last")],
      ]),
    );
    const target = dir.path("target");
    const result = await runCliWithoutDevices(["untar", archive, target]);
    strictEqual(result.code, 3);
    strictEqual(
      result.stderr,
      `desync: not restored: devices (3 files, the first is ${target}/b: operation not permitted)\n`,
    );
    deepStrictEqual([...Deno.readDirSync(target)].map(({ name }) => name).sort(), ["d", "p", "z"]);
    strictEqual(Deno.readTextFileSync(`${target}/d/in`), "x");
  },
});

/** Sends pieces to a program's standard input, however many there are. */
async function pipeTo(
  pieces: Iterable<Uint8Array<ArrayBuffer>>,
  stdin: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = stdin.getWriter();
  for (const piece of pieces) await writer.write(piece);
  await writer.close();
}

inTurn()({
  name: "many files in one directory take no memory",
  ignore: !canMeasureMemory,
  fn: async () => {
    using dir = tempDir();
    const count = amount(20_000, 300_000);
    // The archive comes from a pipe: here it is never whole in memory or on disk either.
    const pipe = dir.path("pipe");
    await runAny("mkfifo", [pipe]);
    // In this order: opening a pipe may keep everything else waiting until somebody reads.
    const listing = runCliMeasured(["list", pipe], { timeout: 300_000 });
    {
      const out = await Deno.open(pipe, { write: true });
      await pipeTo(manyFiles(count), out.writable).catch(() => {});
    }
    const result = await listing;
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    const lines = result.stdout.trimEnd().split("\n");
    deepStrictEqual([lines.length, lines[1], lines.at(-1)], [
      count + 1,
      "-rw-r--r-- 0000000",
      `-rw-r--r-- ${String(count - 1).padStart(7, "0")}`,
    ]);
    ok(result.peak < 200 * MB, `${result.peak / MB} MB`);
  },
});

inTurn()({
  name: "untar of thousands of files in one directory takes no more memory than of 20",
  ignore: !canMeasureMemory,
  fn: async () => {
    using dir = tempDir();
    const peaks: number[] = [];
    const many = amount(3_000, 20_000);
    for (const count of [20, many]) {
      const archive = dir.path(`${count}.catar`);
      await pipeTo(manyFiles(count), (await Deno.open(archive, { write: true, create: true })).writable);
      const result = await runCliMeasured(["untar", ...owned, archive, dir.path(String(count))]);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      peaks.push(result.peak);
    }
    strictEqual([...Deno.readDirSync(dir.path(String(many)))].length, many);
    ok(peaks[1] - peaks[0] < 120 * MB, peaks.map((peak) => `${peak / MB} MB`).join(", "));
  },
});

inTurn()({
  name: "a tar of a large file takes no memory, into a tar or out of one",
  ignore: !canMeasureMemory,
  fn: async () => {
    using dir = tempDir();
    const [archive, tar] = [dir.path("big.catar"), dir.path("big.tar")];
    const size = amount(200, 300) * MB;
    // A file of zeros, which takes no room on the disk.
    const head = file("").slice();
    new DataView(head.buffer).setBigUint64(head.length - 16, BigInt(16 + size), true);
    Deno.writeFileSync(archive, head);
    Deno.truncateSync(archive, head.length + size);
    const result = await runCliMeasured(["untar", "--output-format=gnu-tar", archive, tar]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    ok(result.peak < size, `${result.peak / MB} MB`);
    strictEqual(Deno.statSync(tar).size % 10240, 0);
    const script = `
      import { readTarTree } from ${
      JSON.stringify(new URL("../../../src/deno/tree/tar_source.ts", import.meta.url).href)
    };
      let bytes = 0;
      const onEvent = (event) => { if (event.type === "data") bytes += event.bytes.length; };
      const stream = Deno.args[0] === "-" ? Deno.stdin.readable : Deno.args[0];
      await readTarTree(stream, onEvent, { spoolDirectory: Deno.args[1] });
      console.log(bytes, Math.round(Number(/VmHWM:\\s+(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))[1]) / 1024));`;
    const program = dir.write("read.ts", script);
    const [deno] = cliCommand;
    const ways = [`"$1" run -A "$2" - "$4" < "$3"`, `"$1" run -A "$2" "$3" "$4"`];
    for (const way of share(ways, 1)) {
      const read = await runAny("sh", ["-c", way, "sh", deno, program, tar, dir.root]);
      const [bytes, peak] = read.stdout.split(" ").map(Number);
      strictEqual(bytes, size, read.stderr);
      ok(peak < size / MB, `${peak} MB`);
    }
  },
});
