/** Chunks that are uploaded: what is stored, and what is refused. */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { compressChunk, hashChunk } from "../../../src/codec/open_chunk.ts";
import { chunkPath, MAX_CHUNK_SIZE, type StoredForm } from "../../../src/core/chunk.ts";
import { DesyncError } from "../../../src/core/errors.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { answerChunks } from "../../../src/servers/chunks/chunk_handler.ts";
import { ChunkUploads, type ChunkUploadsOptions } from "../../../src/servers/chunks/chunk_uploads.ts";
import type { Handler } from "../../../src/servers/handler.ts";
import { ServedChunks } from "../../../src/servers/chunks/served_chunks.ts";
import { readOnlyStore } from "../../support/servers/read_only_store.ts";
import type { ManagedChunkStore } from "../../../src/stores/store.ts";
import { wrapStore } from "../../../src/stores/wrappers/wrap.ts";
import { stored, zstdBomb } from "../../support/made.ts";
import { xzOfPrograms } from "../../support/data/xz.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { RemoteStore } from "../../support/servers/remote_store.ts";
import { damaged, sample } from "./samples.ts";
import { ask, pieces, settled } from "../requests.ts";
import { WorkerPool } from "../../../src/workers/pool.ts";

const codec = nativeCodec;
const { id, bytes, zstd, path } = sample();

function server(options: ChunkUploadsOptions = {}, store: ManagedChunkStore = new RemoteStore()): Handler {
  const uploads = new ChunkUploads(store, { codec, ...options });
  return answerChunks(new ServedChunks(store, { codec }), { uploads });
}

Deno.test("a chunk is stored as it came, or in the form that is wanted, and served", async () => {
  const gzip = stored(bytes, "gzip");
  const cases: [
    path: StoredForm,
    body: Uint8Array,
    form: ChunkUploadsOptions["form"],
    kept: StoredForm,
    as?: Uint8Array,
  ][] = [
    ["plain", bytes, undefined, "plain", bytes],
    ["compressed", zstd, undefined, "compressed", zstd],
    ["compressed", gzip, undefined, "compressed"],
    ["compressed", zstd, "plain", "plain", bytes],
    ["plain", bytes, "compressed", "compressed"],
    ["compressed", zstd, "compressed", "compressed", zstd],
  ];
  for (const [sent, body, form, kept, as] of cases) {
    const store = new RemoteStore();
    const handler = server({ form }, store);
    const answer = await ask(handler, "PUT", path[sent], { body });
    deepStrictEqual([answer.status, answer.text], [200, "stored\n"]);
    const chunk = (await store.get(id))!;
    strictEqual(chunk.form, kept);
    sameBytes(kept === "plain" ? chunk.bytes : codec.decompress("zstd", chunk.bytes, 1 << 20), bytes);
    if (as !== undefined) sameBytes(chunk.bytes, as);
    sameBytes((await ask(handler, "GET", path.plain)).body!, bytes);
  }
});

Deno.test("either digest is taken", async () => {
  const store = new RemoteStore();
  const other = sample(1, "sha256");
  strictEqual((await ask(server({}, store), "PUT", other.path.compressed, { body: other.zstd })).status, 200);
  deepStrictEqual(store.names, [`${other.id}.cacnk`]);
});

Deno.test("100 concurrent uploads of one chunk are one write, and later ones none", async () => {
  const store = new RemoteStore();
  const handler = server({}, store);
  const upload = () => ask(handler, "PUT", path.plain, { body: bytes });
  const answers = await Promise.all(Array.from({ length: 100 }, upload));
  deepStrictEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  deepStrictEqual([store.requests.has, store.requests.put, store.requests.touch], [1, 1, 0]);
  strictEqual((await upload()).status, 200);
  deepStrictEqual([store.requests.put, store.requests.touch], [1, 1]);
});

Deno.test("a chunk is found after it was uploaded, also when it was being looked for before", async () => {
  const store = new RemoteStore();
  const gate = Promise.withResolvers<void>();
  const slow = wrapStore(store, async (send, { name }) => {
    const answer = await send();
    if (name === "get" || name === "has") await gate.promise;
    return answer;
  });
  const handler = answerChunks(new ServedChunks(slow, { codec }), {
    uploads: new ChunkUploads(store, { codec }),
  });
  const early = [ask(handler, "GET", path.plain), ask(handler, "HEAD", path.plain)];
  await settled();
  await ask(handler, "PUT", path.plain, { body: bytes });
  const late = [ask(handler, "GET", path.plain), ask(handler, "HEAD", path.plain)];
  gate.resolve();
  deepStrictEqual((await Promise.all([...early, ...late])).map(({ status }) => status), [404, 404, 200, 200]);
});

