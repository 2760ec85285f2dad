import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { portableCodec } from "../../src/codec/portable.ts";
import { decompressPrefixed } from "../../src/codec/prefixed_frame.ts";
import { rawZstdFrame } from "../../src/codec/zstd_frame.ts";
import { concat, toHex } from "../../src/core/bytes.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { openDelta, readDeltaHead, serializeDeltaHead } from "../../src/delta/delta_file.ts";
import { DeltaStore, type DeltaStoreOptions } from "../../src/delta/delta_store.ts";
import type { WrittenFrame } from "../../src/delta/frame_list.ts";
import type { RandomAccess } from "../../src/stores/byte_source.ts";
import { IndexBuilder } from "../../src/formats/index/index_builder.ts";
import { memoryAccess } from "../support/data/memory_access.ts";
import { random } from "../support/random.ts";

const codec = { ...portableCodec, compress: (bytes: Uint8Array) => rawZstdFrame(bytes) };

/** A pack of chunks of random bytes, several in a frame: larger than what is read of it at first, and than one part. */
function pack() {
  const generator = random();
  const chunks = Array.from({ length: 60 }, () => generator.bytes(30_000 + generator.below(20_000)));
  const builder = new IndexBuilder({ min: 1, avg: 30_000, max: 60_000 }, "sha512-256");
  for (const chunk of chunks) builder.add([chunk.length], portableCodec.digest("sha512-256", chunk));
  const index = builder.build();
  const frames: Uint8Array[] = [];
  const written: WrittenFrame[] = [];
  for (let i = 0; i < chunks.length; i += 3) {
    const frame = rawZstdFrame(concat(chunks.slice(i, i + 3)));
    frames.push(frame);
    written.push({ chunks: 3, codec: "alone", base: [], length: frame.length });
  }
  const largest = { largestBase: 0, largestFrame: 180_000 };
  const file = concat([serializeDeltaHead(index, undefined, written, largest, codec), ...frames]);
  const ids = chunks.map((chunk) => toHex(portableCodec.digest("sha512-256", chunk)));
  return { chunks, index, file, ids };
}

async function open(access: RandomAccess, options: Partial<DeltaStoreOptions> = {}): Promise<DeltaStore> {
  const head = await readDeltaHead(access, codec);
  return new DeltaStore(openDelta(head, undefined, codec), head, access, {
    location: "test",
    make: async ({ size }, bytes) =>
      await Promise.resolve(decompressPrefixed(portableCodec, bytes, [], size)),
    ...options,
  });
}

/** Counts what is read, and fails where the test wants it. */
function watched(file: Uint8Array, failure: (read: number) => Error | undefined = () => undefined) {
  const access = memoryAccess(file);
  const watch = { requests: 0, bytes: 0 };
  const count = (bytes: Uint8Array) => {
    watch.bytes += bytes.length;
    return bytes;
  };
  const begin = () => {
    const error = failure(watch.requests++);
    if (error !== undefined) throw error;
  };
  const own: RandomAccess = {
    size: file.length,
    read: async (...args) => {
      begin();
      return count(await access.read(...args));
    },
    async *pieces(...args) {
      begin();
      for await (const piece of access.pieces(...args)) yield count(piece);
    },
  };
  return { access: own, watch };
}

Deno.test("chunks are given in any order, each part of the file is fetched once, and as planned", async () => {
  const { chunks, file, ids } = pack();
  const { access, watch } = watched(file);
  let fetched = 0;
  await using store = await open(access, { onFetched: (bytes) => fetched += bytes });
  deepStrictEqual([...store.neededIds()], ids);
  const planned = store.plannedFetch(ids);
  const order = ids.map((_, i) => (i * 37) % ids.length);
  const got = await Promise.all(order.map(async (i) => await store.get(ids[i])));
  for (const [n, i] of order.entries()) deepStrictEqual(got[n], { form: "plain", bytes: chunks[i] });
  deepStrictEqual(planned, { requests: watch.requests, bytes: watch.bytes });
  strictEqual(fetched, watch.bytes);
  ok(watch.requests < 8 && watch.bytes === file.length, `${watch.requests} requests`);
  strictEqual(await store.get("00".repeat(32)), null);
  strictEqual(await store.has("00".repeat(32)), false);
  // It is made again when it is asked for again.
  deepStrictEqual((await store.get(ids[5]))?.bytes, chunks[5]);
});

Deno.test("parts of the file that are not needed are not fetched", async () => {
  const { file, ids } = pack();
  const { access, watch } = watched(file);
  await using store = await open(access, { isNeeded: (chunk) => chunk === 50 });
  const before = watch.bytes;
  deepStrictEqual([...store.neededIds()], [ids[50]]);
  strictEqual(await store.has(ids[0]), false);
  ok(await store.has(ids[49]), "it is in the same frame");
  ok((await store.get(ids[50])) !== null);
  ok(watch.bytes - before < 200_000, String(watch.bytes - before));
});

