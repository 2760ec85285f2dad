/** Uploads of chunks and indexes, and servers that do not take them. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../../src/core/errors.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { makeHttpFetch } from "../../../src/deno/net/http_fetch.ts";
import type { HttpOptions } from "../../../src/stores/http/http_client.ts";
import { HttpIndexStore } from "../../../src/stores/http/http_indexes.ts";
import { HttpStore } from "../../../src/stores/http/http_store.ts";
import { retryStore } from "../../../src/stores/wrappers/retry.ts";
import { sample } from "../../servers/chunks/samples.ts";
import { chunkPath } from "../../support/sha.ts";
import { type Answer, type Script, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { testdata } from "../../support/testdata.ts";

const { id, compressed, plain } = sample();
const path = `/${chunkPath(id, ".cacnk")}`;
const index = parseIndex(Deno.readFileSync(testdata("casync-small.caibx")));

/** Puts the chunk below a URL with a password and a signature, retried once. */
async function put(answer: Answer | Answer[], options: HttpOptions = {}, more: Script = {}) {
  await using server = await startFaultyServer({ [path]: answer, ...more });
  const url = `${server.url.replace("//", "//me:s3cret@")}/?sig=s1gnature`;
  const store = retryStore(new HttpStore(url, { idleTimeoutMs: 10_000, ...options }), {
    retries: 1,
    baseIntervalMs: 1,
  });
  const error = await store.put(compressed).then(() => undefined, (error) => error);
  if (error !== undefined) {
    ok(error instanceof DesyncError);
    ok(!/s3cret|s1gnature/.test(error.message), error.message);
  }
  return { error, requests: server.requests, url: server.url };
}

Deno.test("a chunk is put at its name, in its form, with all that the location says", async () => {
  for (const status of [200, 201, 204]) {
    const { error, requests: [request, ...rest] } = await put({ status });
    deepStrictEqual([error, rest.length], [undefined, 0]);
    deepStrictEqual([request.method, request.path, request.query], ["PUT", path, "sig=s1gnature"]);
    strictEqual(request.headers.get("authorization"), `Basic ${btoa("me:s3cret")}`);
    strictEqual(request.headers.get("content-length"), String(compressed.stored.bytes.length));
    sameBytes(request.body, compressed.stored.bytes);
  }
  await using server = await startFaultyServer({}, () => ({ status: 201 }));
  await new HttpStore(server.url).put(plain);
  strictEqual(server.requests[0].path, `/${chunkPath(id, "")}`);
});

const refusals: [status: number, says: string, requests: number][] = [
  [202, "HTTP status 202", 1],
  [303, "HTTP status 303", 1],
  [400, "the server may take no uploads, only uncompressed chunks (-u), or only encrypted ones", 1],
  [401, "the server does not accept the user and password, or the token", 1],
  [403, "the server refuses uploads to it", 1],
  [404, "the server takes no uploads there, or a directory is missing", 1],
  [405, "the server takes no uploads there", 1],
  [409, "a directory is missing there, or has that name", 1],
  [413, "larger than what the server takes", 1],
  [429, "the server wants fewer requests; tried 2 times", 2],
  [500, "may the server write there? its log may say; tried 2 times", 2],
  [501, "the server takes no uploads", 1],
  [503, "tried 2 times", 2],
  [507, "no space left on the server", 1],
];
Deno.test("what a server does not take is one clear line, and requested again only where that helps", async () => {
  using fetch = makeHttpFetch();
  for (const [status, says, count] of refusals) {
    const { error, requests, url } = await put({ status, headers: { location: "/there" } }, { fetch }, {
      "/there": {},
    });
    ok(
      error?.message.startsWith(`Cannot write ${url}${path}: HTTP status ${status} `),
      error?.message,
    );
    ok(error.message.includes(says), error.message);
    strictEqual(requests.filter(({ method }) => method === "PUT").length, count, error.message);
  }
});