Deno.test("what is not the chunk is refused, and nothing is stored", async () => {
  const store = new RemoteStore();
  const handler = server({}, store);
  const cases: [form: StoredForm, body: Uint8Array, status: number, line: RegExp][] = [
    ["plain", damaged(bytes), 400, /its sha512-256 digest is/],
    ["plain", bytes.subarray(0, 3999), 400, /its sha512-256 digest is/],
    ["plain", zstd, 400, /its sha512-256 digest is/],
    ["plain", new Uint8Array(0), 400, /its sha512-256 digest is/],
    ["compressed", bytes, 400, /it is not compressed data/],
    ["compressed", new Uint8Array(0), 400, /its file is empty/],
    ["compressed", zstd.subarray(0, zstd.length - 1), 400, /its zstd data is damaged/],
    ["compressed", damaged(zstd), 400, /./],
    ["compressed", zstdBomb(1100), 400, /it decompresses to more than 134217728 bytes/],
    ["compressed", xzOfPrograms(), 415, /xz and the filter 0x4, which is not supported/],
  ];
  for (const [form, body, status, line] of cases) {
    const answer = await ask(handler, "PUT", path[form], { body });
    strictEqual(answer.status, status, answer.text);
    match(answer.text, /^the body is not the chunk: [^\n]+\n$/);
    match(answer.text, line);
  }
  deepStrictEqual([store.names, store.requests.put], [[], 0]);
});

Deno.test("a body that is too large is not read", async () => {
  let [read, ended] = [0, false];
  async function* endless() {
    try {
      while (true) {
        read++;
        yield await Promise.resolve(new Uint8Array(1 << 20));
      }
    } finally {
      ended = true;
    }
  }
  const handler = server();
  const claims = { "content-length": String(MAX_CHUNK_SIZE + 1) };
  const refused = await ask(handler, "PUT", path.plain, { headers: claims, body: endless() });
  deepStrictEqual([refused.status, read], [413, 0]);
  match(refused.text, /^the body is larger than the limit of 134217728 bytes\n$/);
  strictEqual((await ask(handler, "PUT", path.plain, { body: endless() })).status, 413);
  deepStrictEqual([read, ended], [129, true]);
});

Deno.test("a body that lies about its length or breaks off is refused", async () => {
  const store = new RemoteStore();
  const handler = server({}, store);
  for (const length of ["3999", "4001", "0", "1e9", "-1", "x", ""]) {
    const headers = { "content-length": length };
    const { status } = await ask(handler, "PUT", path.plain, { headers, body: pieces(bytes) });
    strictEqual(status, length === "1e9" ? 413 : 400, length);
  }
  async function* broken() {
    yield await Promise.resolve(bytes);
    throw new TypeError("connection reset");
  }
  const { status, text } = await ask(handler, "PUT", path.plain, { body: broken() });
  deepStrictEqual([status, text], [400, "the body broke off\n"]);
  deepStrictEqual(store.names, []);
  // In many pieces it is as good as in one.
  const parts = Array.from({ length: 40 }, (_, i) => bytes.subarray(i * 100, (i + 1) * 100));
  strictEqual((await ask(handler, "PUT", path.plain, { body: pieces(...parts) })).status, 200);
});

Deno.test("all bodies together have bounded memory, which is free again afterwards", async () => {
  const gate = Promise.withResolvers<void>();
  const handler = server({ memoryBytes: 10_000 }, new RemoteStore());
  async function* slow() {
    yield bytes;
    await gate.promise;
  }
  const waiting = [0, 1].map(() => ask(handler, "PUT", path.plain, { body: slow() }));
  await settled();
  const refused = await ask(handler, "PUT", path.plain, { body: bytes });
  deepStrictEqual([refused.status, refused.headers["retry-after"]], [503, "1"]);
  gate.resolve();
  for (const { status } of await Promise.all(waiting)) strictEqual(status, 200);
  for (let i = 0; i < 10; i++) {
    strictEqual((await ask(handler, "PUT", path.plain, { body: damaged(bytes) })).status, 400);
    strictEqual((await ask(handler, "PUT", path.plain, { body: bytes })).status, 200);
  }
});

Deno.test("a body in many small pieces is refused before they fill the memory", async () => {
  let sent = 0;
  async function* crumbs() {
    for (; sent < 1_000_000; sent++) yield new Uint8Array(1);
  }
  const handler = server({ memoryBytes: 1_000_000 });
  strictEqual((await ask(handler, "PUT", path.plain, { body: crumbs() })).status, 503);
  ok(sent < 10_000, String(sent));
  strictEqual((await ask(handler, "PUT", path.plain, { body: bytes })).status, 200);
});

