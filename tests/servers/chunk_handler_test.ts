/** Chunks over HTTP: which request gets what. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { hashChunk, openChunk, type OpenedChunk } from "../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { answerChunks } from "../../src/servers/chunk_handler.ts";
import { ChunkUploads } from "../../src/servers/chunk_uploads.ts";
import type { Handler } from "../../src/servers/exchange.ts";
import { ServedChunks } from "../../src/servers/served_chunks.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { stored } from "../support/made.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { ask } from "./requests.ts";

const codec = nativeCodec;

/** A chunk with paths under which it is served. */
function someChunk(bytes = new TextEncoder().encode("some line\n".repeat(1000))): {
  chunk: OpenedChunk;
  compressed: string;
  plain: string;
} {
  const chunk = hashChunk(codec, "sha512-256", bytes);
  const plain = `/${chunk.id.slice(0, 4)}/${chunk.id}`;
  return { chunk, compressed: `${plain}.cacnk`, plain };
}

function writable(store = new MemoryStore()): { store: MemoryStore; handler: Handler } {
  const handler = answerChunks(new ServedChunks(store, { codec }), {
    uploads: new ChunkUploads(store, { codec }),
  });
  return { store, handler };
}

Deno.test("a chunk is served in the form that its name asks for, whatever the store holds", async () => {
  const { chunk, compressed, plain } = someChunk();
  const zstd = stored(chunk.bytes, "zstd");
  for (
    const held of [
      chunk,
      openChunk(codec, { form: "compressed", bytes: zstd }, { id: chunk.id, digest: "sha512-256" }),
    ]
  ) {
    const store = new MemoryStore();
    await store.put(held);
    const handler = answerChunks(new ServedChunks(store, { codec }));
    const asPlain = await ask(handler, "GET", plain);
    strictEqual(asPlain.status, 200);
    sameBytes(asPlain.body!, chunk.bytes);
    const asCompressed = await ask(handler, "GET", compressed);
    strictEqual(asCompressed.status, 200);
    sameBytes(codec.decompress("zstd", asCompressed.body!, 1 << 20), chunk.bytes);
  }
});

Deno.test("HEAD says whether a chunk is there", async () => {
  const { chunk, compressed, plain } = someChunk();
  const store = new MemoryStore();
  const handler = answerChunks(new ServedChunks(store, { codec }));
  strictEqual((await ask(handler, "HEAD", plain)).status, 404);
  await store.put(chunk);
  for (const path of [plain, compressed]) {
    const answer = await ask(handler, "HEAD", path);
    strictEqual(answer.status, 200);
    strictEqual(answer.body, undefined);
  }
});

Deno.test("what is uploaded is stored, and served", async () => {
  const { store, handler } = writable();
  const { chunk, compressed } = someChunk(random().bytes(5000));
  strictEqual((await ask(handler, "GET", compressed)).status, 404);
  const body = stored(chunk.bytes, "zstd");
  strictEqual((await ask(handler, "PUT", compressed, { body })).status, 200);
  deepStrictEqual(await store.get(chunk.id), { form: "compressed", bytes: body });
  deepStrictEqual((await ask(handler, "GET", compressed)).body, body);
});

Deno.test("nothing is uploaded unless that is enabled", async () => {
  const { chunk, plain } = someChunk();
  const store = new MemoryStore();
  const answer = await ask(answerChunks(new ServedChunks(store)), "PUT", plain, { body: chunk.bytes });
  strictEqual(answer.status, 400);
  match(answer.text, /^writing to upstream chunk store is not enabled\n$/);
  strictEqual(await store.has(chunk.id), false);
});
