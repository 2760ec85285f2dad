/** The log of a server on its standard output. */
import { match, ok, strictEqual } from "node:assert/strict";
import { cliCommand } from "../../support/cli_command.ts";
import { peers } from "../../support/peers.ts";
import { Daemon } from "../../support/servers/daemon.ts";
import { tempDir } from "../../support/temp.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";

/** More lines than a pipe and the memory for them hold. */
const REQUESTS = 6000;

/** They have one log. */
const workers = Deno.build.os === "linux" ? ["--workers", "2"] : [];

Deno.test({
  name: "a log that is not read stops neither the answers nor the end",
  ignore: Deno.build.os === "windows" || !canServe(),
  fn: async () => {
    using dir = tempDir();
    const [program, ...args] = cliCommand;
    const server = new Deno.Command(program, {
      args: [...args, "chunk-server", "-s", dir.dir("store"), "-l", "127.0.0.1:0", "--log", "-", ...workers],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = server.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let errors = "";
    const says = async (pattern: RegExp) => {
      while (!pattern.test(errors)) {
        const { value } = await reader.read();
        ok(value !== undefined, errors);
        errors += value;
      }
      return pattern.exec(errors)!;
    };
    const [url] = await says(/http:\/\/127\.0\.0\.1:\d+/);
    const get = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return [response.status, await response.text()];
    };
    const path = `/${"x".repeat(300)}`;
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (let i = 0; i < REQUESTS / 16; i++) strictEqual((await get(path))[0], 400);
      }),
    );
    await says(/Cannot write the log: its reader does not read \(continuing without the log\)/);
    match((await get("/-/health")).join(" "), /^200 ok/);
    strictEqual(errors.match(/Cannot write/g)?.length, 1, errors);
    server.kill("SIGTERM");
    strictEqual((await server.status).code, 0);
    await reader.cancel();
    await server.stdout.cancel();
  },
});

Deno.test({
  name: "a log whose reader has gone is reported, and the answers go on",
  ignore: !peers.bash || Deno.build.os === "windows" || !canServe(),
  fn: async () => {
    using dir = tempDir();
    const errors = dir.write("errors", "");
    const words = [...cliCommand, "chunk-server", "-s", dir.dir("store"), "-l", "127.0.0.1:0", "--log", "-"];
    // The reader ends at once; the shell's process becomes the server.
    const script = 'exec "$@" 2>"$0" > >(exec true)';
    await using daemon = new Daemon(peers.bash!, ["-c", script, errors, ...words]);
    const said = (pattern: RegExp) => pattern.exec(Deno.readTextFileSync(errors));
    ok(await daemon.waitUntil(() => said(/http:\S+/) !== null));
    const [url] = said(/http:\S+/)!;
    const problem = /Cannot write the log: its reader has closed it \(continuing without the log\)/;
    for (let i = 0; i < 100 && said(problem) === null; i++) {
      strictEqual(await (await fetch(`${url}/-/health`)).text(), "ok\n");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    match(Deno.readTextFileSync(errors), problem);
  },
});
