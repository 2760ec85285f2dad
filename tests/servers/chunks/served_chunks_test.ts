/** Where the chunks of a server come from: memory, cache, stores, each asked as rarely as possible. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { DesyncError } from "../../../src/core/errors.ts";
import { FROM, ServedChunks } from "../../../src/servers/chunks/served_chunks.ts";
import { wrapStore } from "../../../src/stores/wrappers/wrap.ts";
import { RemoteStore } from "../../support/servers/remote_store.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { settled } from "../requests.ts";
import { damaged, type Sample, sample } from "./samples.ts";

const codec = nativeCodec;

/** A store that waits with each answer until it is opened, and notes the signals. */
function gated(store: RemoteStore) {
  const gate = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  const wrapped = wrapStore(store, async (send, { signal }) => {
    if (signal) signals.push(signal);
    await gate.promise;
    return await send();
  });
  return { store: wrapped, open: gate.resolve, signals };
}

Deno.test("2,000 concurrent requests for ten chunks are ten requests to the store", async () => {
  const store = new RemoteStore();
  const chunks = Array.from({ length: 10 }, (_, i) => sample(i + 1));
  for (const { plain } of chunks) await store.put(plain);
  for (const memoryBytes of [0, 1 << 20]) {
    store.requests.get = 0;
    const served = new ServedChunks(store, { codec, memoryBytes });
    const contents = await Promise.all(
      Array.from(
        { length: 2000 },
        (_, i) => served.get(chunks[i % 10].id, i % 3 === 0 ? "plain" : "compressed"),
      ),
    );
    strictEqual(store.requests.get, 10);
    for (const [i, content] of contents.entries()) {
      const { bytes } = content!;
      sameBytes(i % 3 === 0 ? bytes : codec.decompress("zstd", bytes, 1 << 20), chunks[i % 10].bytes);
    }
    const forms = new Set(contents.map((content) => content!.bytes));
    strictEqual(forms.size, 20, "each is converted once");
  }
});

Deno.test("concurrent questions for chunks are one each, also for what is missing", async () => {
  const store = new RemoteStore();
  const served = new ServedChunks(store, { codec });
  const { id, plain } = sample();
  const answers = await Promise.all(Array.from({ length: 100 }, () => served.has(id)));
  deepStrictEqual(new Set(answers), new Set([false]));
  deepStrictEqual(await Promise.all([served.get(id, "plain"), served.get(id, "plain")]), [null, null]);
  deepStrictEqual([store.requests.has, store.requests.get], [1, 1]);
  // What is missing may come any time.
  await store.put(plain);
  strictEqual(await served.has(id), true);
  ok(await served.get(id, "plain"));
});

Deno.test("the store is asked again after a chunk was put into it", async () => {
  const remote = new RemoteStore();
  const { store, open } = gated(remote);
  const served = new ServedChunks(store, { codec });
  const { id, plain } = sample();
  const before = served.get(id, "plain");
  await remote.put(plain);
  served.renew(id);
  const after = served.get(id, "plain");
  open();
  await before;
  ok(await after);
  strictEqual(remote.requests.get, 2);
});

Deno.test("a client that leaves does not end what others wait for; the last one ends the store's request", async () => {
  const remote = new RemoteStore();
  const { id, plain } = sample();
  await remote.put(plain);
  const { store, open, signals } = gated(remote);
  const served = new ServedChunks(store, { codec });
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = [served.get(id, "plain", one), served.get(id, "plain", other)];
  await settled();
  one.abort();
  await rejects(waiting[0], { code: "interrupted" });
  strictEqual(signals[0].aborted, false);
  other.abort();
  await rejects(waiting[1], { code: "interrupted" });
  strictEqual(signals[0].aborted, true);
  open();
  await served.idle();
  ok(await served.get(id, "plain"), "the next client gets it");
});

Deno.test("the cache is asked first, filled with what was verified, and its chunks are used again", async () => {
  const [store, cache] = [new RemoteStore(), new RemoteStore({ location: "remote://cache" })];
  const { id, compressed, zstd, bytes } = sample();
  await store.put(compressed);
  const served = new ServedChunks({ stores: [store], cache }, { codec, memoryBytes: 0 });
  sameBytes((await served.get(id, "compressed"))!.bytes, zstd);
  deepStrictEqual(cache.names, [`${id}.cacnk`]);
  sameBytes((await served.get(id, "plain"))!.bytes, bytes);
  deepStrictEqual([store.requests.get, cache.requests.get, cache.requests.touch], [1, 2, 1]);
  deepStrictEqual([...served.counts], [0, 1, 1, 0]);
});

