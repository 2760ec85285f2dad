/** The whole program as one file, which `deno task bundle` makes. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { canServe } from "../../src/deno/server/can_serve.ts";
import { cliCommand } from "../support/cli_command.ts";
import { peers } from "../support/peers.ts";
import { repository, run, runAny } from "../support/process.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { Daemon } from "../support/servers/daemon.ts";
import { freePort, listening } from "../support/servers/ports.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { cacheFor } from "../support/deno_dir.ts";
import { thorough } from "../support/thorough.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";

let dir: TempDir;
/** Where it is, alone but for a link to the test data. */
let file: string;

Deno.test.beforeAll(async () => {
  dir = tempDir();
  file = join(dir.dir("web"), "desync.js");
  await run(Deno.execPath(), ["run", "-A", join(repository, ".ci/bundle.ts"), file]);
  Deno.symlinkSync(join(repository, "testdata"), dir.path("web", "testdata"));
});

Deno.test.afterAll(() => dir[Symbol.dispose]());

/** Deno with this file. */
function program(file: string, ...args: string[]): string[] {
  return ["run", "-A", "--no-config", file, ...args];
}

Deno.test({
  name: "one file runs from nginx, which calls it a video, with its workers",
  ignore: !peers.nginx,
  fn: async () => {
    const env = await cacheFor(dir);
    await using server = await startNginx(dir.path("web"), { types: { js: "video/mp2t" } });
    const desync = async (...args: string[]) => {
      const { code, stderr } = await runAny(Deno.execPath(), program(`${server.url}desync.js`, ...args), {
        env,
      });
      strictEqual(code, 0, stderr);
    };
    const [store, index, target] = ["store", "made.caibx", "blob"].map((name) => dir.path(name));
    const data = `${server.url}testdata/`;
    await desync("extract", "-s", `${data}casync-zstd.castr`, `${data}casync-blob.caibx`, target);
    sameBytes(Deno.readFileSync(target), blob());
    await desync("make", "-s", store, index, target);
    sameBytes(Deno.readFileSync(index), Deno.readFileSync(testdata("casync-blob.caibx")));
    strictEqual((await server.requests()).filter((line) => line.includes("desync.js")).length, 1);
    if (!thorough) return;
    const smoke = ["run", "-A", join(repository, ".ci/smoke.ts")];
    await run(Deno.execPath(), [...smoke, Deno.execPath(), ...program(file)]);
  },
});

Deno.test("one file has all commands and their options", async () => {
  const completion = ["completion", "bash"];
  const [here, there] = await Promise.all([
    run(Deno.execPath(), program(file, ...completion)),
    run(cliCommand[0], [...cliCommand.slice(1), ...completion]),
  ]);
  ok(here.stdout.length > 1000);
  strictEqual(here.stdout, there.stdout);
});

Deno.test(
  "one file has the other threads of a server",
  { ignore: Deno.build.os !== "linux" || !canServe() },
  async () => {
    const port = freePort();
    const args = [
      "chunk-server",
      "-s",
      testdata("casync-zstd.castr"),
      "-l",
      `127.0.0.1:${port}`,
      "--workers",
      "2",
    ];
    await using server = new Daemon(Deno.execPath(), program(file, ...args));
    await listening(server, port);
    const index = testdata("casync-blob.caibx");
    const extracted = await runAny(
      Deno.execPath(),
      program(file, "extract", "-s", `http://127.0.0.1:${port}/`, index, dir.path("another")),
    );
    deepStrictEqual([extracted.code, extracted.stderr], [0, ""]);
    server.signal("SIGTERM");
    strictEqual((await server.status).code, 0);
  },
);