Deno.test("a directory that the server lacks is made, from the store down, and the chunk put again", async () => {
  for (const missing of [404, 409]) {
    let known = "/";
    await using server = await startFaultyServer({}, ({ method, path: asked }) => {
      const parent = asked.replace(/[^/]*\/?$/, "");
      if (!known.startsWith(parent)) return { status: missing };
      if (method === "MKCOL") known = asked;
      return { status: 201 };
    });
    const requested = () => server.requests.splice(0).map(({ method, path }) => `${method} ${path}`);
    const store = new HttpStore(`${server.url}/store`);
    await store.put(compressed);
    const chunk = `/store${path}`;
    const directory = `/store/${id.slice(0, 4)}/`;
    const all = [`PUT ${chunk}`, `MKCOL ${directory}`, "MKCOL /store/", `MKCOL ${directory}`, `PUT ${chunk}`];
    deepStrictEqual(requested(), all);
    await store.put(compressed);
    deepStrictEqual(requested(), [`PUT ${chunk}`]);
    // What is above the store is the user's to make.
    await rejects(new HttpStore(`${server.url}/above/store`).put(compressed), { code: "store" });
    strictEqual(requested().some((request) => request === "MKCOL /above/"), false);
  }
});

Deno.test("an upload that was cut off is made again", async () => {
  const cuts: Answer[] = [
    { cut: { after: "request", by: "reset" } },
    { cut: { after: "request", by: "close" } },
    { status: 500 },
    { status: 503, headers: { "retry-after": "0" } },
  ];
  for (const cut of cuts) {
    const { error, requests } = await put([cut, { status: 201 }]);
    deepStrictEqual([error, requests.length], [undefined, 2]);
    sameBytes(requests[1].body, compressed.stored.bytes);
  }
});

Deno.test("an upload without an answer fails in time, and ends with its signal", async () => {
  const silent: Answer = { cut: { after: "request", by: "silence" } };
  const { error } = await put([silent, silent], { idleTimeoutMs: 20 });
  strictEqual(error?.code, "timeout");
  await using server = await startFaultyServer({}, () => silent);
  const stop = new AbortController();
  const putting = new HttpStore(server.url).put(compressed, { signal: stop.signal });
  setTimeout(() => stop.abort(), 10);
  await rejects(putting, { code: "interrupted" });
});

Deno.test("uploads are redirected with their bytes by the program's fetch, and never turned into reading", async () => {
  using fetch = makeHttpFetch();
  for (const status of [301, 302, 307, 308]) {
    const there: Script = { "/there": { status: 201 } };
    const redirect: Answer = { status, headers: { location: "/there" } };
    const { error, requests } = await put(redirect, { fetch }, there);
    deepStrictEqual([error, requests.map(({ method }) => method)], [undefined, ["PUT", "PUT"]]);
    sameBytes(requests[1].body, compressed.stored.bytes);
    const other = await put(redirect, {}, there);
    deepStrictEqual([other.error?.code, other.requests.length], ["store", 1]);
  }
});

Deno.test("an index is put under its name, and what can be known before is", async () => {
  const at = "/indexes/x.caibx";
  const write = async (answers: Answer | Answer[], how: "check" | "write" = "write") => {
    await using server = await startFaultyServer({ [at]: answers });
    const store = new HttpIndexStore(`${server.url}/indexes/?s=1`, () => ({}));
    const error: unknown = await store[how]("x.caibx", index).then(() => undefined, (error) => error);
    return { error, request: server.requests[0] };
  };
  const { error, request } = await write({ status: 201 });
  deepStrictEqual([error, request.method, request.query], [undefined, "PUT", "s=1"]);
  sameBytes(request.body, Deno.readFileSync(testdata("casync-small.caibx")));
  for (const status of [200, 403, 404, 405]) strictEqual((await write({ status }, "check")).error, undefined);
  for (const status of [401, 500]) {
    const { error } = await write({ status }, "check");
    ok(error instanceof DesyncError && error.message.includes(`Cannot write `), String(error));
  }
  const store = new HttpIndexStore("http://me:s3cret@127.0.0.1:1/", () => ({}));
  await rejects(store.check("x.caibx"), { code: "store", message: /^Cannot write http:\/\/127/ });
  for (const refused of [store.check(""), store.write("", index)]) {
    await rejects(refused, { code: "usage", message: /the URL has no name of an index/ });
  }
});
