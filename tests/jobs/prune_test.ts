import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { compressChunk, hashChunk } from "../../src/codec/open_chunk.ts";
import { Progress } from "../../src/core/progress.ts";
import { pruneStore } from "../../src/jobs/prune.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { retryStore } from "../../src/stores/wrappers/retry.ts";
import type { ManagedChunkStore } from "../../src/stores/store.ts";
import { exists } from "../support/exists.ts";
import { Random } from "../support/random.ts";
import { RemoteStore } from "../support/servers/remote_store.ts";
import { tempDir } from "../support/temp.ts";

const noise = new Random(4);
const chunks = Array.from({ length: 10 }, (_, i) => {
  const chunk = hashChunk(nativeCodec, "sha512-256", noise.bytes(1000 + i));
  return i % 3 === 0 ? chunk : compressChunk(nativeCodec, chunk);
});
const kept = chunks.slice(0, 4);
const keep = new Set(kept.map(({ id }) => id));
const unneeded = chunks.slice(4);
const bytes = unneeded.reduce((sum, { stored }) => sum + stored.bytes.length, 0);

const kinds: [name: string, make: (path: string) => ManagedChunkStore][] = [
  ["in memory", () => new MemoryStore()],
  ["far away", () => new RemoteStore()],
  ["far away that is retried", () => retryStore(new RemoteStore(), { retries: 1, baseIntervalMs: 1 })],
  ["in a directory", (path) => new LocalStore(path, { create: true })],
];

for (const [name, make] of kinds) {
  Deno.test(`a store ${name} is pruned of what is not kept`, async () => {
    using dir = tempDir();
    const store = make(dir.path("store"));
    for (const chunk of chunks) await store.put(chunk);
    const expected = { kept: 4, recent: 0, removed: 6, removedBytes: bytes, stale: { files: 0, bytes: 0 } };
    deepStrictEqual(await pruneStore(store, keep, { dryRun: true }), expected);
    strictEqual((await Array.fromAsync(store.list())).flat().length, 10);
    const progress = new Progress();
    deepStrictEqual(await pruneStore(store, keep, { progress }), expected);
    strictEqual(progress.done, bytes);
    const left = (await Array.fromAsync(store.list())).flat().map(({ id }) => id);
    deepStrictEqual(left.toSorted(), [...keep].toSorted());
  });
}

Deno.test("chunks that are put into a directory after the start stay, those of before do not", async () => {
  using dir = tempDir();
  const store = new LocalStore(dir.path("store"), { create: true });
  for (const chunk of chunks.slice(0, 7)) await store.put(chunk);
  const startedAt = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (const chunk of chunks.slice(7)) await store.put(chunk);
  const { kept, recent, removed } = await pruneStore(store, keep, { startedAt });
  deepStrictEqual({ kept, recent, removed }, { kept: 4, recent: 3, removed: 3 });
  deepStrictEqual(
    (await Promise.all(chunks.map(({ id }) => store.has(id)))).map(Number).join(""),
    "1111000111",
  );
});

Deno.test("several chunks are removed at a time where that takes its time, no more than suit the store", async () => {
  const store = new RemoteStore({ concurrency: { start: 3, max: 8 } });
  for (const chunk of chunks) await store.put(chunk);
  store.underWay.mostRequests = 0;
  await pruneStore(store, keep);
  ok(store.underWay.mostRequests > 1 && store.underWay.mostRequests <= 3, `${store.underWay.mostRequests}`);
});

Deno.test("pruning ends with the first chunk that cannot be removed", async () => {
  const store = new RemoteStore();
  for (const chunk of chunks) await store.put(chunk);
  store.remove = () => Promise.reject(new Error("refused"));
  await rejects(pruneStore(store, keep), /refused/);
  strictEqual(store.names.length, 10);
});

Deno.test("pruning stops in the middle of a directory when interrupted", async () => {
  using dir = tempDir();
  const ids = ["0", "1", "2", "3", "4"].map((digit) => `abcd${digit.repeat(60)}`);
  const paths = ids.map((id) => dir.write(`store/abcd/${id}.cacnk`, "x"));
  const interruption = new AbortController();
  const progress = new class extends Progress {
    override add(): void {
      interruption.abort();
    }
  }();
  const pruning = pruneStore(new LocalStore(dir.path("store")), new Set(), {
    progress,
    signal: interruption.signal,
  });
  await rejects(pruning, { code: "interrupted" });
  strictEqual(paths.filter(exists).length, 4);
});
