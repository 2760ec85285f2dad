/** What happens when nobody is at the other end of a pipe, or nobody any more. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { directory, file } from "../../support/data/archive_bytes.ts";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { exists } from "../../support/exists.ts";
import { type Made, makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { run, runAny, untilListening } from "../../support/process.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { blob } from "../../support/testdata.ts";
import { pairs } from "../../support/thorough.ts";

const windows = Deno.build.os === "windows";

/** Runs the command line when nobody reads its standard output any more. */
async function runUnread(args: string[]): Promise<{ code: number; stderr: string }> {
  const [program, ...before] = cliCommand;
  const child = new Deno.Command(program, {
    args: [...before, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  return { code, stderr };
}

async function stopped(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await child.status;
}

Deno.test({
  name: "verify continues when its output is closed, with the right exit status",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    for (const [i] of made.ids.entries()) Deno.writeTextFileSync(made.chunk(i), "no chunk");
    deepStrictEqual(await runUnread(["verify", "-s", made.store]), { code: 1, stderr: "" });
    deepStrictEqual(await runUnread(["verify", "-r", "-s", made.store]), { code: 3, stderr: "" });
    strictEqual(made.ids.some((_, i) => exists(made.chunk(i))), false);
  },
});

Deno.test({
  name: "an index whose reader closes early is reported by the status alone",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const args = ["make", "-m", "1b:64b:256b", "-", dir.write("file", blob())];
    deepStrictEqual(await runUnread(args), { code: 141, stderr: "" });
  },
});

Deno.test({
  name: "an invalid archive is reported although its list is not read",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const short = dir.write("short.catar", directory([["a", file("x")]]).subarray(0, 100));
    for (const command of ["list", "mtree"]) {
      const { code, stderr } = await runUnread([command, short]);
      strictEqual(code, 1);
      match(stderr, /^desync: Cannot read the archive .*short\.catar: .*ends after 100 bytes.*\n$/);
    }
  },
});

Deno.test({
  name: "a program under nohup survives the end of the terminal",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const pipe = dir.path("pipe");
    await run("mkfifo", [pipe]);
    for (const [trap, status] of [["trap '' HUP", 0], ["true", 130]] as const) {
      const child = new Deno.Command("sh", {
        args: ["-c", `${trap}; exec "$@"`, "sh", ...cliCommand, "list-chunks", pipe],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await untilListening(child, "SIGINT");
      child.kill("SIGHUP");
      // Waits until the pipe is read, in a program of its own that can be ended when it never is.
      const feed = 'exec cat "$1" >"$2"';
      const writer = status === 0
        ? new Deno.Command("sh", { args: ["-c", feed, "sh", made.index, pipe], stdin: "null" }).spawn()
        : undefined;
      strictEqual((await child.status).code, status);
      if (writer !== undefined) await stopped(writer);
    }
  },
});

/** The words of a command that waits for somebody at the other end of the pipe. */
const waits: [name: string, words: (made: Made, pipe: string, dir: TempDir) => string[]][] = [
  ["an index", (_, pipe) => ["list-chunks", pipe]],
  ["a list of chunks", ({ index, store }, pipe) => ["prune", "-s", store, "--keep-chunks", pipe, index]],
  ["sizes of chunks", ({ index }, pipe) => ["info", "--chunks-info", pipe, index]],
  ["the reader of a list", ({ index }, pipe) => ["inspect-chunks", index, pipe]],
  ["the reader of an index", (_, pipe, dir) => ["make", pipe, dir.write("file", "text")]],
];

for (const [[name, words], signal] of pairs(waits, ["SIGINT", "SIGTERM"] as const)) {
  Deno.test({
    name: `${signal} is handled while the program waits for ${name}`,
    ignore: windows,
    fn: async () => {
      using dir = tempDir();
      const made = makeBlob(dir, somePieces());
      const pipe = dir.path("pipe");
      await run("mkfifo", [pipe]);
      const [program, ...before] = cliCommand;
      const child = new Deno.Command(program, {
        args: [...before, ...words(made, pipe, dir)],
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const giveUp = setTimeout(() => child.kill("SIGKILL"), 120_000);
      await untilListening(child, signal);
      child.kill(signal);
      const { code, stderr } = await child.output();
      clearTimeout(giveUp);
      strictEqual(code, 130);
      match(new TextDecoder().decode(stderr), /desync: Interrupted\n$/);
    },
  });
}

Deno.test({
  name: "indexes and lists may come from pipes, and go to them",
  ignore: windows || !peers.bash,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const script = '"$0" "$@" <(cat $INDEX) && "$0" "$@" --ignore-chunks <(head -1 $IDS) $INDEX';
    const listed = await runCli(["list-chunks", made.index]);
    const ids = dir.write("ids", listed.stdout);
    const cached = await runAny(peers.bash!, [
      "-c",
      script,
      ...cliCommand,
      "cache",
      "-s",
      made.store,
      "-c",
      dir.path("CACHE"),
    ], { env: { INDEX: made.index, IDS: ids } });
    deepStrictEqual([cached.code, cached.stderr], [0, ""]);
    const [program, ...before] = cliCommand;
    const sizes = ["-c", '"$@" inspect-chunks $INDEX >(cat >$OUT); wait', "bash", program, ...before];
    await run(peers.bash, sizes, { env: { INDEX: made.index, OUT: dir.path("sizes") } });
    strictEqual(
      (await runCli(["inspect-chunks", made.index])).stdout,
      Deno.readTextFileSync(dir.path("sizes")),
    );
  },
});
