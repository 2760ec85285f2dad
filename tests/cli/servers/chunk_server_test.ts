/** chunk-server as a program: its options, what it reports, and how it ends. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { makeBlob, somePieces, storePath } from "../../support/made.ts";
import { endsWell, startDesyncServer } from "../../support/servers/desync_server.ts";
import { tempDir } from "../../support/temp.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";

const ignore = Deno.build.os === "windows" || !canServe();

/** The status and the body of an answer. */
async function ask(url: string, init?: RequestInit): Promise<[number, string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

Deno.test({
  name: "chunks of several stores, with a cache, a log, authorization, CORS and metrics",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const other = makeBlob(dir, [new Uint8Array(5000).fill(1)], { name: "other", form: "plain" });
    const cache = dir.path("cache");
    const log = dir.path("log");
    await using server = await startDesyncServer(dir, [
      ...["chunk-server", "-s", made.store, "-s", other.store, "-c", cache, "--log", log],
      ...["--cors", "https://example.com", "--metrics-listen", "127.0.0.1:0", "--skip-verify-write"],
      // Two addresses, of which one is a socket in the file system.
      ...["-l", `127.0.0.1:0,unix:${dir.path("socket")}`],
    ], { DESYNC_HTTP_AUTH: "Bearer secret" });
    const [url, socket, metrics] = server.urls;
    match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    strictEqual(socket, `unix:${dir.path("socket")}`);
    match(metrics, /^http:\/\/127\.0\.0\.1:\d+\/-\/metrics$/);
    ok(Deno.lstatSync(dir.path("socket")).isSocket);

    const path = storePath(made.ids[0], "zstd");
    const headers = { authorization: "Bearer secret", origin: "https://example.com" };
    const response = await fetch(`${url}/${path}?token=hidden`, { headers });
    deepStrictEqual(await response.bytes(), Deno.readFileSync(made.chunk(0)));
    strictEqual(response.headers.get("access-control-allow-origin"), "https://example.com");
    // In the other form, and from the other store.
    const plain = await fetch(`${url}/${storePath(made.ids[1], "plain")}`, { headers });
    deepStrictEqual(await plain.bytes(), somePieces()[1]);
    const converted = await fetch(`${url}/${storePath(other.ids[0], "zstd")}`, { headers });
    deepStrictEqual([converted.status, (await converted.bytes()).length < 100], [200, true]);
    deepStrictEqual(filesIn(cache).length, 3);

    deepStrictEqual(await ask(`${url}/${path}`), [401, "unauthorized\n"]);
    deepStrictEqual((await ask(`${url}/${path}`, { headers: { authorization: "Bearer other" } }))[0], 401);
    deepStrictEqual(await ask(`${url}/-/health`), [200, "ok\n"]);
    deepStrictEqual((await ask(`${url}/-/metrics`, { headers }))[0], 400);
    const numbers = (await ask(metrics))[1];
    match(numbers, /^desync_http_requests_total\{method="GET",status="401"\} 2$/m);
    match(numbers, /^desync_chunks_total\{from="store"\} 3$/m);
    strictEqual((await ask(`${url}/${path}`, { method: "PUT", headers, body: "x" }))[0], 400);

    await endsWell(server);
    const lines = Deno.readTextFileSync(log).split("\n");
    match(
      lines[0],
      new RegExp(`^127\\.0\\.0\\.1 - - \\[.*\\] "GET /${path} HTTP/1\\.1" 200 \\d+ "-" "Deno/.*"$`),
    );
    ok(!/secret|hidden/.test(lines.join()), lines.join());
    strictEqual(lines.filter((line) => line.includes('" 401 ')).length, 2);
  },
});

