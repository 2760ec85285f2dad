/** What a server puts up with: slow and silent clients, and too many of them. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { HttpServer } from "../../../src/deno/server/http_server.ts";
import { parseListenAddress } from "../../../src/deno/server/listen_address.ts";
import { RawClient } from "../../support/servers/raw_client.ts";
import { aborted, get, large, release, startToy, test, until, waiting } from "./toy_server.ts";

test("clients that are slow with headers, or silent, are cut off", async () => {
  await using one = await startToy({ headersMs: 300, idleMs: 400 });
  using nothing = new RawClient(one.port);
  using half = new RawClient(one.port, "GET / HTTP/1.1\r\nhost: a\r\n");
  const timer = setInterval(() => half.send("x: y\r\n"), 50);
  match(await half.closed, /^HTTP\/1\.1 408 /);
  clearInterval(timer);
  await nothing.closed;
  using idle = new RawClient(one.port, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  match(await idle.closed, /^HTTP\/1\.1 200 /);
});

test("a body that trickles is given up, one that pauses is not", async () => {
  // Long enough that a machine with much else to do is not taken for a silent client.
  await using one = await startToy({ silentMs: 1500 });
  using slow = new RawClient(one.port, "PUT /count HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n");
  const timer = setInterval(() => slow.send("x"), 50);
  strictEqual(await slow.closed, "");
  clearInterval(timer);
  using fast = new RawClient(one.port, "PUT /count HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n");
  for (let turn = 0; turn < 10; turn++) {
    fast.send("x".repeat(100));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await fast.until(/1000$/);
});

test("a reader that takes nothing is given up", async () => {
  await using one = await startToy({ silentMs: 400 });
  using client = new RawClient(one.port);
  client.socket.pause();
  client.send(get("/large"));
  await until(() => one.answered.length === 1);
  const [{ complete, status, sentBytes }] = one.answered;
  deepStrictEqual([complete, status], [false, 200]);
  ok(sentBytes < large.length);
});

test("answers that nobody takes do not fill the memory", async () => {
  await using one = await startToy({ pendingBytes: large.length + 1000 });
  using slow = new RawClient(one.port);
  slow.socket.pause();
  slow.send(get("/large"));
  await until(() => slow.socket.bytesWritten > 0);
  // The same body takes no more memory.
  strictEqual((await (await fetch(`${one.url}/large`)).bytes()).length, large.length);
  const refused = await fetch(`${one.url}/copy`);
  deepStrictEqual([refused.status, await refused.text()], [503, "the server is busy with slow clients\n"]);
  slow.socket.destroy();
  await until(() => one.answered.length === 3);
  strictEqual((await (await fetch(`${one.url}/copy`)).bytes()).length, 2000);
});

test("a handler that takes long is not the client's fault", async () => {
  await using one = await startToy({ silentMs: 200, headersMs: 200 });
  const response = fetch(`${one.url}/wait`);
  await new Promise((resolve) => setTimeout(resolve, 800));
  release();
  strictEqual(await (await response).text(), "waited");
  // Neither is one that takes long with a body.
  using client = new RawClient(one.port, "PUT /slowly HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf");
  await new Promise((resolve) => setTimeout(resolve, 500));
  client.send("half");
  await client.until(/\r\n\r\n8$/);
});

test("a handler sees that its client is gone", async () => {
  await using one = await startToy();
  const before = aborted;
  using client = new RawClient(one.port, get("/wait"));
  await until(() => client.socket.bytesWritten > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.socket.destroy();
  await until(() => aborted === before + 1 && one.answered.length === 1);
  deepStrictEqual([one.answered[0].status, one.answered[0].client], [499, "127.0.0.1"]);
});

test("a client that is slow with many answers at a time is heard afterwards", async () => {
  const answer = { status: 200, headers: {}, body: large.subarray(0, 18_000) };
  await using server = await HttpServer.listen(() => answer, [parseListenAddress("127.0.0.1:0")]);
  const port = Number(new URL(server.urls[0]).port);
  using client = new RawClient(port, "GET /a HTTP/1.1\r\nhost: a\r\n\r\n".repeat(90));
  client.socket.pause();
  await until(() => client.socket.bytesWritten > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.socket.resume();
  await until(() => client.received.length > 90 * 18_000);
  client.send(get("/last"));
  strictEqual((await client.closed).split("HTTP/1.1 200").length, 92);
});

test("a client that asks on and on without reading is cut off", async () => {
  await using one = await startToy({ pipelined: 5 });
  using modest = new RawClient(one.port, "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n".repeat(4) + get("/last"));
  await until(() => waiting.length === 4);
  for (const resolve of waiting.splice(0)) resolve();
  strictEqual((await modest.closed).split("HTTP/1.1 200").length, 6);
  using greedy = new RawClient(one.port, "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n".repeat(1000));
  strictEqual(await greedy.closed, "");
  await until(() => one.answered.length === 11);
  deepStrictEqual(one.failures, []);
});

test("more requests at a time than the limit are refused, and may be sent again", async () => {
  await using one = await startToy({ requests: 2 });
  const running = [fetch(`${one.url}/wait`), fetch(`${one.url}/wait`)];
  await until(() => waiting.length === 2);
  const refused = await fetch(one.url);
  deepStrictEqual([refused.status, await refused.text()], [503, "the server is busy\n"]);
  for (const resolve of waiting.splice(0)) resolve();
  for (const response of await Promise.all(running)) strictEqual(await response.text(), "waited");
  await until(() => one.answered.length === 3);
  strictEqual(await (await fetch(one.url)).text(), "GET / -");
});

test("no more connections are taken than the limit", async () => {
  await using one = await startToy({ connections: 2 });
  using first = new RawClient(one.port, "GET /1 HTTP/1.1\r\nhost: a\r\n\r\n");
  using second = new RawClient(one.port, "GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
  await Promise.all([first.until(/GET \/1/), second.until(/GET \/2/)]);
  using third = new RawClient(one.port, get("/3"));
  strictEqual(await third.closed, "");
  first.socket.destroy();
  await until(() => first.socket.closed);
  let received = "";
  while (received === "") {
    using fourth = new RawClient(one.port, get("/4"));
    received = await fourth.closed;
  }
  match(received, /GET \/4/);
});
