import { ok, rejects, strictEqual } from "node:assert/strict";
import { portableCodec } from "../../src/codec/portable.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { Index } from "../../src/formats/index/index.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { ChunkedBlob } from "../../src/blob/blob.ts";
import { blobAccess } from "../../src/blob/blob_access.ts";
import { extract } from "../../src/jobs/extract_stream.ts";
import { indexInfo } from "../../src/jobs/info.ts";
import { WorkerReader } from "../../src/jobs/worker_reader.ts";
import { WorkerPool } from "../../src/workers/pool.ts";
import { HttpStore } from "../../src/stores/http/http_store.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import type { ChunkStore } from "../../src/stores/store.ts";
import { startFaultyServer } from "../support/servers/faulty_server.ts";
import { indexBytes } from "../support/data/index_bytes.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { Random, random } from "../support/random.ts";
import { RemoteStore } from "../support/servers/remote_store.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sha512256 } from "../support/sha.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { blob, smallBlob, testdata } from "../support/testdata.ts";

function open(dir: TempDir, pieces = somePieces()) {
  const made = makeBlob(dir, pieces);
  const index = parseIndex(Deno.readFileSync(made.index));
  return { made, index, store: new LocalStore(made.store) };
}

Deno.test("the blobs of the test data, by both codecs", async () => {
  const cases: [string, string, Uint8Array][] = [
    ["casync-blob.caibx", "casync-zstd.castr", blob()],
    ["casync-small.caibx", "casync-gzip.castr", smallBlob()],
    ["casync-small-sha256.caibx", "casync-sha256.castr", smallBlob()],
    ["casync-small.caibx", "desync-uncompressed.castr", smallBlob()],
    ["casync-empty.caibx", "casync-zstd.castr", new Uint8Array(0)],
    ["casync-one-byte.caibx", "casync-zstd.castr", new TextEncoder().encode("A")],
  ];
  for (const [indexName, storeName, bytes] of cases) {
    const index = parseIndex(Deno.readFileSync(testdata(indexName)));
    for (const codec of [portableCodec, nativeCodec]) {
      const store = new LocalStore(testdata(storeName));
      const whole = ChunkedBlob.open(index, store, { codec });
      strictEqual(whole.size, bytes.length);
      sameBytes(await whole.bytes(), bytes);
    }
  }
});

Deno.test("slices are those of a Blob", async () => {
  using dir = tempDir();
  const { made, index, store } = open(dir);
  const chunked = ChunkedBlob.open(index, store, { codec: nativeCodec });
  const real = new Blob([Uint8Array.from(made.bytes)]);
  const check = async (start?: number, end?: number) => {
    const [ours, theirs] = [chunked.slice(start, end), real.slice(start, end)];
    strictEqual(ours.size, theirs.size, `${start}, ${end}`);
    sameBytes(await ours.bytes(), await theirs.bytes());
    const [inner, innerTheirs] = [ours.slice(3, -2), theirs.slice(3, -2)];
    sameBytes(await inner.bytes(), await innerTheirs.bytes());
  };
  await check();
  await check(-10);
  await check(20_000, 51_000); // exactly a chunk
  await check(19_999, 20_001);
  await check(100, 50);
  await check(80_000, 90_000);
  await check(-1_000_000, 1_000_000);
  const generator = new Random(21);
  for (let turn = 0; turn < 30; turn++) {
    await check(generator.below(90_000) - 5000, generator.below(90_000) - 5000);
  }
});

Deno.test("a slice fetches only the chunks it needs, each once", async () => {
  using dir = tempDir();
  const { made, index } = open(dir);
  await using server = await startFaultyServer({}, (request) => ({
    body: Deno.readFileSync(made.store + request.path),
    delay: 5,
  }));
  const chunked = ChunkedBlob.open(index, new HttpStore(server.url));
  strictEqual((await chunked.slice(21_000, 22_000).bytes()).length, 1000);
  strictEqual(server.requests.length, 1);
  strictEqual((await chunked.slice(5, 5).bytes()).length, 0);
  strictEqual(server.requests.length, 1);
  await chunked.bytes();
  strictEqual(server.requests.length, 1 + 3, "one of the four is a repeat");
});

Deno.test("bytes that were read belong to the reader, also of repeated chunks", async () => {
  using dir = tempDir();
  const noise = new Random(22).bytes(5000);
  const { made, index, store } = open(dir, [noise, noise, noise, noise]);
  let at = 0;
  for await (const piece of ChunkedBlob.open(index, store).stream()) {
    sameBytes(piece, made.bytes.slice(at, at + piece.length));
    at += piece.length;
    piece.fill(0);
  }
  strictEqual(at, made.bytes.length);
});

