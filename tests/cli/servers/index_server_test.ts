/** index-server as a program. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { run } from "../../support/process.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { endsWell, startDesyncServer } from "../../support/servers/desync_server.ts";
import { tempDir } from "../../support/temp.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";

const ignore = Deno.build.os === "windows" || !canServe();

Deno.test({
  name: "indexes are read and replaced by their names, and nothing else is reached",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const index = Deno.readFileSync(made.index);
    const secret = dir.write("secret.caibx", index);
    const directory = dir.dir("indexes");
    dir.write("indexes/sub/inner.caibx", index);
    dir.write("indexes/note", "text");
    dir.write("indexes/damaged.caibx", "text");
    await run("mkfifo", [dir.path("indexes", "pipe.caibx")]);
    dir.dir("indexes/directory.caibx");
    await using server = await startDesyncServer(dir, ["index-server", "-s", directory, "-w"]);
    const put = async (name: string, headers: Record<string, string> = {}) => {
      const response = await fetch(server.url + name, { method: "PUT", body: index, headers });
      await response.body?.cancel();
      return response.status;
    };
    const get = async (name: string) => {
      const response = await fetch(server.url + name);
      return response.status === 200
        ? await response.bytes()
        : (await response.body?.cancel(), response.status);
    };
    strictEqual(await put("new.caibx"), 200);
    deepStrictEqual(Deno.readFileSync(dir.path("indexes", "new.caibx")), index);
    deepStrictEqual(await get("new.caibx"), index);
    strictEqual(await put("new.caibx", { "if-none-match": "*" }), 412);
    strictEqual(await get("none.caibx"), 404);
    for (
      const name of [
        "",
        "..%2fsecret.caibx",
        "sub/inner.caibx",
        "sub%2finner.caibx",
        "sub",
      ]
    ) {
      ok(Number(await get(name)) >= 400, name);
      ok(await put(name) >= 400, name);
    }
    // What is no index is not served, and a pipe without a writer keeps nobody waiting.
    ok(Number(await get("note")) >= 400);
    for (const name of ["damaged.caibx", "pipe.caibx", "directory.caibx"]) {
      strictEqual(await get(name), 502, name);
    }
    // Nor replaced, whatever the conditions are.
    for (const name of ["pipe.caibx", "directory.caibx"]) {
      strictEqual(await put(name), 409, name);
      strictEqual(await put(name, { "if-none-match": "*" }), 409, name);
    }
    await server.says(/damaged\.caibx/);
    Deno.removeSync(dir.path("indexes", "pipe.caibx"));
    deepStrictEqual(filesIn(directory).sort(), ["damaged.caibx", "new.caibx", "note", "sub/inner.caibx"]);
    deepStrictEqual(Deno.readFileSync(secret), index);
    const metrics = await (await fetch(`${server.url}-/metrics`)).text();
    match(metrics, /desync_http_requests_total\{method="PUT",status="200"\} 1/);
    await endsWell(server);
  },
});

Deno.test({
  name: "indexes at a URL are passed on, and a server that fails is not a missing index",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using upstream = await startFaultyServer({
      "/a%20b.caibx": { body: Deno.readFileSync(made.index) },
      "/broken.caibx": { status: 500 },
      "/other.caibx": { body: "no index" },
    });
    await using server = await startDesyncServer(dir, ["index-server", "-s", upstream.url, "-e", "1"]);
    const read = await runCli(["list-chunks", `${server.url}a%20b.caibx`]);
    deepStrictEqual([read.code, read.stderr], [0, ""]);
    const statuses = await Promise.all(["broken.caibx", "other.caibx", "none.caibx"].map(async (name) => {
      const response = await fetch(server.url + name);
      const text = await response.text();
      // Nothing about the server behind.
      ok(!text.includes(String(upstream.port)), text);
      return response.status;
    }));
    deepStrictEqual(statuses, [502, 502, 404]);
    await endsWell(server);
  },
});

Deno.test("wrong command lines of index-server are refused", async () => {
  using dir = tempDir();
  const file = dir.write("file", "text");
  const wrong: [string[], number, string][] = [
    [[], 2, "Missing option -s, --store"],
    [["-s", `${dir.root}/none`], 1, "no such file or directory"],
    [["-s", file], 2, "not a directory"],
    [["-s", "ssh://127.0.0.1/x"], 2, "ssh://127.0.0.1/x"],
  ];
  for (const [words, status, says] of wrong) {
    const result = await runCli(["index-server", "-l", "127.0.0.1:0", ...words], { timeout: 20_000 });
    assertFails(result, status, says);
  }
});