Deno.test({
  name: "uploads are verified, and stored as desync stores chunks",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const store = dir.path("new");
    await using server = await startDesyncServer(dir, [
      "chunk-server",
      "-s",
      store,
      "-w",
      "--log",
      "-",
      "--memory",
      "0",
    ]);
    const put = (path: string, body: Uint8Array<ArrayBuffer> | string) =>
      ask(server.url + path, { method: "PUT", body });
    const bytes = Deno.readFileSync(made.chunk(0));
    strictEqual((await put(storePath(made.ids[0], "zstd"), bytes))[0], 200);
    strictEqual(
      (await put(storePath(made.ids[1], "plain"), somePieces()[1] as Uint8Array<ArrayBuffer>))[0],
      200,
    );
    deepStrictEqual((await put(storePath(made.ids[2], "zstd"), bytes))[0], 400);
    deepStrictEqual((await put(storePath(made.ids[2], "zstd"), "no chunk"))[0], 400);
    deepStrictEqual((await put("../../escaped", bytes))[0], 400);
    deepStrictEqual(
      filesIn(store).sort(),
      [storePath(made.ids[0], "zstd"), storePath(made.ids[1], "zstd")].sort(),
    );
    deepStrictEqual(contentOf(store)[storePath(made.ids[0], "zstd")], bytes);
    await endsWell(server);
    strictEqual((await runCli(["verify", "-s", store])).code, 0);
  },
});

Deno.test({
  name: "--page serves a page and indexes beside the chunks, and nothing else of its directory",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    dir.write("page/index.html", '<html lang="en"><title>A page</title></html>');
    dir.write("page/x.caibx", "an index");
    dir.write("page/.hidden.js", "secret");
    dir.write("page/notes.txt", "secret");
    dir.write("outside.js", "secret");
    await using server = await startDesyncServer(dir, [
      ...["chunk-server", "-s", made.store, "--page", dir.path("page")],
    ]);
    const page = await fetch(server.url);
    strictEqual(page.headers.get("content-type"), "text/html; charset=utf-8");
    // The page asks for chunks where it is itself.
    strictEqual(await page.text(), '<html data-store="./" lang="en"><title>A page</title></html>');
    const headers = { "if-none-match": page.headers.get("etag")! };
    strictEqual((await ask(server.url, { headers }))[0], 304);
    strictEqual(await (await fetch(`${server.url}x.caibx`)).text(), "an index");
    strictEqual((await ask(server.url + storePath(made.ids[0], "zstd")))[0], 200);
    for (const path of [".hidden.js", "notes.txt", "..%2foutside.js", "x/../x.caibx%00", "none.js"]) {
      const [status, text] = await ask(server.url + path);
      deepStrictEqual([status, text.includes("secret"), path], [400, false, path]);
    }
    await endsWell(server);
  },
});

Deno.test({
  name: "-u serves the names of uncompressed chunks alone",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using server = await startDesyncServer(dir, ["chunk-server", "-s", made.store, "-u"]);
    const plain = await fetch(server.url + storePath(made.ids[0], "plain"));
    deepStrictEqual(await plain.bytes(), somePieces()[0]);
    strictEqual((await ask(server.url + storePath(made.ids[0], "zstd")))[0], 400);
    await endsWell(server);
  },
});

Deno.test({
  name: "what a damaged chunk does: passed on, or with --skip-verify-read=false found",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const path = storePath(made.ids[0], "zstd");
    Deno.writeTextFileSync(made.chunk(0), "no chunk");
    await using lax = await startDesyncServer(dir, ["chunk-server", "-s", made.store]);
    await using strict = await startDesyncServer(dir, [
      "chunk-server",
      "-s",
      made.store,
      "--skip-verify-read=false",
    ]);
    deepStrictEqual(await ask(lax.url + path), [200, "no chunk"]);
    strictEqual((await ask(strict.url + path))[0], 502);
    await strict.says(new RegExp(made.ids[0]));
    ok(!strict.stderr.includes("at "), strict.stderr);
  },
});

