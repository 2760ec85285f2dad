/** Small limits of open files: fewer threads and connections, or one line that says what is needed. */
import { ok, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path";
import { share } from "../../../src/deno/files/open_files.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { filesIn } from "../../support/files.ts";
import { makeBlob } from "../../support/made.ts";
import { runAny, type RunResult } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { share as some } from "../../support/thorough.ts";

Deno.test("what can be afforded grows with the limit and never exceeds it", () => {
  let before = { threads: 0, connections: 0 };
  for (let limit = 50; limit < 100_000; limit += 1 + Math.floor(limit / 7)) {
    const now = share(limit, 25);
    ok(now.threads >= 1 && now.connections >= 1);
    ok(25 + 5 * now.threads + now.connections < limit, `${limit}: ${JSON.stringify(now)}`);
    ok(now.threads >= before.threads && now.threads + now.connections >= before.connections);
    before = now;
  }
  ok(before.threads > 100 && before.connections > 1000);
});

/** Runs the command line with a limit of open files. */
async function withLimit(limit: number, args: string[]): Promise<RunResult> {
  return await runAny("/bin/sh", ["-c", `ulimit -n ${limit}; exec "$@"`, "sh", ...cliCommand, ...args]);
}

Deno.test({
  name:
    "under small limits a command works, or reports in one line which it needs, and leaves nothing behind",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(1);
    const pieces = Array.from({ length: 100 }, () => noise.bytes(3000));
    const made = makeBlob(dir, pieces);
    const file = dir.write("file", made.bytes);
    await using server = await startFaultyServer({}, ({ path }) => {
      return { body: Deno.readFileSync(join(made.store, path)), delay: 10 };
    });
    const target = dir.path("out", "target");
    const commands = [
      ["extract", "-s", made.store, made.index, target],
      ["extract", "-s", server.url, made.index, target],
      ["extract", "-n", "200", "-s", server.url, "-s", made.store, made.index, target],
      ["cat", "-s", server.url, made.index, target],
      ["cache", "-s", server.url, "-c", dir.path("cache"), made.index],
      ["make", "-s", dir.path("made"), dir.path("made.caibx"), file],
      ["verify", "-s", made.store],
    ];
    for (const [turn, command] of some(commands, 4).entries()) {
      const refused = await withLimit(30, command);
      assertFails(refused, 1, "limit of 30 open files", /at least \d+ are needed/, "ulimit -n");
      strictEqual(filesIn(dirname(target)).length, 0);
      const needed = Number(/at least (\d+)/.exec(refused.stderr)?.[1]);
      // A few more than it said: its own pipes may be other ones.
      for (const limit of some([needed + 2, 64], 1, turn)) {
        const { code, stderr } = await withLimit(limit, command);
        strictEqual(`${code} ${stderr}`, "0 ", `${command.join(" ")} with ${limit}`);
      }
      if (command.includes(target)) {
        sameBytes(Deno.readFileSync(target), made.bytes);
        Deno.removeSync(target);
      }
    }
  },
});