Deno.test("what a store damages is not kept in the cache, and the next store is asked", async () => {
  const [bad, good] = [new RemoteStore({ location: "remote://bad" }), new RemoteStore()];
  const cache = new RemoteStore();
  const { id, bytes, plain, zstd } = sample();
  bad.plant(id, { form: "plain", bytes: damaged(bytes) });
  await good.put(plain);
  const problems: DesyncError[] = [];
  const options = { codec, onProblem: (problem: DesyncError) => problems.push(problem) };
  const served = new ServedChunks({ stores: [bad, good], cache }, options);
  sameBytes((await served.get(id, "plain"))!.bytes, bytes);
  sameBytes((await cache.get(id))!.bytes, bytes);
  strictEqual(problems.length, 1);
  match(problems[0].message, /remote:\/\/bad/);
  // The next store has only a damaged one too, in another form.
  const worse = new RemoteStore({ location: "remote://worse" });
  worse.plant(id, { form: "compressed", bytes: damaged(zstd) });
  const hopeless = new ServedChunks({ stores: [bad, worse], cache: new RemoteStore() }, options);
  await rejects(hopeless.get(id, "plain"), {
    code: "invalid-chunk",
    message: /remote:\/\/bad.*remote:\/\/worse/,
  });
});

Deno.test("an invalid chunk in the cache is replaced, unless it is to be an error", async () => {
  const store = new RemoteStore();
  const { id, bytes, plain } = sample();
  await store.put(plain);
  for (const cacheRepair of [undefined, false]) {
    const cache = new RemoteStore({ location: "remote://cache" });
    cache.plant(id, { form: "plain", bytes: damaged(bytes) });
    const problems: DesyncError[] = [];
    const sources = { stores: [store], cache, ...(cacheRepair === false && { cacheRepair }) };
    const served = new ServedChunks(sources, { codec, onProblem: (problem) => problems.push(problem) });
    if (cacheRepair === false) {
      await rejects(served.get(id, "plain"), {
        code: "invalid-chunk",
        message: /the cache remote:\/\/cache/,
      });
      continue;
    }
    sameBytes((await served.get(id, "plain"))!.bytes, bytes);
    sameBytes((await cache.get(id))!.bytes, bytes);
    deepStrictEqual(problems.map(({ message }) => /the cache remote:\/\/cache/.test(message)), [true]);
  }
});

/** A cache whose requests of one kind fail, which are counted. */
function failingCache(inside: RemoteStore, failing: string) {
  const state = { failures: 0, broken: true };
  const cache = wrapStore(inside, (send, { name }) => {
    if (name !== failing || !state.broken) return send();
    state.failures++;
    throw new DesyncError("io", { action: "use", subject: "the cache", reason: "it is broken" });
  });
  return { cache, state };
}

for (const failing of ["put", "get"]) {
  Deno.test(`a cache whose ${failing} fails is reported once, left alone for a minute, then used again`, async () => {
    const [store, inside] = [new RemoteStore(), new RemoteStore()];
    const chunks = [1, 2, 3, 4, 5].map((seed) => sample(seed));
    for (const { plain } of chunks) await store.put(plain);
    await inside.put(chunks[0].plain);
    const { cache, state } = failingCache(inside, failing);
    const problems: string[] = [];
    let now = 0;
    const served = new ServedChunks({ stores: [store], cache }, {
      codec,
      memoryBytes: 0,
      onProblem: ({ message }) => problems.push(message),
      now: () => now,
    });
    const get = async ({ id, bytes }: Sample) => sameBytes((await served.get(id, "plain"))!.bytes, bytes);
    for (const chunk of [chunks[1], chunks[2]]) await get(chunk);
    deepStrictEqual(problems, ["Cannot use the cache: it is broken"]);
    strictEqual(state.failures, 1);
    await get(chunks[0]);
    // One that takes nothing more is still read.
    strictEqual(served.counts[FROM.cache], failing === "put" ? 1 : 0);
    now = 61_000;
    await get(chunks[3]);
    strictEqual(state.failures, 2);
    strictEqual(problems.length, 2);
    state.broken = false;
    now = 122_000;
    await get(chunks[4]);
    ok(inside.names.includes(chunks[4].id));
  });
}

Deno.test("the ids of either digest are served", async () => {
  for (const digest of ["sha512-256", "sha256"] as const) {
    const store = new RemoteStore();
    const { id, plain, bytes } = sample(1, digest);
    await store.put(plain);
    const served = new ServedChunks({ stores: [store], cache: new RemoteStore() }, {
      codec,
      verifyReads: true,
    });
    const { bytes: sent } = (await served.get(id, "compressed"))!;
    sameBytes(codec.decompress("zstd", sent, 1 << 20), bytes);
  }
});