/** Words of `chunk-server`, the status, and what is said. */
const wrong: [words: string[], status: number, ...says: (string | RegExp)[]][] = [
  [[], 2, "Missing option -s, --store"],
  [["-s", "STORE", "-s", "STORE", "-w"], 2, "-w, --writable", "exactly one store"],
  [["-s", "STORE", "-c", "CACHE", "-w"], 2, "-w, --writable", "no cache"],
  [["-s", "ssh://127.0.0.1/x", "-w"], 1, "Cannot store chunks in ssh://127.0.0.1/x"],
  [["-s", "NONE"], 1, "NONE", "no such directory"],
  [["-s", "STORE", "--store-file", "FILE"], 2, "--store-file", "together with --store"],
  [["-c", "CACHE", "--store-file", "FILE"], 2, "--store-file", "together with --cache"],
  [["--store-file", "FILE"], 2, "the store file", "not JSON"],
  // What the configuration says of a store counts there as well.
  [["--config", "CONFIG", "--store-file", "STORES"], 2, "Cannot use STORE", "sets encryption for it"],
  [["--store-file", "NONE"], 1, "the store file", "no such file"],
  [["-s", "STORE", "-l", "8080"], 2, "--listen", "did you mean :8080?"],
  [["-s", "STORE", "-l", "127.0.0.1:0", "-l", "fd:77"], 1, "Cannot listen on fd:77"],
  [["-s", "STORE", "-l", "DIR/none/socket"], 1, "Cannot listen on unix:", "no such file or directory"],
  [["-s", "STORE", "--cert", "FILE"], 2, "Missing option --key"],
  [["-s", "STORE", "--cert", "FILE", "--key", "FILE"], 1, "--cert", "not in PEM"],
  [["-s", "STORE", "--mutual-tls"], 2, "Missing option --cert"],
  [["-s", "STORE", "--client-ca", "FILE"], 2, "Missing option --cert"],
  [["-s", "STORE", "--authorization", "a\nb"], 2, "--authorization", "a header cannot hold it"],
  [["-s", "STORE", "--authorization", ""], 2, "--authorization"],
  [["-s", "STORE", "--log", "NONE/log"], 1, "Cannot write the log", "no such file or directory"],
  [["-s", "STORE", "--log-format", "xml"], 2, "--log-format", "combined"],
  [["-s", "STORE", "--memory", "much"], 2, "--memory"],
  [["-s", "STORE", "--metrics-listen", "x"], 2, "--metrics-listen"],
  [["-s", "STORE", "--workers", "0"], 2, "--workers"],
  [["-s", "STORE", "--workers", "2", "-l", "DIR/socket"], 2, "--workers", "threads share only ports"],
  [["-s", "STORE", "extra"], 2, "Too many arguments"],
];
Deno.test({
  name: "wrong command lines are refused, each with one line",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const things: Record<string, string> = {
      STORE: made.store,
      CACHE: dir.path("cache"),
      NONE: dir.path("none"),
      FILE: dir.write("file", "text"),
      DIR: dir.root,
      STORES: dir.write("stores.json", JSON.stringify({ stores: [made.store] })),
      CONFIG: dir.write(
        "config.json",
        JSON.stringify({ "store-options": { [made.store]: { encryption: true } } }),
      ),
    };
    for (const [words, status, ...says] of wrong) {
      const filled = words.map((word) => word.replace(/^[A-Z]{3,}/, (name) => things[name]));
      const names = says.map((say) =>
        typeof say === "string" ? say.replace(/\b[A-Z]{3,}$/, (name) => things[name] ?? name) : say
      );
      const result = await runCli(["chunk-server", ...filled], { timeout: 20_000 });
      assertFails(result, status, ...names);
    }
  },
});

Deno.test("a variable that no header can hold is refused, unseen", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const env = { DESYNC_HTTP_AUTH: "Bearer secr\tet" };
  const result = await runCli(["chunk-server", "-s", made.store, "-l", "127.0.0.1:0"], {
    env,
    timeout: 20_000,
  });
  assertFails(result, 2, "DESYNC_HTTP_AUTH");
  ok(!result.stderr.includes("secr"));
});
