/** Requests that are changed at random, on connections that are closed or reset at any moment. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { HttpServer } from "../../../src/deno/server/http_server.ts";
import { parseListenAddress } from "../../../src/deno/server/listen_address.ts";
import type { Handler } from "../../../src/servers/handler.ts";
import { type Random, random } from "../../support/random.ts";
import { RawClient } from "../../support/servers/raw_client.ts";
import { amount } from "../../support/thorough.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";

const test = canServe() ? Deno.test : Deno.test.ignore;

const ROUNDS = amount(2000, 6000);

const REQUESTS = [
  "GET /a HTTP/1.1\r\nhost: a\r\nrange: bytes=0-5\r\n\r\n",
  "PUT /a HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n0123456789",
  "PUT /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
  "HEAD /a HTTP/1.0\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
  "PUT /a HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 99999999999\r\n\r\n",
  "GET /a HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
];
const PARTS = [
  "\r\n",
  "\0",
  ":",
  " ",
  "chunked",
  "ffffffffffffffff",
  "%2e%2e/",
  "\x80\xff",
  "HTTP/9.9",
  "0\r\n\r\n",
];

function mutated(generator: Random): string {
  let text = "";
  for (let i = generator.below(4); i >= 0; i--) text += REQUESTS[generator.below(REQUESTS.length)];
  for (let i = generator.below(6); i > 0; i--) {
    const at = generator.below(text.length);
    const rest = text.slice(at + [0, generator.below(20), 1][i % 3]);
    const added =
      [PARTS[generator.below(PARTS.length)], "", String.fromCharCode(generator.below(256))][i % 3];
    text = text.slice(0, at) + added + rest;
  }
  return generator.below(3) === 0 ? text.slice(0, generator.below(text.length)) : text;
}

const handler: Handler = async ({ method, body }) => {
  let count = 0;
  if (method === "PUT") { for await (const piece of body) count += piece.length; }
  return { status: 200, headers: {}, body: new TextEncoder().encode(String(count)) };
};

test("whatever clients send, and whenever they go, the server goes on", async () => {
  const failures: unknown[] = [];
  await using server = await HttpServer.listen(handler, [parseListenAddress("127.0.0.1:0")], {
    onFailure: (error) => failures.push(error),
  });
  const [url] = server.urls;
  const port = Number(new URL(url).port);
  const generator = random();
  let rounds = 0;
  const play = async () => {
    while (rounds++ < ROUNDS) {
      using client = new RawClient(port, mutated(generator));
      if (generator.below(4) === 0) client.socket.end();
      const wait = new Promise((resolve) => setTimeout(resolve, 1 + generator.below(20)));
      await Promise.race([wait, client.closed]);
      await wait;
    }
  };
  await Promise.all(Array.from({ length: 24 }, play));
  strictEqual(await (await fetch(url)).text(), "0");
  deepStrictEqual(failures, []);
});
