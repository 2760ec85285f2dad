import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { attachLoopDevice, hasLoopDevices } from "../../support/system/loop_device.ts";
import { joined } from "../../support/data/joined.ts";
import { canMeasureMemory, runCliMeasured } from "../../support/system/peak_memory.ts";
import { peers } from "../../support/peers.ts";
import { run, runAny } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sha512256 } from "../../support/sha.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { blob, smallBlob } from "../../support/testdata.ts";
import { amount, share } from "../../support/thorough.ts";
import { unzstd } from "../../support/data/zstd.ts";
import { zstdFrames } from "../../support/data/zstd_frames.ts";

const windows = Deno.build.os === "windows";

const OLD = "the old content";

const CHUNK = /^([0-9a-f]{4})\/\1[0-9a-f]{60}\.cacnk$/;

/** Runs `make`, which has to succeed and say nothing, and returns the index. */
async function makes(dir: TempDir, file: string, ...args: string[]): Promise<Uint8Array> {
  const index = dir.path("made.caibx");
  const result = await runCli(["make", ...args, index, file]);
  deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
  return Deno.readFileSync(index);
}

/** Checks that the index and the store give these bytes. */
async function extracts(dir: TempDir, index: string, store: string, bytes: Uint8Array): Promise<void> {
  const target = dir.path("extracted");
  const result = await runCli(["extract", "-s", store, index, target]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  deepStrictEqual(Deno.readFileSync(target), Uint8Array.from(bytes));
}

Deno.test("without foreign functions it is the same index and the same store", async () => {
  using dir = tempDir();
  const file = dir.write("file", blob());
  const index = await makes(dir, file, "-s", dir.path("with"));
  const cli = cliCommand[cliCommand.length - 1];
  const args = ["make", "-s", dir.path("without"), dir.path("without.caibx"), file];
  const result = await runAny(Deno.execPath(), ["run", "--no-prompt", "-A", "--deny-ffi", cli, ...args]);
  deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
  deepStrictEqual(Deno.readFileSync(dir.path("without.caibx")), index);
  deepStrictEqual(contentOf(dir.path("without")), contentOf(dir.path("with")));
});

Deno.test("from standard input, and to standard output, it is the same index and the same store", async () => {
  using dir = tempDir();
  for (
    const [name, bytes] of Object.entries({ blob: blob(), empty: new Uint8Array(0), one: Uint8Array.of(7) })
  ) {
    const file = dir.write(name, bytes);
    const index = await makes(dir, file, "-s", dir.path(`${name}-file`));
    const index2 = dir.path("from-stdin.caibx");
    const fromInput = await runCli(["make", "-s", dir.path(`${name}-stdin`), index2, "-"], { stdin: bytes });
    deepStrictEqual([fromInput.code, fromInput.stdout, fromInput.stderr], [0, "", ""]);
    deepStrictEqual(Deno.readFileSync(index2), index);
    deepStrictEqual(contentOf(dir.path(`${name}-stdin`)), contentOf(dir.path(`${name}-file`)));
    const toOutput = await runCli(["make", "-", file]);
    deepStrictEqual([toOutput.code, toOutput.stdoutBytes, toOutput.stderr], [0, index, ""]);
    const both = await runCli(["make", "-", "-"], { stdin: bytes });
    deepStrictEqual([both.code, both.stdoutBytes, both.stderr], [0, index, ""]);
  }
});

Deno.test({
  name: "a long standard input does not need more memory than a short one",
  ignore: !canMeasureMemory,
  fn: async () => {
    using dir = tempDir();
    const args = ["make", "-s", dir.path("store"), dir.path("x.caibx"), "-"];
    const piece = new Random(7).bytes(amount(6_000_000, 40_000_000));
    const peakOf = async (pieces: number) => {
      const stdin = joined(Array.from({ length: pieces }, () => piece));
      const { code, peak } = await runCliMeasured(args, { stdin });
      strictEqual(code, 0);
      return peak;
    };
    // Enough for all buffers to be in use.
    const [short, long] = [await peakOf(3), await peakOf(10)];
    ok(
      long < short + 30e6,
      `${short} bytes of memory for three pieces of ${piece.length} bytes, ${long} for ten`,
    );
  },
});

Deno.test("each compressed chunk is one zstd frame with its size, and matches its name", async () => {
  using dir = tempDir();
  const large = new Random(8).bytes(9_000_000);
  const data: [Uint8Array, string[]][] = [
    [smallBlob().subarray(0, amount(20_000, 60_000)), ["-m", "1b:64b:256b"]],
    [smallBlob(), ["-m", "1:4:16"]],
    [joined([blob(), new Random(9).bytes(500_000)]), []],
    [blob(), ["--compression-level", "1"]],
    [blob().subarray(0, amount(800_000, Infinity)), ["--compression-level=19"]],
    [joined([large, new Uint8Array(9_000_000)]), ["-m", "1m:4m:16m"]],
    [Uint8Array.of(1), []],
  ];
  for (const [i, [bytes, args]] of share(data, 4).entries()) {
    const store = dir.path(`store-${i}`);
    await makes(dir, dir.write("file", bytes), "-s", store, ...args);
    for (const [name, content] of Object.entries(contentOf(store))) {
      match(name, CHUNK);
      const chunk = unzstd(content);
      const frame = { length: content.length, contentSize: BigInt(chunk.length), checksum: false };
      deepStrictEqual(zstdFrames(content), [frame], `${args} ${name}`);
      strictEqual(name.slice(5, -6), sha512256(chunk));
    }
  }
});

Deno.test("with -u the chunks are stored as they are", async () => {
  using dir = tempDir();
  const bytes = smallBlob();
  const file = dir.write("file", bytes);
  for (const option of ["-u", "--uncompressed"]) {
    const store = dir.path(`plain${option}`);
    await makes(dir, file, "-m", "4:16:64", option, "-s", store);
    const content = contentOf(store);
    strictEqual(Object.keys(content).length, 9);
    for (const [name, chunk] of Object.entries(content)) {
      strictEqual(name, `${sha512256(chunk).slice(0, 4)}/${sha512256(chunk)}`);
    }
    await extracts(dir, dir.path("made.caibx"), store, bytes);
    if (peers.desync === undefined) continue;
    const config = dir.write(
      "config.json",
      JSON.stringify({ "store-options": { [store]: { uncompressed: true } } }),
    );
    const args = ["--config", config, "extract", "-s", store, dir.path("made.caibx"), dir.path("theirs")];
    await run(peers.desync, args);
    deepStrictEqual(Deno.readFileSync(dir.path("theirs")), bytes);
  }
});

Deno.test("chunks that the store has, in whatever form, are left as they are", async () => {
  using dir = tempDir();
  const bytes = smallBlob();
  const file = dir.write("file", bytes);
  const store = dir.path("store");
  await makes(dir, file, "-m", "4:16:64", "-s", store);
  const long = new Date(978_307_200_000);
  const names = filesIn(store);
  for (const name of names) Deno.utimeSync(join(store, name), long, long);
  Deno.removeSync(join(store, names[0]));
  const statsOf = async (...args: string[]) => {
    const result = await runCli([
      "make",
      "-m",
      "4:16:64",
      "-s",
      store,
      "--print-stats",
      ...args,
      dir.path("x"),
      file,
    ]);
    deepStrictEqual([result.code, result.stdout], [0, ""]);
    return JSON.parse(result.stderr);
  };
  const stats = await statsOf("-u");
  const added = filesIn(store).filter((name) => !names.includes(name));
  deepStrictEqual(added, [names[0].replace(".cacnk", "")]);
  for (const name of names.slice(1)) deepStrictEqual(Deno.statSync(join(store, name)).mtime, long);
  const { size } = Deno.statSync(join(store, added[0]));
  const counts = { ChunksAccepted: 12, ChunksProduced: 12, ChunksStored: 1, BytesTotal: bytes.length };
  deepStrictEqual(stats, { ...counts, BytesStored: size });
  deepStrictEqual(await statsOf(), { ...counts, ChunksStored: 0, BytesStored: 0 });
});

Deno.test({
  name: "--print-stats counts chunks as desync does, to standard error",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("file", blob());
    const theirs = await run(peers.desync, ["make", "--print-stats", dir.path("theirs.caibx"), file]);
    const ours = await runCli(["make", "--print-stats", "-", file]);
    strictEqual(JSON.parse(ours.stderr).ChunksAccepted, JSON.parse(theirs.stderr).ChunksAccepted);
    deepStrictEqual(ours.stdoutBytes.subarray(24), Deno.readFileSync(dir.path("theirs.caibx")).subarray(24));
  },
});

