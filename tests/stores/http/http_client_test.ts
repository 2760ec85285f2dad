import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { DesyncError } from "../../../src/core/errors.ts";
import { HttpBytes } from "../../../src/stores/http/http_bytes.ts";
import { HttpStore } from "../../../src/stores/http/http_store.ts";
import { httpGet, httpSize } from "../../../src/stores/http/http_client.ts";
import { httpPart, httpStream } from "../../../src/stores/http/http_ranges.ts";
import { parseHttpLocation } from "../../../src/stores/http/http_location.ts";
import { retriedBytes } from "../../../src/stores/wrappers/retried_bytes.ts";
import { type Answer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { sameBytes } from "../../support/same_bytes.ts";

Deno.test("user and password go into a header, and nothing secret is shown", () => {
  const plain = parseHttpLocation("http://example.com/a/b");
  deepStrictEqual([plain.url.href, plain.redacted, plain.headers], [
    "http://example.com/a/b",
    "http://example.com/a/b",
    {},
  ]);
  const secret = parseHttpLocation("https://me:p%40s%2Fs@example.com:8443/a?sig=abc#part");
  strictEqual(secret.url.href, "https://example.com:8443/a?sig=abc");
  strictEqual(secret.redacted, "https://example.com:8443/a");
  deepStrictEqual(secret.headers, { authorization: `Basic ${btoa("me:p@s/s")}` });
  const unicode = parseHttpLocation("http://ü:€@h/").headers.authorization;
  strictEqual(unicode, `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode("ü:€")))}`);
  deepStrictEqual(parseHttpLocation("http://me:100%@h/").headers, {
    authorization: `Basic ${btoa("me:100%")}`,
  });
  for (const bad of ["example.com/a", "ftp://me:secret@h/", "http://me:secret@", "http://me:se?cret@h"]) {
    throws(() => parseHttpLocation(bad), (error) => {
      ok(error instanceof DesyncError && error.code === "usage");
      ok(!/secret|cret@/.test(error.message + error.cause), error.message);
      return true;
    });
  }
});

const body = new Uint8Array(5000).map((_, i) => i);
const get = (url: string, limit = 5000, signal?: AbortSignal, idleTimeoutMs = 10_000) =>
  httpGet(new URL(url), "the thing", limit, { idleTimeoutMs }, signal);

const good: [string, Answer][] = [
  ["with a length", { body }],
  ["in chunks", { body, length: "chunked" }],
  ["up to the connection's end", { body, length: "close" }],
  ["slowly", { body, drip: { bytes: 500, every: 5 } }],
  ["after a redirect", { status: 302, headers: { location: "/there" } }],
];
for (const [name, answer] of good) {
  Deno.test(`a body that comes ${name}`, async () => {
    await using server = await startFaultyServer({ "/": answer, "/there": { body } });
    sameBytes(await get(server.url) ?? new Uint8Array(0), body);
    await rejects(get(server.url, 4999), { code: "store", retriable: false });
  });
}

const bad: [string, Answer, code: string, retriable: boolean][] = [
  ["403", { status: 403 }, "store", false],
  ["400", { status: 400 }, "store", false],
  ["204", { status: 204 }, "store", false],
  ["206", { status: 206, body }, "store", false],
  ["408", { status: 408 }, "store", true],
  ["429", { status: 429 }, "store", true],
  ["500", { status: 500 }, "store", true],
  ["a reset", { body, cut: { after: 9, by: "reset" } }, "store", true],
  ["an end in the middle", { body, cut: { after: 9, by: "close" } }, "store", true],
  ["a length that is too long", { body, length: 5001 }, "store", true],
  ["a redirect loop", { status: 302, headers: { location: "/" } }, "store", false],
];
for (const [name, answer, code, retriable] of bad) {
  Deno.test(`${name} is an error, ${retriable ? "retriable" : "not retriable"}`, async () => {
    await using server = await startFaultyServer({ "/": answer });
    await rejects(get(server.url), (error) => {
      ok(error instanceof DesyncError);
      deepStrictEqual([error.code, error.retriable], [code, retriable]);
      ok(error.message.includes("the thing"), error.message);
      return true;
    });
  });
}

Deno.test("Retry-After is seconds, or a date by the server's own clock", async () => {
  const cases: [Record<string, string>, number | undefined][] = [
    [{}, 0],
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": "Fri, 01 Jan 2016 10:01:30 GMT", date: "Fri, 01 Jan 2016 10:00:00 GMT" }, 90_000],
    [{ "retry-after": "Fri, 01 Jan 2016 10:00:00 GMT", date: "Fri, 01 Jan 2016 10:01:30 GMT" }, 0],
    [{ "retry-after": "Fri, 01 Jan 2016 10:00:00 GMT" }, 0],
    [{ "retry-after": "soon" }, 0],
    [{ "retry-after": "-5" }, 0],
  ];
  for (const [headers, retryAfterMs] of cases) {
    await using server = await startFaultyServer({ "/": { status: 503, headers } });
    await rejects(get(server.url), { code: "store", retriable: true, retryAfterMs });
  }
  // 503 and 429 ask for fewer requests by themselves; other errors do not.
  for (const [status, retryAfterMs] of [[429, 0], [500, undefined], [502, undefined]] as const) {
    await using server = await startFaultyServer({ "/": { status } });
    await rejects(get(server.url), { code: "store", retriable: true, retryAfterMs });
  }
});

Deno.test("404 and 410 mean that it is not there", async () => {
  await using server = await startFaultyServer({ "/gone": { status: 410 }, "/here": { body } });
  strictEqual(await get(`${server.url}/none`), null);
  strictEqual(await get(`${server.url}/gone`), null);
  const size = (path: string) => httpSize(new URL(server.url + path), "the thing", {});
  deepStrictEqual([await size("/none"), await size("/gone"), await size("/here")], [null, null, body.length]);
});

Deno.test("silence is a time-out, before the answer and in the middle; the caller can stop sooner", async () => {
  await using server = await startFaultyServer({
    "/never": { cut: { after: "request", by: "silence" } },
    "/middle": { body, cut: { after: 100, by: "silence" } },
  });
  for (const path of ["/never", "/middle"]) {
    await rejects(get(server.url + path, 5000, undefined, 50), (error) => {
      ok(error instanceof DesyncError);
      deepStrictEqual([error.code, error.retriable], ["timeout", true]);
      return /the thing: no answer for 0\.05 seconds/.test(error.message);
    });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    await rejects(get(server.url + path, 5000, stop.signal), { code: "interrupted" });
    await rejects(get(server.url + path, 5000, AbortSignal.abort()), { code: "interrupted" });
  }
  await rejects(httpSize(new URL(`${server.url}/never`), "the thing", { idleTimeoutMs: 50 }), {
    code: "timeout",
  });
});

for (const length of [undefined, "chunked", "close"] as const) {
  Deno.test(`a body that trickles is a time-out, one that is slow is not: ${length ?? "with its length"}`, async () => {
    await using server = await startFaultyServer({
      "/trickle": { body, length, drip: { bytes: 1, every: 40 } }, // 25 bytes a second
      "/slow": { body: body.subarray(0, 300), length, drip: { bytes: 20, every: 60 } },
    });
    const slower = { code: "timeout", message: /the thing: less than 100 bytes a second for 0\.5 seconds/ };
    await rejects(get(`${server.url}/trickle`, 5000, undefined, 500), slower);
    await rejects(Array.fromAsync(stream(`${server.url}/trickle`, 500)), slower);
    sameBytes(
      await get(`${server.url}/slow`, 5000, undefined, 500) ?? new Uint8Array(),
      body.subarray(0, 300),
    );
  });
}

Deno.test("a request to a store that was fast before times out as well", async () => {
  const fast = "11".repeat(32), slow = "22".repeat(32);
  await using server = await startFaultyServer({}, ({ path }) => {
    if (path.includes(fast)) return { body: new Uint8Array(20_000) };
    return { body: new Uint8Array(200), drip: { bytes: 1, every: 40 } };
  });
  const store = new HttpStore(server.url, { idleTimeoutMs: 500 });
  for (let i = 0; i < 3; i++) strictEqual((await store.get(fast))?.bytes.length, 20_000);
  await rejects(store.get(slow), { code: "timeout" });
});

// Bodies that nobody reads are found by the tests' own look for leaks.
for (const status of [200, 206, 403, 404, 416, 503]) {
  Deno.test(`a part answered with status ${status} and something else: its body is cancelled`, async () => {
    const headers = { "content-range": "bytes 5-9/10" };
    await using server = await startFaultyServer({ "/": { status, headers, body } });
    const part = httpPart(new URL(server.url), "the thing", { start: 0, end: 5 }, {});
    if (status === 200) strictEqual(await part, null);
    else await rejects(part, { code: "store", retriable: status === 503 });
  });
}

const retry = { retries: 3, baseIntervalMs: 1 };
const retried = (url: string, idleTimeoutMs = 10_000) =>
  retriedBytes(new HttpBytes({ ...parseHttpLocation(url), redacted: "the thing" }, { idleTimeoutMs }), retry);
const stream = (url: string, idleTimeoutMs?: number) => retried(url, idleTimeoutMs).stream();
const readAll = (url: string) => Array.fromAsync(stream(url));

Deno.test("a streamed body is retried until it begins", async () => {
  await using server = await startFaultyServer({
    "/busy": [
      { status: 503, body },
      { cut: { after: "request", by: "close" } },
      { body, cut: { after: 0, by: "reset" } },
      { body },
    ],
    "/silent": [{ body, cut: { after: 0, by: "silence" } }, { body }],
    "/empty": [{ status: 500 }, {}],
    "/down": { status: 500 },
    "/forbidden": { status: 403 },
  });
  const read = (path: string, idle?: number) =>
    new Response(ReadableStream.from(stream(server.url + path, idle)));
  sameBytes(await read("/busy").bytes(), body);
  strictEqual(server.count("/busy"), 4);
  sameBytes(await read("/silent", 200).bytes(), body);
  sameBytes(await read("/empty").bytes(), new Uint8Array(0));
  strictEqual(server.count("/empty"), 2);
  await rejects(readAll(`${server.url}/down`), { code: "store", message: /500.*tried 4 times/ });
  await rejects(readAll(`${server.url}/forbidden`), { code: "store", message: /403/ });
  strictEqual(server.count("/forbidden"), 1);
});

Deno.test("a streamed body that breaks off is not retried", async () => {
  await using server = await startFaultyServer({ "/": { body, cut: { after: 9, by: "reset" } } });
  const pieces = stream(server.url);
  let length = 0;
  await rejects(async () => {
    for await (const piece of pieces) length += piece.length;
  }, { code: "store", message: /the thing/ });
  deepStrictEqual([length, server.requests.length], [9, 1]);
});

Deno.test("the length of a response that is not basic is not trusted", async () => {
  // So a page sees what was compressed on the way: not that it was, but the length of what was sent.
  let pulled = 0;
  const large = new ReadableStream({
    pull(controller) {
      if (++pulled > 1000) controller.close();
      else controller.enqueue(new Uint8Array(1000));
    },
  });
  const answer = new Response(large, { headers: { "content-length": "500" } });
  const fetch = () => Promise.resolve(answer);
  await rejects(httpGet(new URL("http://host/"), "the thing", 5000, { fetch }), {
    code: "store",
    message: /the thing: larger than the limit of 5000 bytes/,
  });
  ok(pulled < 10, `${pulled} pieces were taken`);
});

Deno.test("a part that goes on behind its end is not read any further", async () => {
  let pulled = 0;
  const long = new ReadableStream({
    pull(controller) {
      if (++pulled > 1000) controller.close();
      else controller.enqueue(new Uint8Array(600));
    },
  });
  const headers = { "content-range": "bytes 1000-1999/5000" };
  const fetch = () => Promise.resolve(new Response(long, { status: 206, headers }));
  const part = { start: 1000, end: 2000, whole: { size: 5000, version: null } };
  const pieces = httpStream(new URL("http://host/"), "the thing", { fetch }, undefined, part);
  await rejects(Array.fromAsync(pieces), { code: "store", message: /the thing: .*different byte range/ });
  ok(pulled < 10, `${pulled} pieces were taken`);
});

for (const range of [undefined, "bytes 0-4999/*", "bananas"]) {
  Deno.test(`a first part that says ${range} of the whole counts as none`, async () => {
    const headers: Record<string, string> = range === undefined ? {} : { "content-range": range };
    await using server = await startFaultyServer({ "/": { status: 206, headers, body } });
    const part = (range: Parameters<typeof httpPart>[2]) =>
      httpPart(new URL(server.url), "the thing", range, {});
    strictEqual(await part({ first: 5000 }), null);
    await rejects(part({ start: 0, end: 5000 }), {
      code: "store",
      message: /the thing: the server has no bytes 0 to 5000, or no longer$/,
    });
  });
}

Deno.test("a range behind the end of a file is empty", async () => {
  await using server = await startFaultyServer({}, ({ headers }) => {
    const first = Number(/^bytes=(\d+)-/.exec(headers.get("range") ?? "")?.[1] ?? 0);
    const part = body.subarray(first);
    return { status: 206, headers: { "content-range": `bytes ${first}-4999/5000` }, body: part };
  });
  const access = await retried(`${server.url}/a?secret`).access();
  ok(access !== null);
  sameBytes(await access.read(4990, 10), body.subarray(4990));
  for (const [offset, length] of [[4990, 11], [5000, 1], [40_000, 8]]) {
    await rejects(access.read(offset, length), (error) => {
      ok(error instanceof DesyncError && error.code === "store");
      strictEqual(
        error.message,
        `Cannot read the thing: it ends at byte 5000, before byte ${offset + length}`,
      );
      return true;
    });
  }
});
