import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { HttpServer } from "../../../src/deno/server/http_server.ts";
import { parseListenAddress } from "../../../src/deno/server/listen_address.ts";
import { RawClient } from "../../support/servers/raw_client.ts";
import { tempDir } from "../../support/temp.ts";
import { unixTest } from "./unix_request.ts";
import { get, large, release, startToy, test, toy, until } from "./toy_server.ts";

test("requests are answered", async () => {
  await using one = await startToy();
  const response = await fetch(`${one.url}/a%2fb?secret=1`, { headers: { "x-test": "yes" } });
  strictEqual(await response.text(), "GET /a%2fb yes");
  strictEqual(response.headers.get("content-length"), "14");
  const head = await fetch(`${one.url}/a`, { method: "HEAD" });
  deepStrictEqual([await head.text(), head.headers.get("content-length")], ["", "9"]);
  const counted = await fetch(`${one.url}/count`, { method: "PUT", body: new Uint8Array(3_000_000) });
  strictEqual(await counted.text(), "3000000");
  const none = await fetch(`${one.url}/none`);
  deepStrictEqual([none.status, await none.text(), none.headers.get("etag")], [304, "", '"x"']);
  const whole = await (await fetch(`${one.url}/large`)).bytes();
  ok(whole.length === large.length && whole.every((byte) => byte === 7));
  await until(() => one.answered.length === 5);
  deepStrictEqual(
    one.answered.map(({ method, path, status, sentBytes }) => [method, path, status, sentBytes]),
    [
      ["GET", "/a%2fb", 200, 14],
      ["HEAD", "/a", 200, 0],
      ["PUT", "/count", 200, 7],
      ["GET", "/none", 304, 0],
      ["GET", "/large", 200, large.length],
    ],
  );
  deepStrictEqual([one.answered[0].client, one.answered[0].protocol], ["127.0.0.1", "HTTP/1.1"]);
});

test("a response that is sent again has the same headers, and those that its request asks for", async () => {
  await using one = await startToy();
  const request = (method: string, more = "", version = "1.1") =>
    `${method} /shared HTTP/${version}\r\nhost: a\r\n${more}\r\n`;
  const answer = "HTTP/1.1 203 Non-Authoritative Information\r\nx-shared: yes\r\ncontent-length: 6\r\n" +
    "Date: \\w+, \\d+ \\w+ \\d+ \\d+:\\d+:\\d+ GMT\r\nConnection: (keep-alive|close)\r\n\r\n(shared)?";
  const answers = new RegExp(answer, "g");
  const ask = async (...requests: string[]) => {
    using client = new RawClient(one.port, requests.join(""));
    const received = await client.closed;
    strictEqual(received.replaceAll(answers, ""), "");
    return [...received.matchAll(answers)].map(([, connection, body = ""]) => `${connection} ${body}`);
  };
  const usual = Array<string>(3).fill("keep-alive shared");
  const close = "connection: close\r\n";
  const three = Array<string>(3).fill(request("GET"));
  deepStrictEqual(await ask(...three, request("HEAD"), request("GET", close)), [
    ...usual,
    "keep-alive ",
    "close shared",
  ]);
  deepStrictEqual(await ask(...three, request("HEAD", close)), [...usual, "close "]);
  deepStrictEqual(await ask(...three, request("GET", "", "1.0")), [...usual, "close shared"]);
  deepStrictEqual(
    one.answered.map(({ status, complete }) => [status, complete]),
    Array(13).fill([203, true]),
  );
});

test("a handler that fails is answered for", async () => {
  await using one = await startToy();
  const response = await fetch(`${one.url}/throw`);
  deepStrictEqual([response.status, await response.text()], [500, "the server failed\n"]);
  match(String(one.failures[0]), /broken/);
});

const targets: [target: string, path: string][] = [
  ["http://a.example/b/c?d", "/b/c"],
  ["http://a.example", "/"],
  ["/../%2e%2e/x", "/../%2e%2e/x"],
  ["//x", "//x"],
  ["/a#b", "/a"],
];
for (const [target, path] of targets) {
  test(`the path of ${target} is ${path}`, async () => {
    await using one = await startToy();
    using client = new RawClient(one.port, get(target));
    match(await client.closed, new RegExp(`\r\nGET ${path} -$`));
  });
}