Deno.test("several processes may fill one store at a time", async () => {
  using dir = tempDir();
  const bytes = joined([blob(), new Random(3).bytes(1_000_000)]).subarray(-amount(600_000, Infinity));
  const file = dir.write("file", bytes);
  const store = dir.path("store");
  const runs = [0, 1, 2].map((i) =>
    runCli(["make", "-m", "1:4:16", "-s", store, dir.path(`${i}.caibx`), file])
  );
  for (const result of await Promise.all(runs)) deepStrictEqual([result.code, result.stderr], [0, ""]);
  ok(filesIn(store).every((name) => CHUNK.test(name)), "nothing but chunks");
  const verified = await runCli(["verify", "-s", store]);
  deepStrictEqual([verified.code, verified.stdout], [0, ""]);
  for (const i of [0, 1, 2]) {
    deepStrictEqual(Deno.readFileSync(dir.path(`${i}.caibx`)), Deno.readFileSync(dir.path("0.caibx")));
  }
  await extracts(dir, dir.path("2.caibx"), store, bytes);
});

Deno.test("a new index replaces the old one atomically, and keeps its permissions", async () => {
  using dir = tempDir();
  const file = dir.write("file", smallBlob());
  const index = dir.write("out/x.caibx", OLD);
  Deno.linkSync(index, dir.path("old"));
  if (!windows) Deno.chmodSync(index, 0o640);
  strictEqual((await runCli(["make", index, file])).code, 0);
  notStrictEqual(Deno.readTextFileSync(index), OLD);
  strictEqual(Deno.readTextFileSync(dir.path("old")), OLD, "it was renamed there");
  deepStrictEqual(filesIn(dir.path("out")), ["x.caibx"]);
  if (!windows) strictEqual(Deno.statSync(index).mode! & 0o777, 0o640);
});