Deno.test("readers of one blob share the requests for a chunk, and each gets bytes of its own", async () => {
  using dir = tempDir();
  const generator = random();
  const made = makeBlob(dir, Array.from({ length: 6 }, () => generator.bytes(3000)));
  const index = parseIndex(Deno.readFileSync(made.index));
  await using server = await startFaultyServer({}, (request) => ({
    body: Deno.readFileSync(made.store + request.path),
    delay: 50,
  }));
  const chunked = ChunkedBlob.open(index, new HttpStore(server.url));
  // All want something of the first three chunks, while these are on their way.
  const read = async (start: number) => {
    let at = start;
    for await (const piece of chunked.slice(start, 9000).stream()) {
      sameBytes(piece, made.bytes.subarray(at, at + piece.length));
      at += piece.length;
      piece.fill(0);
    }
    strictEqual(at, 9000);
  };
  await Promise.all([0, 0, 1000, 2999, 0].map(read));
  strictEqual(server.requests.length, 3);
});

Deno.test("a reader that is aborted does not abort others that wait for the same chunk", async () => {
  using dir = tempDir();
  const { made, index } = open(dir);
  const stop = new AbortController();
  const path = made.chunk(1).slice(made.store.length);
  await using server = await startFaultyServer({}, () => {
    if (server.count(path) > 1) return { body: Deno.readFileSync(made.chunk(1)) };
    // Those who read later wait by now.
    setTimeout(() => stop.abort(), 20);
    return { cut: { after: "request", by: "silence" } };
  });
  const slice = ChunkedBlob.open(index, new HttpStore(server.url)).slice(20_000, 51_000);
  const first = rejects(slice.bytes({ signal: stop.signal }), { code: "interrupted" });
  const others = await Promise.all([slice.bytes(), slice.slice(7).bytes(), slice.bytes()]);
  await first;
  for (const [i, start] of [20_000, 20_007, 20_000].entries()) {
    sameBytes(others[i], made.bytes.subarray(start, 51_000));
  }
  strictEqual(server.requests.length, 2);

  // One that waits for another's request may give up by itself.
  const last = new AbortController();
  const reading = slice.bytes();
  const waiting = rejects(slice.bytes({ signal: last.signal }), { code: "interrupted" });
  last.abort();
  await waiting;
  sameBytes(await reading, made.bytes.subarray(20_000, 51_000));
});

Deno.test("a failed chunk fails all readers that wait for it, and the next reader requests it again", async () => {
  using dir = tempDir();
  const { made, index } = open(dir);
  const path = made.chunk(1).slice(made.store.length);
  const right = { body: Deno.readFileSync(made.chunk(1)) };
  await using server = await startFaultyServer({ [path]: [{ status: 403, delay: 50 }, right] });
  const slice = ChunkedBlob.open(index, new HttpStore(server.url)).slice(20_000, 51_000);
  await Promise.all([1, 2, 3].map(() => rejects(slice.bytes(), { code: "store", message: /403/ })));
  strictEqual(server.count(path), 1);
  sameBytes(await slice.bytes(), made.bytes.subarray(20_000, 51_000));
});

