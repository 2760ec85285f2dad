import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { type Answer, type FaultyServer, startFaultyServer } from "./faulty_server.ts";

/** Everything that the server sends for a GET, seen from the socket; `reset` when that is how it ended. */
async function raw(server: FaultyServer, path: string): Promise<{ text: string; reset: boolean }> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await conn.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`));
  const buffer = new Uint8Array(65536);
  let text = "";
  try {
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      text += new TextDecoder().decode(buffer.subarray(0, n));
    }
    return { text, reset: false };
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return { text, reset: true };
    throw error;
  }
}

Deno.test("answers follow each other and the last one stays", async () => {
  await using server = await startFaultyServer({
    "/flaky": [{ status: 503 }, { status: 500 }, { body: "at last" }],
  });
  const seen: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const response = await fetch(`${server.url}/flaky?turn=${turn}`);
    seen.push(`${response.status} ${await response.text()}`);
  }
  deepStrictEqual(seen, ["503 ", "500 ", "200 at last", "200 at last"]);
  strictEqual(server.count("/flaky"), 4);
  strictEqual(server.requests[1].query, "turn=1");
});

Deno.test("bodies of requests and unnamed paths", async () => {
  await using server = await startFaultyServer({}, (request) => ({ body: request.body, status: 201 }));
  const response = await fetch(`${server.url}/x`, {
    method: "PUT",
    body: "hello",
    headers: { authorization: "me" },
  });
  strictEqual(response.status, 201);
  strictEqual(await response.text(), "hello");
  strictEqual(server.requests[0].headers.get("authorization"), "me");
  strictEqual(server.requests[0].method, "PUT");
});

Deno.test("a reset in the middle really is one", async () => {
  await using server = await startFaultyServer({
    "/": { body: "0123456789", cut: { after: 4, by: "reset" } },
  });
  const { text, reset } = await raw(server, "/");
  // Deno 2.6 ends it like any other.
  ok(reset || Deno.version.deno.startsWith("2.6."));
  match(text, /Content-Length: 10\r\n\r\n0123$/);
});

const closing: [string, Answer, RegExp][] = [
  ["a length that is too long", { body: "abc", length: 100 }, /Content-Length: 100\r\n\r\nabc$/],
  ["a length that is too short", { body: "abcdef", length: 3 }, /Content-Length: 3\r\n\r\nabcdef$/],
  ["no length", { body: "abc", length: "close" }, /200 Scripted\r\nConnection: close\r\n\r\nabc$/],
  [
    "an end in the middle",
    { body: "abcdef", cut: { after: 2, by: "close" } },
    /Content-Length: 6\r\n\r\nab$/,
  ],
  ["an end in a chunked body", {
    body: "abcdef",
    length: "chunked",
    cut: { after: 2, by: "close" },
  }, /\r\n\r\n2\r\nab\r\n$/],
  ["an end before the answer", { cut: { after: "request", by: "close" } }, /^$/],
];
for (const [name, answer, expected] of closing) {
  Deno.test(`the connection ends after ${name}`, async () => {
    await using server = await startFaultyServer({ "/": answer });
    const { text, reset } = await raw(server, "/");
    match(text, expected);
    ok(!reset);
  });
}

Deno.test("chunked bodies, redirects and slow drips arrive", async () => {
  await using server = await startFaultyServer({
    "/chunked": { body: "abcdef", length: "chunked", drip: { bytes: 4, every: 1 } },
    "/drip": { body: "abcdef", drip: { bytes: 1, every: 20 } },
    "/loop": { status: 302, headers: { location: "/loop" } },
  });
  strictEqual(await (await fetch(`${server.url}/chunked`)).text(), "abcdef");
  const start = performance.now();
  strictEqual(await (await fetch(`${server.url}/drip`)).text(), "abcdef");
  // Not sooner, by the few milliseconds that timers may be early; how late says nothing.
  ok(performance.now() - start >= 90);
  await rejects(fetch(`${server.url}/loop`), /redirect/i);
});

Deno.test("silence lasts, and ends with the server", async () => {
  let answered: Promise<unknown>;
  {
    await using server = await startFaultyServer({
      "/never": { cut: { after: "request", by: "silence" } },
      "/slow": { delay: 60_000 },
    });
    answered = Promise.allSettled([fetch(`${server.url}/never`), fetch(`${server.url}/slow`)]);
    const first = await Promise.race([
      answered,
      new Promise((resolve) => setTimeout(() => resolve("silent"), 200)),
    ]);
    strictEqual(first, "silent");
  }
  const results = await answered;
  ok(Array.isArray(results) && results.every((result) => result.status === "rejected"));
});

Deno.test("the most requests at once are counted", async () => {
  await using server = await startFaultyServer({}, () => ({ delay: 100, body: "x" }));
  await Promise.all([1, 2, 3, 4, 5].map(async (n) => await (await fetch(`${server.url}/${n}`)).text()));
  strictEqual(server.maxInFlight, 5);
  strictEqual(server.connections, 5);
  strictEqual(await (await fetch(`${server.url}/6`)).text(), "x");
  strictEqual(server.connections, 5, "connections are used again");
});
