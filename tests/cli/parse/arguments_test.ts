/** What would lose something, or is written otherwise for desync, in the arguments and options of commands. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { attachLoopDevice, hasLoopDevices } from "../../support/system/loop_device.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

Deno.test("an input is never overwritten, whatever name it has", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const index = Deno.readFileSync(made.index);
  const other = dir.path("other name");
  Deno.linkSync(made.index, other);
  const store = ["-s", made.store];
  for (
    const args of [
      ["make", made.index, made.index],
      ["make", other, made.index],
      ["extract", ...store, made.index, other],
      ["extract", "-k", ...store, made.index, made.index],
      ["cat", ...store, made.index, made.index],
      ["inspect-chunks", made.index, other],
    ]
  ) {
    assertFails(await runCli(args), 2, "Cannot write", "input and output are the same file");
    deepStrictEqual(Deno.readFileSync(made.index), index, args.join(" "));
  }
  const tar = dir.write("x.tar", new Uint8Array(1024));
  assertFails(await runCli(["tar", "--input-format=tar", tar, tar]), 2, "input and output are the same file");
  strictEqual(Deno.statSync(tar).size, 1024);
});

Deno.test("make does not replace a file that is not an index when its input is an index", async () => {
  using dir = tempDir();
  const image = dir.write("image", "a large file");
  const index = dir.write("x.caibx", Deno.readFileSync(testdata("casync-small.caibx")));
  assertFails(await runCli(["make", image, index]), 2, "Cannot write", image, "the index comes first");
  strictEqual(Deno.readTextFileSync(image), "a large file");
  for (
    const output of [
      dir.write("old.caibx", Deno.readFileSync(index)),
      dir.write("empty", ""),
      dir.path("new"),
    ]
  ) {
    strictEqual((await runCli(["make", output, index])).code, 0);
  }
  strictEqual((await runCli(["make", index, image])).code, 0);
  strictEqual((await runCli(["make", image, dir.write("text", "text")])).code, 0);
});

Deno.test({
  name: "a block device is not overwritten when the arguments are swapped, or both name it",
  ignore: !hasLoopDevices,
  fn: async () => {
    using dir = tempDir();
    const image = dir.write("image", new Random(1).bytes(1_024_000));
    const before = Deno.readFileSync(image);
    const index = dir.write("x.caibx", Deno.readFileSync(testdata("casync-small.caibx")));
    await using device = await attachLoopDevice(image);
    const link = dir.path("link");
    Deno.symlinkSync(device.path, link);
    for (
      const args of [[device.path, index], [link, index], [device.path, link], [device.path, device.path]]
    ) {
      assertFails(await runCli(["make", ...args]), 2, "Cannot write", args[0]);
    }
    sameBytes(Deno.readFileSync(image), before);
  },
});

Deno.test("- is standard input or output, even if a file has that name", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  dir.write("here/-", "a file");
  const options = { stdin: Deno.readFileSync(made.index), cwd: dir.path("here") };
  const cat = await runCli(["cat", "-s", made.store, "-", "-"], options);
  deepStrictEqual([cat.code, cat.stderr, cat.stdoutBytes], [0, "", Uint8Array.from(made.bytes)]);
  const make = await runCli(["make", "-", "-"], options);
  deepStrictEqual([make.code, make.stderr], [0, ""]);
  strictEqual(Deno.readTextFileSync(dir.path("here/-")), "a file");
});

Deno.test({
  name: "cat writes through a symlink",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const real = dir.write("elsewhere/real", "old");
    Deno.symlinkSync("elsewhere/real", dir.path("link"));
    strictEqual((await runCli(["cat", "-s", made.store, made.index, dir.path("link")])).code, 0);
    sameBytes(Deno.readFileSync(real), made.bytes);
    ok(Deno.lstatSync(dir.path("link")).isSymlink);
    // What is open already is written to, not replaced.
    const open = dir.write("open", "old");
    Deno.linkSync(open, dir.path("same"));
    const cat = [...cliCommand, "cat", "-s", made.store, made.index, "/dev/stdout"];
    await run("sh", ["-c", '"$@" >"$OUT"', "sh", ...cat], { env: { OUT: open } });
    sameBytes(Deno.readFileSync(dir.path("same")), made.bytes);
  },
});

Deno.test("cat writes a file atomically", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const target = dir.write("out/target", "old");
  const cat = ["cat", "-s", made.store, made.index, target];
  strictEqual((await runCli(cat)).code, 0);
  sameBytes(Deno.readFileSync(target), made.bytes);
  Deno.writeTextFileSync(target, "old");
  Deno.writeTextFileSync(made.chunk(made.ids.length - 1), "no chunk");
  assertFails(await runCli(cat), 1, made.ids.at(-1)!);
  strictEqual(Deno.readTextFileSync(target), "old");
  deepStrictEqual(filesIn(dir.path("out")), ["target"]);
});

Deno.test({
  name: "options that may be repeated take several values with commas between, as in desync",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const pieces = somePieces();
    const made = makeBlob(dir, pieces, { name: "all" });
    const first = makeBlob(dir, pieces.slice(0, 1), { name: "first" });
    const rest = makeBlob(dir, pieces.slice(1), { name: "re,st" });
    for (const stores of [`${first.store},"${rest.store}"`, `"${rest.store}",${first.store}`]) {
      await run(peers.desync, ["extract", "-s", stores, made.index, dir.path("theirs")]);
      await run(peers.desync, ["cache", "-s", stores, "-c", dir.dir("theirs.castr"), made.index]);
      strictEqual((await runCli(["extract", "-s", stores, made.index, dir.path("ours")])).code, 0);
      sameBytes(Deno.readFileSync(dir.path("ours")), Deno.readFileSync(dir.path("theirs")));
    }
    const without = `${first.index},"${rest.index}"`;
    for (const program of ["theirs", "ours"]) {
      const args = [
        "chop",
        "-s",
        dir.dir(program + ".chop"),
        "--ignore",
        without,
        made.index,
        dir.path("ours"),
      ];
      if (program === "theirs") await run(peers.desync, args);
      else strictEqual((await runCli(args)).code, 0);
      deepStrictEqual(filesIn(dir.path(program + ".chop")), []);
    }
    assertFails(
      await runCli(["extract", "-s", `${first.store},`, made.index, dir.path("x")]),
      2,
      "it is empty",
    );
  },
});

Deno.test("where one store counts, the last one given is taken, as in desync", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const blob = dir.write("image", made.bytes);
  const [first, last] = [dir.path("first"), dir.dir("last")];
  const twice = ["-s", first, "--store", last];
  strictEqual((await runCli(["make", ...twice, dir.path("x.caibx"), blob])).code, 0);
  strictEqual((await runCli(["tar", "-i", ...twice, dir.path("x.caidx"), dir.dir("tree")])).code, 0);
  strictEqual((await runCli(["chop", ...twice, made.index, blob])).code, 0);
  strictEqual((await runCli(["verify", ...twice])).code, 0);
  strictEqual((await runCli(["prune", "-y", ...twice, made.index])).code, 0);
  const inspected = await runCli(["inspect-chunks", ...twice, made.index]);
  deepStrictEqual([inspected.code, inspected.stdout.includes("compressed_size")], [0, true]);
  deepStrictEqual(new Set(filesIn(last).map((path) => path.slice(5, 69))), new Set(made.ids));
  deepStrictEqual(filesIn(dir.root).filter((path) => path.startsWith("first")), []);
});

inTurn()("options may stand before the command, as for desync", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const programs = [cliCommand, ...(peers.desync === undefined ? [] : [[peers.desync]])];
  for (
    const before of [
      ["-s", made.store],
      [`-s=${made.store}`, "-n3"],
      ["--digest", "sha512-256", "-n", "3", "--store", made.store],
      [`--store=${made.store}`, "-k=true", "--verbose"],
    ]
  ) {
    for (const [program, ...args] of programs) {
      const out = dir.path("out");
      const { code, stderr } = await run(program, [...args, ...before, "extract", made.index, out]);
      strictEqual(code, 0, `${program} ${before.join(" ")}: ${stderr}`);
      sameBytes(Deno.readFileSync(out), made.bytes);
      Deno.removeSync(out);
    }
  }
  const switches = ["-k", "-s", made.store, "extract", made.index, dir.path("out")];
  strictEqual((await runCli(switches)).code, 0);
  const help = await runCli(["-s", made.store, "--help", "extract"]);
  deepStrictEqual([help.code, help.stdout.split("\n")[0]], [
    0,
    "Usage: desync extract [options] <index> <output>",
  ]);
  assertFails(await runCli(["-n", "3", "extrct"]), 2, "Unknown command extrct");
  assertFails(await runCli(["-s", "extract"]), 2, "Unknown option -s");
});

Deno.test({
  name: "a store whose name has a comma or looks like a host can be named",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces(), { name: "u@host:a,b" });
    const extract = (store: string) => runCli(["extract", "-s", store, made.index, "out"], { cwd: dir.root });
    assertFails(await extract(made.store), 2, "a comma separates stores", `-s '"${made.store}"'`);
    for (const store of [`"${made.store}"`, '"u@host:a,b"']) {
      const { code, stderr } = await extract(store);
      deepStrictEqual([code, stderr], [0, ""]);
      sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
    }
    const blob = dir.write("image", made.bytes);
    const make = await runCli(["make", "-s", "./u@other:a,b", dir.path("x.caibx"), blob], { cwd: dir.root });
    deepStrictEqual([make.code, make.stderr], [0, ""]);
    ok(filesIn(dir.path("u@other:a,b")).length > 0);
  },
});
