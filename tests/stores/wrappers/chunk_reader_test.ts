import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { StoredChunk } from "../../../src/core/chunk.ts";
import { portableCodec } from "../../../src/codec/portable.ts";
import { ChunkReader } from "../../../src/stores/wrappers/chunk_reader.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { retryStore } from "../../../src/stores/wrappers/retry.ts";
import type { ChunkStore } from "../../../src/stores/store.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { type Form, stored } from "../../support/made.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { sha512256 } from "../../support/sha.ts";

const content = new Random(3).bytes(1000);
const id = sha512256(content);
const expected = { id, digest: "sha512-256", size: 1000 } as const;
const chunk = (form: Form): StoredChunk => ({
  form: form === "plain" ? "plain" : "compressed",
  bytes: stored(content, form),
});
const bad: StoredChunk = { form: "plain", bytes: new Uint8Array(1000) };

Deno.test("a chunk is taken from the first store that has it, and added to the cache in a form that all can read", async () => {
  for (const form of ["zstd", "plain", "gzip"] as const) {
    const [cache, first, second, third] = ["cache", "1", "2", "3"].map((name) => new MemoryStore(name));
    await second.put(asVerified(id, chunk(form)));
    await third.put(asVerified(id, bad));
    const reader = new ChunkReader({ cache, stores: [first, second, third] }, portableCodec);
    sameBytes(await reader.read(expected), content);
    deepStrictEqual((await cache.get(id))?.form, form === "zstd" ? "compressed" : "plain");
    const alone = new ChunkReader({ cache, stores: [] }, portableCodec);
    sameBytes(await alone.read(expected), content);
  }
});

Deno.test("the error for a missing chunk names all searched stores", async () => {
  const sources = {
    cache: new MemoryStore("the cache"),
    stores: [new MemoryStore("a"), new MemoryStore("b")],
  };
  const reader = new ChunkReader(sources, portableCodec);
  await rejects(reader.read(expected), { code: "missing-chunk", message: /searched: the cache, a, b\)/ });
  await rejects(new ChunkReader({ stores: [] }, portableCodec).read(expected), /no store was given/);
});

Deno.test("an invalid chunk is an error that names its store; in the cache it can be replaced", async () => {
  const [cache, store] = [new MemoryStore("the cache"), new MemoryStore("the store")];
  await store.put(asVerified(id, bad));
  await rejects(new ChunkReader({ cache, stores: [store] }, portableCodec).read(expected), {
    code: "invalid-chunk",
    message: new RegExp(`${id} in the store is invalid`),
  });
  strictEqual(await cache.has(id), false);
  await cache.put(asVerified(id, bad));
  await store.put(asVerified(id, chunk("zstd")));
  const message = /in the cache the cache is invalid.*--cache-repair/;
  await rejects(new ChunkReader({ cache, stores: [store] }, portableCodec).read(expected), { message });
  const repairing = new ChunkReader({ cache, cacheRepair: true, stores: [store] }, portableCodec);
  sameBytes(await repairing.read(expected), content);
  const alone = new ChunkReader({ cache, stores: [] }, portableCodec);
  ok((await alone.read(expected)).length === 1000);
});

Deno.test("a damaged chunk is taken from the next store; if none has it, the error names all that served it", async () => {
  const [cache, first, second] = ["the cache", "first", "second"].map((name) => new MemoryStore(name));
  const reader = new ChunkReader({ cache, stores: [first, second] }, portableCodec);
  await first.put(asVerified(id, bad));
  await rejects(reader.read(expected), { code: "invalid-chunk", message: /in first is invalid/ });
  await second.put(asVerified(id, bad));
  await rejects(reader.read(expected), { code: "invalid-chunk", message: /in first is .* in second is/ });
  strictEqual(await cache.has(id), false);
  await second.put(asVerified(id, chunk("zstd")));
  sameBytes(await reader.read(expected), content);
  ok(await cache.has(id));
});

Deno.test("a store with retries has them for damaged chunks, too", async () => {
  for (const retries of [0, 1, 3]) {
    let asked = 0;
    const damaging: ChunkStore = {
      properties: { location: "far away", probe: "cheap" },
      get: () => Promise.resolve(asked++ < 3 ? bad : chunk("zstd")),
      has: () => Promise.resolve(true),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const store = retryStore(damaging, { retries, baseIntervalMs: 1 });
    const reading = new ChunkReader({ stores: [store] }, portableCodec).read(expected);
    if (retries === 3) sameBytes(await reading, content);
    else await rejects(reading, { code: "invalid-chunk", message: /in far away is invalid/ });
    strictEqual(asked, 1 + retries);
  }
});

Deno.test("a cache that fails is reported once, and not filled any more", async () => {
  const store = new MemoryStore("the store");
  const contents = [1, 2, 3].map((seed) => new Random(seed).bytes(100));
  for (const bytes of contents) await store.put(asVerified(sha512256(bytes), { form: "plain", bytes }));
  for (const broken of ["get", "put"] as const) {
    const cache = new MemoryStore("the cache");
    let calls = 0;
    const fail = () => {
      calls++;
      return Promise.reject(new Error("no room"));
    };
    if (broken === "get") cache.get = fail;
    else cache.put = fail;
    const problems: string[] = [];
    const onCacheProblem = ({ message }: Error) => problems.push(message);
    const reader = new ChunkReader({ cache, stores: [store], onCacheProblem }, portableCodec);
    for (const bytes of contents) {
      sameBytes(await reader.read({ id: sha512256(bytes), digest: "sha512-256" }), bytes);
    }
    deepStrictEqual(problems, ["no room"]);
    strictEqual(calls, broken === "get" ? 3 : 1);
    strictEqual(await cache.has(sha512256(contents[2])), false);
  }
  const cache = new MemoryStore("the cache");
  cache.get = () => Promise.reject(new Error("no room"));
  await rejects(new ChunkReader({ cache, stores: [] }, portableCodec).read(expected), /no room/);
});