Deno.test({
  name: "an index can go to a pipe, or to a file that is open already",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("file", smallBlob());
    const index = await makes(dir, file);
    const [program, ...before] = cliCommand;
    const make = [
      "-c",
      '"$@" > "$0"',
      dir.path("redirected"),
      program,
      ...before,
      "make",
      // What /dev/stdout leads to: if a fault replaced that link itself, the whole system would have lost it.
      "/proc/self/fd/1",
      file,
    ];
    await run("/bin/sh", make);
    deepStrictEqual(Deno.readFileSync(dir.path("redirected")), index);
    await run("mkfifo", [dir.path("fifo")]);
    const [result, read] = await Promise.all([
      runCli(["make", dir.path("fifo"), file]),
      Deno.readFile(dir.path("fifo")),
    ]);
    strictEqual(result.code, 0, result.stderr);
    deepStrictEqual(read, index);
    ok(Deno.lstatSync(dir.path("fifo")).isFifo, "it is still a pipe");
  },
});

Deno.test({
  name: "chunks are 0644 and directories 0755, minus the umask or --umask",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("file", smallBlob());
    const [program, ...before] = cliCommand;
    for (const umask of share([0o000, 0o022, 0o027, 0o077], 2)) {
      const store = dir.path(`store-${umask}`);
      const args = [...before, "make", "-s", store, dir.path(`${umask}.caibx`), file];
      const octal = umask.toString(8).padStart(3, "0");
      // Half of them by the option, against what was inherited.
      const [inherited, option] = umask === 0o022 || umask === 0o077
        ? ["0", ["--umask", octal]]
        : [octal, []];
      await run("/bin/sh", ["-c", `umask ${inherited}; exec "$@"`, "sh", program, ...args, ...option]);
      const modes = (path: string, mode: number) =>
        strictEqual(
          Deno.statSync(path).mode! & 0o777,
          mode & ~umask,
          `${path} with umask ${umask.toString(8)}`,
        );
      modes(store, 0o755);
      modes(dir.path(`${umask}.caibx`), 0o666);
      for (const name of filesIn(store)) {
        modes(join(store, name.slice(0, 4)), 0o755);
        modes(join(store, name), 0o644);
      }
    }
  },
});

Deno.test({
  name: "an invalid umask is an error before anything is written",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const args = ["make", "-s", dir.path("store"), dir.path("index"), dir.write("file", "x")];
    for (const wrong of ["8", "1777"]) {
      assertFails(await runCli([...args, "--umask", wrong]), 2, wrong, "--umask", "octal");
    }
    deepStrictEqual(filesIn(dir.root), ["file"]);
  },
});

Deno.test({
  name: "a block device is cut, compared and chopped as the file that it holds",
  ignore: !hasLoopDevices,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("file", smallBlob().subarray(0, 440 * 1024));
    const index = await makes(dir, file, "-s", dir.path("of-file"));
    await using device = await attachLoopDevice(file);
    deepStrictEqual(await makes(dir, device.path, "-s", dir.path("of-device")), index);
    deepStrictEqual(contentOf(dir.path("of-device")), contentOf(dir.path("of-file")));
    strictEqual((await runCli(["verify-index", dir.path("made.caibx"), device.path])).code, 0);
    strictEqual(
      (await runCli(["chop", "-s", dir.path("chopped"), dir.path("made.caibx"), device.path])).code,
      0,
    );
    deepStrictEqual(contentOf(dir.path("chopped")), contentOf(dir.path("of-file")));
  },
});