Deno.test("a reader that stops early stops the fetching", async () => {
  using dir = tempDir();
  const generator = new Random(23);
  const { made, index } = open(dir, Array.from({ length: 400 }, () => generator.bytes(100)));
  await using server = await startFaultyServer({}, (request) => ({
    body: Deno.readFileSync(made.store + request.path),
  }));
  for await (const piece of ChunkedBlob.open(index, new HttpStore(server.url)).stream()) {
    if (piece.length > 0) break;
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  ok(server.requests.length < 200, `${server.requests.length} of 400`);
});

Deno.test("a read from a server that hangs can be aborted", async () => {
  using dir = tempDir();
  const { index } = open(dir);
  let asked = Promise.withResolvers<void>();
  await using server = await startFaultyServer({}, () => {
    asked.resolve();
    return { cut: { after: "request", by: "silence" } };
  });
  const blob = ChunkedBlob.open(index, new HttpStore(server.url, { idleTimeoutMs: 20_000 }));
  for (
    const read of [
      (signal: AbortSignal) => blob.bytes({ signal }),
      (signal: AbortSignal) => blobAccess(blob).read(0, 16, { signal }),
      (signal: AbortSignal) => Array.fromAsync(blobAccess(blob).pieces(0, 16, { signal })),
    ]
  ) {
    asked = Promise.withResolvers<void>();
    const stop = new AbortController();
    const reading = rejects(read(stop.signal), { code: "interrupted" });
    await asked.promise;
    stop.abort();
    await reading;
    await rejects(read(AbortSignal.abort()), { code: "interrupted" });
  }
});

Deno.test("an extraction into a stream closes it, or aborts it and throws", async () => {
  using dir = tempDir();
  const { made, index, store } = open(dir);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const [bytes] = await Promise.all([new Response(readable).bytes(), extract(index, store, writable)]);
  sameBytes(bytes, made.bytes);

  Deno.removeSync(made.chunk(1));
  const got: Uint8Array[] = [];
  let ended = "";
  const sink = () =>
    new WritableStream<Uint8Array>({
      write: (piece) => void got.push(piece.slice()),
      close: () => void (ended = "closed"),
      abort: () => void (ended = "aborted"),
    });
  await rejects(extract(index, store, sink()), { code: "missing-chunk" });
  strictEqual(ended, "aborted");
  ok(got.length <= 1, "nothing behind the chunk that is missing");
  await rejects(extract(index, store, sink(), { signal: AbortSignal.abort() }), { code: "interrupted" });
  strictEqual(ended, "aborted");
});

Deno.test("an error of a store after an abort is an interruption, as in a job on files", async () => {
  using dir = tempDir();
  const { index } = open(dir);
  const stopped = async (answer: () => Promise<null>) => {
    const stop = new AbortController();
    const store: ChunkStore = new MemoryStore();
    store.get = () => {
      stop.abort();
      return answer();
    };
    await rejects(extract(index, store, new WritableStream(), { signal: stop.signal }), {
      code: "interrupted",
    });
  };
  await stopped(() => Promise.resolve(null));
  await stopped(() => Promise.reject(new DOMException("Aborted", "AbortError")));
});

Deno.test("an index without a store, and an empty one", async () => {
  const header = { flags: 0n, sizes: { min: 1, avg: 2, max: 3 } };
  const empty = new Index(header, new Float64Array(0), new Uint8Array(0));
  strictEqual((await ChunkedBlob.open(empty, new MemoryStore()).bytes()).length, 0);
  const one = new Index(header, Float64Array.of(2), new Uint8Array(32));
  await rejects(ChunkedBlob.open(one, { stores: [] }).bytes(), /no store was given/);
});

Deno.test("a blob of zeros needs no store, and a reader may change its bytes", async () => {
  const max = 1000;
  const id = sha512256(new Uint8Array(max));
  const items = [1, 2, 3].map((i) => ({ end: i * max, id }));
  const index = parseIndex(indexBytes({ min: 1, avg: 500, max, items }));
  const chunked = ChunkedBlob.open(index, { stores: [] }, { keepBytes: max });
  for (let turn = 0; turn < 2; turn++) {
    let bytes = 0;
    for await (const piece of chunked.slice(10).stream()) {
      sameBytes(piece, new Uint8Array(piece.length));
      bytes += piece.length;
      piece.fill(1);
    }
    strictEqual(bytes, 3 * max - 10);
  }
});

Deno.test("each store gets as many concurrent requests as it says, in blobs, in info and by workers", async () => {
  using dir = tempDir();
  const source = new Random(9);
  const pieces = Array.from({ length: 40 }, () => source.bytes(2000));
  const { made, index } = open(dir, pieces);
  const storeFor = (max: number, ids: readonly string[]) => {
    const store = new RemoteStore({ concurrency: { start: max, max } });
    for (const id of ids) {
      store.plant(id, { form: "compressed", bytes: Deno.readFileSync(made.chunk(made.ids.indexOf(id))) });
    }
    return store;
  };
  const half = made.ids.filter((_, i) => i % 2 === 0);
  using pool = new WorkerPool(2);
  const ways: ((stores: RemoteStore[]) => Promise<unknown>)[] = [
    (stores) => ChunkedBlob.open(index, { stores }, { codec: nativeCodec }).bytes(),
    (stores) => indexInfo(index, { stores }),
    async (stores) => {
      const { digest, sizes } = index;
      const reader = new WorkerReader({ digest, sizes, sources: { stores } }, pool);
      await Promise.all(made.ids.map((id, i) => reader.read({ id, digest, size: index.length(i) })));
    },
  ];
  for (const [i, way] of ways.entries()) {
    const stores = [storeFor(2, half), storeFor(5, made.ids)];
    await way(stores);
    const most = stores.map(({ underWay }) => underWay.mostRequests);
    ok(most[0] === 2 && most[1] > 0 && most[1] <= 5, `${i}: ${most}`);
  }
});
