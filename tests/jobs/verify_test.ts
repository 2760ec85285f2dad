import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { compressChunk, hashChunk } from "../../src/codec/open_chunk.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { verifyStore as verifyByThreads } from "../../src/deno/verify_store.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { Progress } from "../../src/core/progress.ts";
import type { InvalidChunk } from "../../src/transfer/messages.ts";
import { verifyStore } from "../../src/jobs/verify.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import type { ListedAmount } from "../../src/jobs/verify_summary.ts";
import type { ManagedChunkStore } from "../../src/stores/store.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { Random } from "../support/random.ts";
import { RemoteStore } from "../support/servers/remote_store.ts";
import { tempDir } from "../support/temp.ts";

const noise = new Random(5);
const right = Array.from({ length: 6 }, (_, i) => {
  const chunk = hashChunk(nativeCodec, "sha512-256", noise.bytes(1000 + i));
  return i % 2 === 0 ? chunk : compressChunk(nativeCodec, chunk);
});
const damaged = asVerified("1".repeat(64), { form: "plain", bytes: noise.bytes(10) });
const notZstd = asVerified("2".repeat(64), { form: "compressed", bytes: new Uint8Array(10) });
const other = hashChunk(nativeCodec, "sha256", noise.bytes(1000));

const kinds: [name: string, make: (path: string) => ManagedChunkStore][] = [
  ["in memory", () => new MemoryStore()],
  ["far away", () => new RemoteStore()],
  ["in a directory", (path) => new LocalStore(path, { create: true })],
];
const ways = [["by its list", verifyStore], ["as Deno does it", verifyByThreads]] as const;

for (const [name, make] of kinds) {
  for (const [how, verify] of ways) {
    Deno.test(`a store ${name} is verified ${how}, and repaired on request`, async () => {
      using dir = tempDir();
      const store = make(dir.path("store"));
      for (const chunk of [...right, damaged, notZstd, other]) await store.put(chunk);
      const invalid: InvalidChunk[] = [];
      const onInvalid = (chunk: InvalidChunk) => invalid.push(chunk);
      const found = await verify(store, { onInvalid });
      deepStrictEqual([found.chunks, found.invalid, found.removed, found.otherDigest], [9, 2, 0, 1]);
      deepStrictEqual(invalid.map(({ id, form }) => [id[0], form]).sort(), [["1", "plain"], [
        "2",
        "compressed",
      ]]);
      ok(invalid.every(({ reason, removed }) => reason !== "" && !removed));
      const progress = new Progress();
      const repaired = await verify(store, { repair: true, progress });
      deepStrictEqual([repaired.invalid, repaired.removed], [2, 2]);
      strictEqual(progress.sources[0].chunks, 9);
      const clean = await verify(store);
      deepStrictEqual([clean.chunks, clean.invalid, clean.otherDigest], [7, 0, 1]);
      strictEqual((await verify(store, { digest: "sha256" })).otherDigest, 6);
    });
  }
}

Deno.test("what will be read from a store far away is said before it is read", async () => {
  const store = new RemoteStore();
  for (const chunk of right) await store.put(chunk);
  const said: unknown[] = [];
  const progress = new Progress();
  const onListed = (listed: ListedAmount) => said.push(listed, progress.total, store.requests.get);
  await verifyByThreads(store, { progress, onListed });
  const storedBytes = right.reduce((sum, { stored }) => sum + stored.bytes.length, 0);
  deepStrictEqual(said, [{ chunks: 6, storedBytes }, 6, 0]);
  deepStrictEqual([progress.done, progress.total], [6, 6]);
});

Deno.test("what a store does not give is reported, and the rest is verified", async () => {
  const store = new RemoteStore();
  for (const chunk of right) await store.put(chunk);
  const get = store.get.bind(store);
  store.get = (id, options) =>
    id === right[0].id
      ? Promise.reject(new DesyncError("timeout", { reason: "it took too long" }))
      : get(id, options);
  const sentences: string[] = [];
  const summary = await verifyStore(store, { onUnreadable: (sentence) => sentences.push(sentence) });
  deepStrictEqual([summary.chunks, summary.unreadable], [6, 1]);
  deepStrictEqual(sentences, [`Cannot read chunk ${right[0].id} in remote://store: it took too long`]);
});

Deno.test("a chunk that cannot be removed is reported with the reason", async () => {
  const store = new RemoteStore();
  await store.put(damaged);
  store.remove = () => Promise.reject(new DesyncError("store", { reason: "refused" }));
  const invalid: InvalidChunk[] = [];
  const summary = await verifyStore(store, { repair: true, onInvalid: (chunk) => invalid.push(chunk) });
  deepStrictEqual([summary.invalid, summary.removed, invalid[0].removed], [1, 0, false]);
  ok(invalid[0].reason.endsWith("; it could not be removed: refused"), invalid[0].reason);
});

Deno.test("a signal stops the verification of a store", async () => {
  const store = new RemoteStore();
  for (const chunk of [...right, damaged]) await store.put(chunk);
  const stop = new AbortController();
  const verifying = verifyStore(store, { signal: stop.signal, onInvalid: () => stop.abort() });
  await rejects(verifying, { code: "interrupted" });
});
