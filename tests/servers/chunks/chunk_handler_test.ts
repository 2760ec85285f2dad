/** Chunks over HTTP: which request gets what. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { chunkPath } from "../../../src/core/chunk.ts";
import { DesyncError, type ErrorCode } from "../../../src/core/errors.ts";
import { chunkCipher } from "../../../src/deno/codec/native_cipher.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { answerChunks } from "../../../src/servers/chunks/chunk_handler.ts";
import { FROM, ServedChunks } from "../../../src/servers/chunks/served_chunks.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { wrapStore } from "../../../src/stores/wrappers/wrap.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { RemoteStore } from "../../support/servers/remote_store.ts";
import { damaged, sample } from "./samples.ts";
import { ask } from "../requests.ts";

const codec = nativeCodec;
const IMMUTABLE = "public, max-age=31536000, immutable";
const FORMS = ["plain", "compressed"] as const;

Deno.test("a chunk is served in the form that its name asks for, whatever the store holds", async () => {
  const { bytes, plain, compressed, path, id } = sample();
  for (const held of [plain, compressed]) {
    const store = new MemoryStore();
    await store.put(held);
    const handler = answerChunks(new ServedChunks(store, { codec }));
    const tags = { plain: `"${id}"`, compressed: `W/"${id}.cacnk"` };
    for (const form of FORMS) {
      // The second answer comes from memory.
      for (let i = 0; i < 2; i++) {
        const { status, headers, body } = await ask(handler, "GET", path[form]);
        strictEqual(status, 200);
        sameBytes(form === "plain" ? body! : codec.decompress("zstd", body!, 1 << 20), bytes);
        deepStrictEqual(headers, {
          "content-type": "application/octet-stream",
          "accept-ranges": "bytes",
          "cache-control": IMMUTABLE,
          etag: tags[form],
        });
      }
    }
  }
});

Deno.test("what is hot is answered at once", async () => {
  const store = new RemoteStore();
  const { plain, path } = sample();
  await store.put(plain);
  const chunks = new ServedChunks(store, { codec });
  const handler = answerChunks(chunks);
  await ask(handler, "GET", path.plain);
  for (const method of ["GET", "HEAD"]) {
    const answer = handler({ method, path: path.plain, header: () => undefined, body: new ReadableStream() });
    ok(!(answer instanceof Promise));
    strictEqual(answer.status, 200);
    deepStrictEqual(
      [answer.body?.length, answer.length],
      method === "GET" ? [4000, undefined] : [undefined, 4000],
    );
  }
  deepStrictEqual([store.requests.get, chunks.counts[FROM.memory]], [1, 2]);
});

Deno.test("HEAD says whether a chunk is there, in either form, without fetching it", async () => {
  const { plain, path } = sample();
  const store = new RemoteStore();
  const handler = answerChunks(new ServedChunks(store, { codec }));
  strictEqual((await ask(handler, "HEAD", path.plain)).status, 404);
  await store.put(plain);
  for (const form of FORMS) {
    const { status, body, headers } = await ask(handler, "HEAD", path[form]);
    deepStrictEqual([status, body, headers["cache-control"]], [200, undefined, IMMUTABLE]);
  }
  strictEqual(store.requests.get, 0);
});

Deno.test("no part of a chunk is offered that is encrypted anew for each client", async () => {
  const { plain, id } = sample();
  const store = new MemoryStore();
  await store.put(plain);
  const cipher = chunkCipher("aes-256-gcm", new Uint8Array(32));
  const handler = answerChunks(new ServedChunks(store, { codec, cipher }));
  const path = `/${chunkPath(id, "plain", cipher.key.suffix)}`;
  const [head, get] = [await ask(handler, "HEAD", path), await ask(handler, "GET", path)];
  strictEqual(get.headers["accept-ranges"], "none");
  deepStrictEqual(head.headers, get.headers);
});

Deno.test("a client that has the chunk gets 304, if it is still there", async () => {
  const { plain, path, id } = sample();
  const store = new RemoteStore();
  const handler = answerChunks(new ServedChunks(store, { codec }));
  const headers = { "if-none-match": `"${id}.cacnk"` };
  strictEqual((await ask(handler, "GET", path.compressed, { headers })).status, 404);
  await store.put(plain);
  const cold = await ask(handler, "GET", path.compressed, { headers });
  deepStrictEqual([cold.status, cold.body, cold.headers.etag], [304, undefined, `W/"${id}.cacnk"`]);
  strictEqual(store.requests.get, 0);
  strictEqual((await ask(handler, "GET", path.plain, { headers })).status, 200);
  await ask(handler, "GET", path.compressed);
  strictEqual((await ask(handler, "GET", path.compressed, { headers })).status, 304);
});

Deno.test("parts of a chunk are sent, hot or not", async () => {
  const { plain, path, bytes } = sample();
  const store = new MemoryStore();
  await store.put(plain);
  const handler = answerChunks(new ServedChunks(store, { codec }));
  for (let i = 0; i < 2; i++) {
    const { status, body } = await ask(handler, "GET", path.plain, { headers: { range: "bytes=10-19" } });
    strictEqual(status, 206);
    sameBytes(body!, bytes.subarray(10, 20));
  }
});

Deno.test("what is missing is not kept by caches", async () => {
  const { path, id } = sample();
  const { status, headers, text } = await ask(
    answerChunks(new ServedChunks(new MemoryStore())),
    "GET",
    path.plain,
  );
  strictEqual(status, 404);
  deepStrictEqual(headers, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  strictEqual(text, `chunk ${id} not found\n`);
});

Deno.test("nothing but the one way to write a chunk's path is answered", async () => {
  const { plain, id, path } = sample();
  const asked: string[] = [];
  const store = wrapStore(new MemoryStore(), (send, request) => {
    asked.push(request.id);
    return send();
  });
  await store.put(plain);
  asked.length = 0;
  const handler = answerChunks(new ServedChunks(store));
  const prefix = id.slice(0, 4);
  const wrong = [
    "",
    "/",
    "*",
    "/somefile",
    `/${id}`,
    `/${prefix}/`,
    `/${prefix}`,
    `/${prefix}/${id.slice(0, 63)}`,
    `/${prefix}/${id}0`,
    `/${prefix}/${id}.cacnk.cacnk`,
    `/${prefix}/${id}.CACNK`,
    `/${prefix}/${id}.cacn`,
    `/${prefix}/${id}.`,
    `/${prefix}/${id}/`,
    `/${prefix}/${id}\n`,
    `/${prefix}/${id}%00`,
    `/${prefix}/${id.toUpperCase()}`,
    `/${prefix.toUpperCase()}/${id}`,
    `/ffff/${id}`,
    `//${prefix}/${id}`,
    `/${prefix}//${id}`,
    `/./${prefix}/${id}`,
    `/${prefix}/../${prefix}/${id}`,
    `/${prefix}/%2e%2e/${prefix}/${id}`,
    `/${prefix}%2f${id}`,
    `/${prefix}\\${id}`,
    `/%${prefix.charCodeAt(0).toString(16)}${prefix.slice(1)}/${id}`,
    `/${prefix}/${id}?x`,
    `/store/${prefix}/${id}`,
    "/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/..%5c..%5cetc%5cpasswd",
    "/%c0%ae%c0%ae/etc/passwd",
    "/0000/../../../etc/passwd.cacnk",
    `/${prefix}/${"０".repeat(64)}`,
    `/${"a".repeat(1 << 16)}`,
  ];
  for (const method of ["GET", "HEAD", "PUT"]) {
    for (const path of wrong) {
      const { status, text } = await ask(handler, method, path);
      strictEqual(status, 400, `${method} ${path.slice(0, 200)}`);
      match(text, /^the path is not that of a chunk: [^\n]+\n$/);
    }
  }
  deepStrictEqual(asked, []);
  strictEqual((await ask(handler, "GET", path.plain)).status, 200);
});

Deno.test("a server of one form refuses the names of the other", async () => {
  const { plain, path } = sample();
  const store = new MemoryStore();
  await store.put(plain);
  for (const form of FORMS) {
    const handler = answerChunks(new ServedChunks(store, { codec }), { form });
    const other = form === "plain" ? "compressed" : "plain";
    strictEqual((await ask(handler, "GET", path[form])).status, 200);
    const { status, text } = await ask(handler, "GET", path[other]);
    strictEqual(status, 400);
    match(text, form === "plain" ? /an uncompressed chunk/ : /a compressed chunk/);
  }
});

Deno.test("other methods are refused, with those that there are", async () => {
  const { path } = sample();
  const handler = answerChunks(new ServedChunks(new MemoryStore()));
  for (
    const method of ["POST", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "G\u0000T"]
  ) {
    const { status, headers, text } = await ask(handler, method, path.plain);
    deepStrictEqual([status, headers.allow], [405, "GET, HEAD"], method);
    match(text, /^the method is not supported, only GET, HEAD\n$/);
  }
});

Deno.test("failures have a status and a line that names nothing of the server; the operator gets it all", async () => {
  const { id, path } = sample();
  const cause = Object.assign(new Error("x"), { code: "ENOSPC" });
  const cases: [error: unknown, status: number, line: string, reported?: RegExp][] = [
    [failure("timeout"), 504, "the store did not answer in time"],
    [failure("store"), 502, "the store failed"],
    [failure("protocol"), 502, "the store failed"],
    [failure("io"), 500, "the server failed"],
    // A directory that is not there may be there again: it is not the chunk that is missing.
    [failure("missing-file"), 500, "the server failed"],
    [failure("interrupted"), 503, "the server is stopping"],
    [failure("io", cause), 507, "the store is full"],
    [failure("store", failure("io", cause)), 507, "the store is full"],
    [
      new TypeError("/secret is broken"),
      500,
      "the server failed",
      /^Cannot answer a request: \/secret is broken$/,
    ],
  ];
  for (const [error, status, line, reported = /^Cannot read \/secret: hunter2$/] of cases) {
    const store = wrapStore(new MemoryStore(), () => {
      throw error;
    });
    const problems: string[] = [];
    const onProblem = ({ message }: DesyncError) => problems.push(message);
    const handler = answerChunks(new ServedChunks(store), { onProblem });
    const answer = await ask(handler, "GET", path.plain);
    deepStrictEqual([answer.status, answer.text], [status, `${line}\n`]);
    strictEqual(answer.headers["cache-control"], "no-store");
    // That a client left is nothing to report.
    strictEqual(problems.length, status === 503 ? 0 : 1, line);
    if (status !== 503) match(problems[0], reported);
  }
  // Damaged in the only store.
  const store = new RemoteStore();
  store.plant(id, { form: "plain", bytes: damaged(sample().bytes) });
  const problems: string[] = [];
  const handler = answerChunks(new ServedChunks(store), {
    onProblem: ({ message }) => problems.push(message),
  });
  const answer = await ask(handler, "GET", path.plain);
  deepStrictEqual([answer.status, answer.text], [502, "the chunk is damaged in the store\n"]);
  strictEqual(problems.length, 1);
  match(problems[0], /^Chunk .* in remote:\/\/store is invalid/);
});

function failure(code: ErrorCode, cause?: unknown): DesyncError {
  return new DesyncError(code, { action: "read", subject: "/secret", reason: "hunter2", cause });
}