const refused: [name: string, request: string, status?: number][] = [
  ["HTTP/0.9", "GET /x\r\n\r\n"],
  ["no HTTP", "hello there\r\n\r\n"],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01"],
  ["HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a header without end", `GET / HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(20_000)}`, 431],
  ["a flood of headers", `GET / HTTP/1.1\r\nhost: a\r\n${"abc: def\r\n".repeat(5000)}`, 431],
  ["a path without end", `GET /${"a".repeat(20_000)}`, 431],
  ["a chunk that lies", "PUT /count HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
  ["two lengths", "PUT /count HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc"],
  [
    "a length and chunks",
    "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
  ],
  ["a negative length", "PUT /count HTTP/1.1\r\nhost: a\r\ncontent-length: -3\r\n\r\n"],
  ["another protocol", "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"],
  ["a proxy", "CONNECT a.example:80 HTTP/1.1\r\nhost: a\r\n\r\n"],
  ["a NUL", "GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n"],
  ["no host", "GET / HTTP/1.1\r\n\r\n"],
];
test("what is no request is refused, and the connection closed", async () => {
  await using one = await startToy({ headersMs: 500 });
  for (const [name, request, status = 400] of refused) {
    using client = new RawClient(one.port, request);
    const received = await client.closed;
    // A flood may be cut off before it has been sent.
    if (received !== "" || !/flood|without end/.test(name)) {
      match(received, new RegExp(`^HTTP/1\\.1 ${status} `), name);
    }
  }
  deepStrictEqual(one.failures, []);
  strictEqual(await (await fetch(one.url)).text(), "GET / -");
});

test("an answer to a body that nobody reads arrives, and the connection ends if the body goes on", async () => {
  await using one = await startToy({ lingerMs: 300 });
  for (const path of ["/first", "/unread"]) {
    using client = new RawClient(
      one.port,
      `PUT ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n`,
    );
    const timer = setInterval(() => client.send("x".repeat(100_000)), 10);
    await client.until(/\r\n\r\n(true|PUT \/unread -)$/);
    await client.closed;
    clearInterval(timer);
  }
  // One that ends in time costs nothing: the connection goes on.
  using client = new RawClient(one.port, "PUT /first HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf");
  await client.until(/413[^]*true$/);
  client.send(`half${get("/next")}`);
  match(await client.closed, /GET \/next -$/);
});

test("a body is asked for when it is wanted", async () => {
  await using one = await startToy({ lingerMs: 300 });
  const expecting = (path: string) =>
    `PUT ${path} HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n`;
  using wanted = new RawClient(one.port, expecting("/count"));
  await wanted.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  wanted.send("1234");
  await wanted.until(/200 OK[^]*\r\n\r\n4$/);
  using unwanted = new RawClient(one.port, expecting("/other"));
  match(await unwanted.closed, /^HTTP\/1\.1 200 /);
});

test("a server that stops answers what was asked, and takes no more", async () => {
  await using one = await startToy();
  using idle = new RawClient(one.port, "GET /1 HTTP/1.1\r\nhost: a\r\n\r\n");
  using running = new RawClient(one.port, "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n");
  await idle.until(/GET \/1/);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const stopped = one.server.stop();
  // On its way when the server began to stop.
  idle.send("GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
  match(await idle.closed, /connection: close[^]*GET \/2 -$/i);
  using late = new RawClient(one.port, get("/late"));
  strictEqual(await late.closed, "");
  release();
  match(await running.closed, /connection: close[^]*waited$/i);
  await stopped;
});

test("a server does not wait for ever when it stops", async () => {
  await using one = await startToy({ stopMs: 600 });
  using running = new RawClient(one.port, get("/wait"));
  using silent = new RawClient(one.port, "GET / HTT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await one.server.stop();
  deepStrictEqual(await Promise.all([running.closed, silent.closed]), ["", ""]);
});

test("an address that is taken is an error, and nothing is left listening", async () => {
  await using one = await startToy();
  const addresses = ["127.0.0.1:0", `127.0.0.1:${one.port}`].map(parseListenAddress);
  await rejects(HttpServer.listen(toy, addresses), {
    message: `Cannot listen on 127.0.0.1:${one.port}: something else listens there`,
  });
  await rejects(HttpServer.listen(toy, [parseListenAddress("192.0.2.1:80")]), {
    message: "Cannot listen on 192.0.2.1:80: this machine does not have such an address or socket",
  });
});

unixTest(
  "a socket in the file system is listened at, also in the place of one that a killed server left",
  async (request) => {
    using dir = tempDir();
    const path = dir.path("socket");
    const address = parseListenAddress(path);
    // Listens, and is killed.
    const code = `Deno.listen({ transport: "unix", path: ${
      JSON.stringify(path)
    } }); Deno.kill(Deno.pid, "SIGKILL")`;
    await new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "null", stderr: "null" })
      .output();
    ok(Deno.lstatSync(path).isSocket);
    await using server = await HttpServer.listen(toy, [address]);
    deepStrictEqual(server.urls, [`unix:${path}`]);
    strictEqual(await request(path, "/x"), "GET /x -");
    await rejects(HttpServer.listen(toy, [address]), /something else listens there/);
    strictEqual(await request(path, "/x"), "GET /x -");
    dir.write("file", "text");
    await rejects(HttpServer.listen(toy, [parseListenAddress(dir.path("file"))]), /Cannot listen on unix:/);
    strictEqual(Deno.readTextFileSync(dir.path("file")), "text");
  },
);
