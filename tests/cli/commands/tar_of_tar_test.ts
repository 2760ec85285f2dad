/** `tar --input-format tar`. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { peers } from "../../support/peers.ts";
import { run, runAny } from "../../support/process.ts";
import { member, pax, tarOf } from "../../support/data/tar_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { someTree } from "../../support/data/some_tree.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

inTurn()({
  name: "tar of a tar from a named pipe ends when it is interrupted, with a writer and without",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const pipe = dir.path("pipe");
    await run("mkfifo", [pipe]);
    const [program, ...before] = cliCommand;
    dir.dir("out");
    for (const written of [true, false]) {
      const child = new Deno.Command(program, {
        args: [...before, "tar", "--progress=json", "--input-format=tar", dir.path("out/x"), pipe],
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const reader = child.stderr.getReader();
      // The first line comes when it has begun.
      await reader.read();
      // Opened for reading as well, so that neither end waits for the other here.
      using writer = written ? Deno.openSync(pipe, { read: true, write: true }) : undefined;
      writer?.writeSync(new Uint8Array(10));
      const giveUp = setTimeout(() => child.kill("SIGKILL"), 30_000);
      child.kill("SIGINT");
      while (!(await reader.read()).done);
      strictEqual((await child.status).code, 130);
      clearTimeout(giveUp);
      deepStrictEqual(filesIn(dir.path("out")), []);
    }
  },
});

inTurn()("tar of a tar that changes meanwhile fails: its bytes are of no version", async () => {
  using dir = tempDir();
  const size = 64 * 1024 * 1024;
  const source = dir.write("t.tar", member("file", { size: size.toString(8).padStart(11, "0") }));
  Deno.truncateSync(source, 512 + size + 1024);
  const [program, ...before] = cliCommand;
  const child = new Deno.Command(program, {
    args: [...before, "tar", "--input-format=tar", "-", source],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // By now it has been looked through, and no more is read than somebody takes.
  const reader = child.stdout.getReader();
  await reader.read();
  Deno.writeFileSync(source, member("other"), { append: true });
  while (!(await reader.read()).done);
  const stderr = await new Response(child.stderr).text();
  strictEqual(stderr, `desync: Cannot use ${source}: it changed while it was read\n`);
  strictEqual((await child.status).code, 1);
});

Deno.test({
  name: "tar of a tar gives the archive of the tree that is in it, from a file and from standard input",
  ignore: Deno.build.os === "windows" || !peers.tar,
  fn: async () => {
    using dir = tempDir();
    const tree = someTree(dir);
    dir.write("tree/left/out", "x");
    const packed = dir.path("x.tar");
    const made = await runAny(peers.tar!, ["--format=pax", "--xattrs", "-C", tree, "-cf", packed, "."]);
    strictEqual(made.code, 0, made.stderr);
    const direct = await runCli(["tar", "--exclude=/left", "-", tree]);
    const ways: [string, Uint8Array?][] = [[packed], ["-", Deno.readFileSync(packed)]];
    for (const [source, stdin] of ways) {
      const args = ["tar", "--input-format", "tar", "--exclude=/left", "-", source];
      const { code, stderr, stdoutBytes } = await runCli(args, { stdin });
      deepStrictEqual([code, stderr], [0, ""]);
      deepStrictEqual(stdoutBytes, direct.stdoutBytes);
    }
  },
});

Deno.test("tar reports times that archives cannot hold, with status 3", async () => {
  using dir = tempDir();
  const held = [pax([["mtime", "10413792000.5"]]), member("./d/held")];
  const packed = dir.write(
    "x.tar",
    tarOf(member("./", { type: "5" }), member("./d/", { type: "5" }), ...held),
  );
  const args = ["tar", "--input-format", "tar", "-", packed];
  const good = await runCli(args);
  deepStrictEqual([good.code, good.stderr], [0, ""]);
  const lost = [pax([["mtime", "-3000000000.000000001"]]), member("./d/lost")];
  dir.write("x.tar", tarOf(member("./", { type: "5" }), member("./d/", { type: "5" }), ...held, ...lost));
  const bad = await runCli(args);
  assertFails(bad, 3, "1 files", "1901", "d/lost");
  const listed = await runCli(["mtree", "-"], { stdin: good.stdoutBytes });
  match(listed.stdout, /d\/held .*time=10413792000\.500000000/);
});

Deno.test("-x changes nothing for a tar", async () => {
  using dir = tempDir();
  const packed = dir.write("x.tar", tarOf(member("./", { type: "5" }), member("./a", { content: "x" })));
  const plain = await runCli(["tar", "--input-format", "tar", "-", packed]);
  const { code, stderr, stdoutBytes } = await runCli(["tar", "-x", "--input-format", "tar", "-", packed]);
  deepStrictEqual([code, stderr, stdoutBytes], [0, "", plain.stdoutBytes]);
});