Deno.test("what small bodies become counts as well, but for one at a time", async () => {
  using workers = new WorkerPool(1, 0);
  const cases: ChunkUploadsOptions[] = [{}, { openElsewhere: (chunk) => workers.open(chunk), form: "plain" }];
  for (const options of cases) {
    const gate = Promise.withResolvers<void>();
    let puts = 0;
    const store = wrapStore(new RemoteStore(), async (send, { name }) => {
      if (name === "put" && ++puts > 1) gate.resolve();
      if (name === "put") await gate.promise;
      return await send();
    });
    const handler = server({ memoryBytes: 100_000, ...options }, store);
    // Those of more than 1 MiB are for the worker.
    const uploads = [0, 1, 2].map((value) => {
      const chunk = hashChunk(codec, "sha512-256", new Uint8Array(1_100_000).fill(value));
      const body = compressChunk(codec, chunk).stored.bytes;
      return { path: `/${chunkPath(chunk.id, "compressed")}`, body };
    });
    const put = async ({ path, body }: typeof uploads[number]) =>
      (await ask(handler, "PUT", path, { body: body.slice() })).status;
    const [first, ...others] = uploads.map(put);
    deepStrictEqual(await Promise.all(others), [503, 503]);
    gate.resolve();
    strictEqual(await first, 200);
    for (const upload of uploads) strictEqual(await put(upload), 200);
  }
});

Deno.test("large chunks are verified by a worker, and other requests answered meanwhile", async () => {
  using workers = new WorkerPool(1, 0);
  const store = new RemoteStore();
  const handler = server({ openElsewhere: (chunk) => workers.open(chunk), form: "compressed" }, store);
  // The first starts the worker.
  for (const digest of ["sha256", "sha512-256"] as const) {
    const chunk = hashChunk(codec, digest, new Uint8Array(40_000_000));
    const body = compressChunk(codec, chunk).stored.bytes.slice();
    let [over, answered] = [false, 0];
    const upload = ask(handler, "PUT", `/${chunkPath(chunk.id, "compressed")}`, { body })
      .finally(() => over = true);
    for (; !over; answered++) {
      strictEqual((await ask(handler, "GET", path.plain)).status, 404);
      await settled();
    }
    strictEqual((await upload).status, 200);
    ok(answered > 10, String(answered));
    strictEqual((await store.get(chunk.id))!.form, "compressed");
  }
  const noise = Uint8Array.from({ length: 1_100_000 }, (_, i) => i * i);
  const plain = hashChunk(codec, "sha512-256", noise);
  for (const [body, status] of [[damaged(noise), 400], [noise, 200]] as const) {
    strictEqual((await ask(handler, "PUT", `/${chunkPath(plain.id, "plain")}`, { body })).status, status);
  }
  sameBytes(codec.decompress("zstd", (await store.get(plain.id))!.bytes, noise.length), noise);
});

Deno.test("a store that cannot be written says so at once, one that fails when it fails", async () => {
  throws(() => new ChunkUploads(readOnlyStore), { code: "usage" });
  const full = wrapStore(new RemoteStore(), (send, { name }) => {
    if (name !== "put") return send();
    throw new DesyncError("io", {
      reason: "full",
      cause: Object.assign(new Error("full"), { code: "ENOSPC" }),
    });
  });
  strictEqual((await ask(server({}, full), "PUT", path.plain, { body: bytes })).status, 507);
});

Deno.test("nothing is taken unless uploads are enabled", async () => {
  const store = new RemoteStore();
  const answer = await ask(answerChunks(new ServedChunks(store)), "PUT", path.plain, { body: bytes });
  deepStrictEqual([answer.status, answer.text], [400, "writing to upstream chunk store is not enabled\n"]);
  deepStrictEqual(store.names, []);
  const { headers } = await ask(server(), "POST", path.plain);
  strictEqual(headers.allow, "GET, HEAD, PUT");
});

Deno.test("an upload that was verified is stored even when its client has gone", async () => {
  const store = new RemoteStore({ delayMs: 20 });
  const uploads = new ChunkUploads(store, { codec });
  const gone = new AbortController();
  const handler = answerChunks(new ServedChunks(store, { codec }), { uploads });
  const answer = ask(handler, "PUT", path.plain, { body: bytes, signal: gone.signal });
  gone.abort();
  await answer;
  await uploads.idle();
  ok(await store.has(id));
  await rejects(new ServedChunks(store).get(id, "plain", { signal: AbortSignal.abort() }), {
    code: "interrupted",
  });
});
