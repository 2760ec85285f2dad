/** Requests for several chunks at a time, with a real server. */
import { rejects, strictEqual } from "node:assert/strict";
import { BATCH_BYTES, MOST_IN_BATCH } from "../../../src/core/chunk_batch.ts";
import { hashChunk } from "../../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { chunkHandler } from "../../../src/servers/fetch_handlers.ts";
import { HttpStore } from "../../../src/stores/http/http_store.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { wrapStore } from "../../../src/stores/wrappers/wrap.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";

const rnd = new Random(18);
/** More than fit into one answer, and one that fits into none. */
const chunks = Array.from(
  { length: MOST_IN_BATCH + 10 },
  (_, i) => hashChunk(nativeCodec, "sha512-256", rnd.bytes(i === 3 ? 17_000_000 : BATCH_BYTES / 40)),
);
const store = new MemoryStore();
for (const chunk of chunks) await store.put(chunk);
const missing = "00".repeat(32);

/** Serves on a port of this machine, and counts the requests. */
function serving(handler: (request: Request) => Promise<Response>) {
  const asked = { GET: 0, POST: 0 };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked[request.method as "GET" | "POST"]++;
    return handler(request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("chunks that are wanted together come together, and each is there", async () => {
  await using server = serving(chunkHandler(store, { codec: nativeCodec, form: "plain" }));
  const reader = new HttpStore(server.url, { batches: true });
  const [none, ...stored] = await Promise.all(
    [missing, ...chunks.map(({ id }) => id)].map((id) => reader.get(id)),
  );
  strictEqual(none, null);
  for (const [i, one] of stored.entries()) sameBytes(one!.bytes, chunks[i].bytes);
  // Two forms of the one that fits into no answer.
  strictEqual(server.asked.GET <= 2, true);
  strictEqual(server.asked.POST < 6, true);
});

Deno.test("a chunk that is damaged in the server's store costs no other, and its own request says so", async () => {
  const damaged = wrapStore(store, async (send, { id }) => {
    const stored = await send();
    return id === chunks[1].id ? { form: "plain", bytes: new Uint8Array(9) } as typeof stored : stored;
  });
  await using server = serving(chunkHandler(damaged, { codec: nativeCodec, form: "plain" }));
  const reader = new HttpStore(server.url, { batches: true });
  // After it is known that the server answers such requests.
  await reader.get(chunks[4].id);
  const [first, wrong, third] = chunks.slice(0, 3).map(({ id }) => reader.get(id));
  const refused = rejects(wrong, { code: "store", message: /502/ });
  sameBytes((await first)!.bytes, chunks[0].bytes);
  sameBytes((await third)!.bytes, chunks[2].bytes);
  await refused;
});

Deno.test("a server that does not know such requests is asked for single chunks from then on", async () => {
  const handler = chunkHandler(store, { codec: nativeCodec, form: "plain" });
  const refusing = (request: Request) =>
    request.method === "POST" ? Promise.resolve(new Response(null, { status: 405 })) : handler(request);
  await using server = serving(refusing);
  const reader = new HttpStore(server.url, { batches: true });
  for (const { id, bytes } of chunks.slice(0, 2)) sameBytes((await reader.get(id))!.bytes, bytes);
  strictEqual(server.asked.POST, 1);
});

Deno.test("an answer that is not chunks is an error once such answers came, and may be retried", async () => {
  const handler = chunkHandler(store, { codec: nativeCodec, form: "plain" });
  let answers = 0;
  await using server = serving((request) =>
    answers++ === 0 ? handler(request) : Promise.resolve(new Response("no chunks"))
  );
  const reader = new HttpStore(server.url, { batches: true });
  await reader.get(chunks[0].id);
  await rejects(reader.get(chunks[1].id), { code: "store", retriable: true, message: /chunks/ });
});

Deno.test("a reader that is aborted does not wait, and the others get theirs", async () => {
  const handler = chunkHandler(store, { codec: nativeCodec, form: "plain" });
  await using server = serving(handler);
  const reader = new HttpStore(server.url, { batches: true });
  const stop = new AbortController();
  const stopped = reader.get(chunks[0].id, { signal: stop.signal });
  const other = reader.get(chunks[1].id);
  stop.abort();
  await rejects(stopped, { code: "interrupted" });
  sameBytes((await other)!.bytes, chunks[1].bytes);
});

Deno.test("what is not ids of chunks is refused", async () => {
  const handler = chunkHandler(store, { codec: nativeCodec });
  const ask = async (body: string) =>
    (await handler(new Request("http://localhost/chunks", { method: "POST", body }))).status;
  const id = `${missing}\n`;
  for (const body of ["", "\n", "x", `${id}x`, id.repeat(MOST_IN_BATCH + 1), `${missing.toUpperCase()}0`]) {
    const status = await ask(body);
    strictEqual(status === 400 || status === 413, true, `${status} for ${body.length} characters`);
  }
  strictEqual(await ask(id.repeat(MOST_IN_BATCH)), 200);
});
