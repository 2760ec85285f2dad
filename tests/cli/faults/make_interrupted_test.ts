/** make that is killed, stopped or misled in the middle: no wrong chunk, no wrong index. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { joined } from "../../support/data/joined.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { amount, share } from "../../support/thorough.ts";

const windows = Deno.build.os === "windows";

const OLD = "the old content";

/** A chunk that has no name yet, or has it: it gets it when the disk has it. */
const STAGED = /^[0-9a-f]{4}\/\.tmp-cacnk|\.cacnk$/;

const CHUNK = /^([0-9a-f]{4})\/\1[0-9a-f]{60}\.cacnk$/;

/** A file that takes a while: level 22 of these options is slow, and the groups that workers take are small. */
const SLOWLY = ["-m", "1:4:16", "--compression-level", "22"];

function writeSlowFile(dir: TempDir, megabytes: number): string {
  const noise = new Random(4).bytes(750_000);
  const text = new TextEncoder().encode(noise.toBase64());
  return dir.write("slow", joined(Array.from({ length: megabytes }, (_, i) => text.map((byte) => byte ^ i))));
}

/** Starts `make` into the directory `store`; `running` is to be ended by the test. Returns once chunks are there. */
async function startSlowMake(
  dir: TempDir,
  file: string,
): Promise<{ child: Deno.ChildProcess; index: string }> {
  const [program, ...before] = cliCommand;
  const index = dir.path("out/slow.caibx");
  const store = dir.dir("store");
  const args = [...before, "make", "-s", store, ...SLOWLY, index, file];
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  while (!filesIn(store).some((name) => STAGED.test(name))) await new Promise((r) => setTimeout(r, 2));
  return { child, index };
}

Deno.test({
  name: "killed in the middle, it leaves no wrong chunk and no index, and the next run completes the store",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const file = writeSlowFile(dir, amount(1, 8));
    const { child, index } = await startSlowMake(dir, file);
    child.kill("SIGKILL");
    await child.stderr.cancel();
    strictEqual((await child.status).signal, "SIGKILL");
    const store = dir.path("store");
    deepStrictEqual(filesIn(dir.dir("out")), []);
    const verified = await runCli(["verify", "-s", store]);
    deepStrictEqual([verified.code, verified.stdout], [0, ""]);
    const left = filesIn(store).length;
    const result = await runCli(["make", "-s", store, "-m", "1:4:16", index, file]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    ok(filesIn(store).length > left, "it was killed before its end");
    strictEqual((await runCli(["extract", "-s", store, index, dir.path("extracted")])).code, 0);
    sameBytes(Deno.readFileSync(dir.path("extracted")), Deno.readFileSync(file));
  },
});

Deno.test({
  name: "Ctrl-C ends it with status 130, whole chunks and the old index",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const file = writeSlowFile(dir, amount(1, 8));
    dir.write("out/slow.caibx", OLD);
    const { child, index } = await startSlowMake(dir, file);
    child.kill("SIGINT");
    const { code, stderr } = await child.output();
    strictEqual(code, 130);
    match(
      new TextDecoder().decode(stderr),
      /Interrupted \(the chunks stored so far are kept in .*store: the same command goes on from there\)\n$/,
    );
    deepStrictEqual(filesIn(dir.path("out")), ["slow.caibx"]);
    strictEqual(Deno.readTextFileSync(index), OLD);
    const store = dir.path("store");
    ok(filesIn(store).every((name) => CHUNK.test(name)), "nothing but chunks");
    const { code: verified, stdout } = await runCli(["verify", "-s", store]);
    deepStrictEqual([verified, stdout], [0, ""]);
  },
});

Deno.test({
  name: "Ctrl-C ends the wait for a standard input that gives nothing",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const [program, ...before] = cliCommand;
    const fifo = dir.path("fifo");
    await run("mkfifo", [fifo]);
    for (const args of [["make", dir.path("x.caibx"), "-"], ["make", "-s", dir.path("store"), "-", "-"]]) {
      const command = ["-c", 'exec "$@" <> "$0"', fifo, program, ...before, ...args, "--progress", "json"];
      const child = new Deno.Command("/bin/sh", {
        args: command,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const stderr = child.stderr.getReader();
      await stderr.read(); // it has begun
      child.kill("SIGINT");
      const { code } = await child.status;
      strictEqual(code, 130);
      await stderr.cancel();
      strictEqual((await new Response(child.stdout).bytes()).length, 0);
    }
    ok(!exists(dir.path("x.caibx")));
  },
});

const changes: [name: string, change: (file: string) => void, says: RegExp][] = [
  ["changes", (file) => {
    using open = Deno.openSync(file, { write: true });
    open.seekSync(900_000, Deno.SeekMode.Start);
    open.writeSync(new Uint8Array(10));
  }, /changed while it was read/],
  ["grows", (file) => Deno.writeTextFileSync(file, "more", { append: true }), /changed while it was read/],
  ["shrinks", (file) => Deno.truncateSync(file, 100_000), /ends at byte 100000|changed while it was read/],
  ["is replaced", (file) => {
    Deno.copyFileSync(file, `${file}-2`);
    const { mtime, atime } = Deno.statSync(file);
    Deno.utimeSync(`${file}-2`, atime!, mtime!);
    Deno.renameSync(`${file}-2`, file);
  }, /changed while it was read/],
  ["goes away", (file) => Deno.removeSync(file), /no such file/],
];
for (const [name, change, says] of share(changes, 3)) {
  Deno.test({
    name: `a file that ${name} while it is read is noticed, and there is no index`,
    ignore: windows,
    fn: async () => {
      using dir = tempDir();
      const file = writeSlowFile(dir, 1);
      dir.write("out/slow.caibx", OLD);
      const { child, index } = await startSlowMake(dir, file);
      change(file);
      const { code, stderr } = await child.output();
      assertFails(
        { code, stderr: new TextDecoder().decode(stderr), stdout: "", stdoutBytes: stderr },
        1,
        file,
        says,
      );
      strictEqual(Deno.readTextFileSync(index), OLD);
      deepStrictEqual(filesIn(dir.path("out")), ["slow.caibx"]);
    },
  });
}
