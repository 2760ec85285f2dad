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
import { takingTurns, thorough } from "../support/thorough.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";

const inTurn = takingTurns(2, import.meta.url);

let dir: TempDir;
/** Where it is, alone but for a link to the test data. */
let file: string;

Deno.test.beforeAll(async () => {
  dir = tempDir();
  file = join(dir.dir("web"), "desync.js");
  await run(Deno.execPath(), ["run", "-A", join(repository, ".ci/bundle.ts"), file]);
  env = await cacheFor(dir);
  Deno.symlinkSync(join(repository, "testdata"), dir.path("web", "testdata"));
});

Deno.test.afterAll(() => dir[Symbol.dispose]());

/** Where what Deno downloads is kept. */
let env: Record<string, string>;

/** Deno with this file. */
function program(file: string, ...args: string[]): string[] {
  return ["run", "-A", "--no-config", file, ...args];
}

inTurn()({
  name: "one file runs from nginx, which calls it a video, with its workers",
  ignore: !peers.nginx,
  fn: async () => {
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

/** The real Apache over the directory, with Debian's media types; its one process ends with the test. */
async function startApache(root: string, port: number): Promise<Daemon> {
  const conf = dir.write(
    "apache.conf",
    `ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${dir.path("apache.pid")}
ErrorLog ${dir.path("apache.log")}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
TypesConfig ${dir.write("mime.types", "text/javascript js\ntext/vnd.trolltech.linguist ts\n")}
DocumentRoot ${root}
`,
  );
  const server = new Daemon(peers.apache2!, ["-X", "-f", conf]);
  await listening(server, port);
  return server;
}

inTurn()({
  name: "one file runs from Apache with the media types of Debian",
  ignore: !peers.apache2,
  fn: async () => {
    const port = freePort();
    await using _ = await startApache(dir.path("web"), port);
    const url = `http://127.0.0.1:${port}/`;
    const target = dir.path("from-apache");
    const args = [
      "extract",
      "-s",
      `${url}testdata/casync-zstd.castr`,
      `${url}testdata/casync-blob.caibx`,
      target,
    ];
    const { code, stderr } = await runAny(Deno.execPath(), program(`${url}desync.js`, ...args), { env });
    strictEqual(code, 0, stderr);
    sameBytes(Deno.readFileSync(target), blob());
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

inTurn()(
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