Deno.test("a part that breaks off is fetched again, and a file that fails is left alone and reported once", async () => {
  const { chunks, file, ids } = pack();
  const broken = (retriable: boolean) => new DesyncError("store", { reason: "broken", retriable });
  const flaky = watched(file, (read) => read === 1 || read === 3 ? broken(true) : undefined);
  await using patient = await open(flaky.access, { onProblem: (problem) => ok(false, problem.message) });
  for (const [i, id] of ids.entries()) deepStrictEqual((await patient.get(id))?.bytes, chunks[i]);

  for (const retriable of [true, false]) {
    const problems: string[] = [];
    const dead = watched(file, (read) => read > 0 ? broken(retriable) : undefined);
    const onProblem = ({ message }: DesyncError) => problems.push(message);
    await using store = await open(dead.access, { onProblem });
    const got = await Promise.all(ids.map(async (id) => await store.get(id)));
    ok(got.slice(3).every((chunk) => chunk === null));
    deepStrictEqual(problems, [`Cannot use the delta test: broken${retriable ? " (tried 3 times)" : ""}`]);
    const { requests } = dead.watch;
    strictEqual(await store.get(ids[40]), null);
    strictEqual(dead.watch.requests, requests, "it is not asked again");
  }
});

Deno.test("what ends early without an error is asked for again from there on", async () => {
  const { chunks, file, ids } = pack();
  const whole = watched(file);
  let short = 0;
  const access: RandomAccess = {
    ...whole.access,
    async *pieces(start, end) {
      // Every other one has no more than a part.
      yield* whole.access.pieces(start, short++ % 2 === 0 ? start + Math.ceil((end - start) / 3) : end);
    },
  };
  let fetched = 0;
  const onProblem = (problem: DesyncError) => ok(false, problem.message);
  await using store = await open(access, { onFetched: (bytes) => fetched += bytes, onProblem });
  for (const [i, id] of ids.entries()) deepStrictEqual((await store.get(id))?.bytes, chunks[i]);
  strictEqual(fetched, file.length);
  strictEqual(whole.watch.bytes, file.length);
});

Deno.test("a frame is given when its own bytes are there, and what is expected is fetched before it is asked for", async () => {
  const { chunks, file, ids } = pack();
  const begun: number[] = [];
  const access: RandomAccess = {
    ...memoryAccess(file),
    async *pieces(start, end, { signal } = {}) {
      begun.push(start);
      yield file.subarray(start, end - 100_000);
      await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("closed"))));
    },
  };
  const head = await readDeltaHead(memoryAccess(file), codec);
  const stop = new AbortController();
  {
    await using store = await open(access);
    store.expect(store.neededIds());
    const { requests } = store.plannedFetch(ids);
    strictEqual(begun.length, requests - head.requests, "all parts of a small file");
    deepStrictEqual((await store.get(ids[0]))?.bytes, chunks[0]);
    const last = store.get(ids.at(-1)!, { signal: stop.signal });
    stop.abort();
    await rejects(last, { code: "interrupted" });
  }
});

Deno.test("where nothing is expected nothing counts as fetched", async () => {
  const { file, ids } = pack();
  let fetched = 0;
  await using store = await open(memoryAccess(file), {
    onFetched: (bytes) => fetched += bytes,
    isNeeded: (chunk) => chunk > 0,
  });
  store.expect([]);
  store.expect(["00".repeat(32)]);
  strictEqual(fetched, 0);
  store.expect(ids.slice(1, 2));
  ok(fetched > 0);
});

Deno.test("a damaged frame costs its own chunks alone", async () => {
  const { chunks, file, ids } = pack();
  const damaged = file.slice();
  const { offset } = openDelta(await readDeltaHead(memoryAccess(file), codec), undefined, codec).frames[7];
  damaged[offset] ^= 1;
  let problems = 0;
  await using store = await open(memoryAccess(damaged), { onProblem: () => problems++ });
  for (const [i, id] of ids.entries()) {
    const bytes = (await store.get(id))?.bytes;
    if (i >= 21 && i < 24) strictEqual(bytes, undefined);
    else deepStrictEqual(bytes, chunks[i]);
  }
  strictEqual(problems, 1);
});

Deno.test("what waits for a chunk is interrupted, and so is all when the store is closed", async () => {
  const { file, ids } = pack();
  const never = Promise.withResolvers<Uint8Array>();
  const store = await open(memoryAccess(file), { make: () => never.promise });
  const stop = new AbortController();
  const waiting = store.get(ids[0], { signal: stop.signal });
  stop.abort();
  await rejects(waiting, { code: "interrupted" });
  await rejects(store.get(ids[1], { signal: stop.signal }), { code: "interrupted" });
  await store[Symbol.asyncDispose]();
});