Deno.test("without a compressor, plain chunks are served as zstd all the same", async () => {
  const store = new RemoteStore();
  const { id, plain, bytes } = sample();
  await store.put(plain);
  const { bytes: sent } = (await new ServedChunks(store).get(id, "compressed"))!;
  sameBytes(codec.decompress("zstd", sent, 1 << 20), bytes);
});

Deno.test("chunks of a directory are verified when they are to be kept in memory, or all of them", async () => {
  using dir = tempDir();
  const store = new LocalStore(dir.dir("store"));
  const { id, path, bytes, plain } = sample();
  await store.put(plain);
  const file = dir.path("store", path.plain.slice(1));
  Deno.writeFileSync(file, damaged(bytes));
  const served = new ServedChunks(store, { codec });
  // A client sees by itself that this is damaged. When it asks again, so does the server.
  sameBytes((await served.get(id, "plain"))!.bytes, damaged(bytes));
  strictEqual(served.hot.get(path.plain), undefined);
  await rejects(served.get(id, "plain"), { code: "invalid-chunk" });
  Deno.writeFileSync(file, bytes);
  sameBytes((await served.get(id, "plain"))!.bytes, bytes);
  sameBytes(served.hot.get(path.plain)!.bytes, bytes);

  Deno.writeFileSync(file, damaged(bytes));
  // Where nothing is kept, nothing is verified.
  const forgetful = new ServedChunks(store, { codec, memoryBytes: 0 });
  for (let i = 0; i < 3; i++) sameBytes((await forgetful.get(id, "plain"))!.bytes, damaged(bytes));
  await rejects(new ServedChunks(store, { codec, verifyReads: true }).get(id, "plain"), {
    code: "invalid-chunk",
  });
  // Another store has the right one.
  const other = new RemoteStore();
  await other.put(plain);
  const both = new ServedChunks({ stores: [store, other] }, { codec, verifyReads: true });
  sameBytes((await both.get(id, "plain"))!.bytes, bytes);
});

Deno.test("the cache is filled from a directory at once, with what was verified", async () => {
  using dir = tempDir();
  const store = new LocalStore(dir.dir("store"));
  const [one, other] = [sample(1), sample(2)];
  for (const { plain } of [one, other]) await store.put(plain);
  Deno.writeFileSync(dir.path("store", other.path.plain.slice(1)), damaged(other.bytes));
  const cache = new RemoteStore();
  const served = new ServedChunks({ stores: [store], cache }, { codec });
  sameBytes((await served.get(one.id, "plain"))!.bytes, one.bytes);
  await rejects(served.get(other.id, "plain"), { code: "invalid-chunk" });
  deepStrictEqual(cache.names, [one.id]);
});

Deno.test("a conversion of a shared read that was not verified falls back to another store", async () => {
  using dir = tempDir();
  const store = new LocalStore(dir.dir("store"));
  const { id, path, bytes, plain } = sample();
  await store.put(plain);
  Deno.writeFileSync(dir.path("store", path.plain.slice(1)), damaged(bytes));
  const other = new RemoteStore();
  await other.put(plain);
  for (const memoryBytes of [0, 1 << 20]) {
    const served = new ServedChunks({ stores: [store, other] }, { codec, memoryBytes });
    const [asItIs, converted] = await Promise.all([served.get(id, "plain"), served.get(id, "compressed")]);
    sameBytes(asItIs!.bytes, damaged(bytes));
    sameBytes(codec.decompress("zstd", converted!.bytes, 1 << 20), bytes);
  }
});

Deno.test("a store's requests are bounded, whatever clients ask for", async () => {
  const store = new RemoteStore({ concurrency: { start: 4, max: 4 } });
  const chunks = Array.from({ length: 50 }, (_, i) => sample(i + 1));
  for (const { plain } of chunks) await store.put(plain);
  const served = new ServedChunks(store, { codec, memoryBytes: 0 });
  store.underWay.mostRequests = 0;
  await Promise.all(chunks.map(({ id }) => served.get(id, "plain")));
  strictEqual(store.underWay.mostRequests, 4);
});

Deno.test("a store that fails is not one that lacks the chunk", async () => {
  const store = wrapStore(new RemoteStore(), () => {
    throw new DesyncError("timeout", { reason: "no answer" });
  });
  const served = new ServedChunks({ stores: [store, new RemoteStore()] }, { codec });
  await rejects(served.get(sample().id, "plain"), { code: "timeout" });
  await rejects(served.has(sample().id), { code: "timeout" });
});
