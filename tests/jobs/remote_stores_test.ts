/** A store that is slow and not a directory, in every part that a store can play. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { ChunkEncoding } from "../../src/codec/encode_chunk.ts";
import { extractToFile } from "../../src/deno/extract_to_file.ts";
import { FilledStore } from "../../src/deno/store/filled_store.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { readTree } from "../../src/deno/tree/tree_reader.ts";
import type { Index } from "../../src/formats/index/index.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { copyChunks } from "../../src/jobs/copy_chunks.ts";
import { chopFile } from "../../src/jobs/chop.ts";
import { makeFromFile, makeFromStream } from "../../src/jobs/make.ts";
import { packArchive, packChunks } from "../../src/jobs/pack.ts";
import { Progress } from "../../src/core/progress.ts";
import type { TreeSource } from "../../src/archive/tree_ports.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { WorkerPool } from "../../src/workers/pool.ts";
import { type Made, makeBlob, somePieces, storePath } from "../support/made.ts";
import { Random } from "../support/random.ts";
import { RemoteStore } from "../support/servers/remote_store.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { pairs } from "../support/thorough.ts";

/** One for all tests: to start workers takes longer than what they do here. */
const pool = new WorkerPool(2, 0);
Deno.test.afterAll(() => pool[Symbol.dispose]());

// Workers end after the test that used them.
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });

function blobIn(dir: TempDir) {
  const made = makeBlob(dir, somePieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  return { made, index, names: namesOf(made) };
}

/** The names that a store with all chunks of the blob has. */
function namesOf(made: Made): string[] {
  return [...new Set(made.ids)].map((id) => storePath(id, "zstd").slice(5)).sort();
}

async function isBuilt(made: Made, path: string): Promise<void> {
  deepStrictEqual(await Deno.readFile(path), made.bytes);
}

test("the cache may be any store that takes chunks", async () => {
  using dir = tempDir();
  const { made, index, names } = blobIn(dir);
  const cache = new RemoteStore();
  const store = new RemoteStore({ location: "remote://other" });
  for (const [i, id] of made.ids.entries()) {
    store.plant(id, { form: "compressed", bytes: Deno.readFileSync(made.chunk(i)) });
  }
  for (const [from, stores] of Object.entries({ local: [new LocalStore(made.store)], remote: [store] })) {
    const cache = new RemoteStore();
    const target = dir.path(from);
    await extractToFile(index, { cache, stores }, target);
    await isBuilt(made, target);
    deepStrictEqual(cache.names, names);
    strictEqual(cache.requests.put, names.length);
    // All of it is there now.
    await extractToFile(index, { cache, stores: [] }, `${target}-again`);
    await isBuilt(made, `${target}-again`);
    deepStrictEqual([cache.requests.put, cache.requests.touch], [names.length, names.length]);
  }
  strictEqual(cache.requests.get, 0);
  const memory = new MemoryStore();
  await extractToFile(index, { cache: memory, stores: [store] }, dir.path("memory"));
  strictEqual((await Array.fromAsync(memory.list())).flat().length, names.length);
});

test("an invalid chunk in such a cache is an error, and is replaced with cacheRepair", async () => {
  using dir = tempDir();
  const { made, index, names } = blobIn(dir);
  const cache = new RemoteStore();
  const bad = new TextEncoder().encode("not the chunk");
  cache.plant(made.ids[1], { form: "plain", bytes: bad });
  const sources = { cache, stores: [new LocalStore(made.store)] };
  await rejects(extractToFile(index, sources, dir.path("out")), {
    code: "invalid-chunk",
    message: new RegExp(`${made.ids[1]} in the cache remote://store is invalid.*--cache-repair`),
  });
  ok(cache.names.includes(made.ids[1]), "it is not removed without being asked");
  await extractToFile(index, { ...sources, cacheRepair: true }, dir.path("out"));
  await isBuilt(made, dir.path("out"));
  deepStrictEqual(cache.names, names);
});

test("such a cache that fails is reported once, and not filled any more", async () => {
  using dir = tempDir();
  const { made, index } = blobIn(dir);
  const cache = new RemoteStore();
  cache.put = () => Promise.reject(new Error("no room"));
  const problems: string[] = [];
  const onCacheProblem = ({ message }: Error) => problems.push(message);
  const sources = { cache, stores: [new LocalStore(made.store)], onCacheProblem };
  await extractToFile(index, sources, dir.path("out"));
  await isBuilt(made, dir.path("out"));
  deepStrictEqual(problems, ["no room"]);
});

/** A store that is filled, with few concurrent requests. */
function filled(encoding: ChunkEncoding = { form: "compressed", level: 3 }) {
  const store = new RemoteStore({ concurrency: { start: 3, max: 3 } });
  const { destination } = new FilledStore(store, encoding, true);
  return { store, destination };
}

const sizes = { min: 1024, avg: 4096, max: 16384 };
const digest = "sha512-256";

/** Random data, with some of it again. */
function someBytes(): Uint8Array {
  const bytes = new Random(41).bytes(1_200_000);
  bytes.copyWithin(800_000, 0, 300_000);
  return bytes;
}

async function isComplete(store: RemoteStore, index: Index, dir: TempDir, bytes: Uint8Array): Promise<void> {
  const ids = new Set(Array.from({ length: index.count }, (_, i) => index.id(i)));
  deepStrictEqual(store.names.map((name) => name.slice(0, 64)), [...ids].sort());
  ok(store.underWay.mostRequests <= 3, `${store.underWay.mostRequests} requests at a time`);
  await extractToFile(index, { stores: [store] }, dir.path("built"));
  deepStrictEqual(await Deno.readFile(dir.path("built")), bytes);
}

test("make fills a store that is not a directory, from a file and from a stream, with what it lacks", async () => {
  using dir = tempDir();
  const bytes = someBytes();
  const path = dir.write("file", bytes);
  const encodings = [{ form: "compressed", level: 3 }, { form: "plain", level: 3 }] as const;
  for (const [encoding, from] of pairs(encodings, ["file", "stream"] as const)) {
    const { store, destination } = filled(encoding);
    const make = () => {
      const options = { sizes, digest, destination, partBytes: 200_000 } as const;
      const range = { path, start: 0, end: bytes.length };
      return from === "file"
        ? makeFromFile(range, pool, options)
        : makeFromStream("a stream", ReadableStream.from(pieces(bytes)), pool, options);
    };
    const { index, added, addedBytes } = await make();
    deepStrictEqual([added, store.requests.put], [store.names.length, store.names.length], "each once");
    strictEqual(store.names.some((name) => name.endsWith(".cacnk")), encoding.form === "compressed");
    const listed = (await Array.fromAsync(store.list())).flat();
    strictEqual(addedBytes, listed.reduce((sum, { storedBytes }) => sum + storedBytes, 0));
    await isComplete(store, index, dir, bytes);
    await store.remove(index.id(3));
    const again = await make();
    deepStrictEqual([again.added, again.index.count], [1, index.count], "what it has is not put again");
    await isComplete(store, index, dir, bytes);
  }
});

test("chop fills such a store, and compares what it has already", async () => {
  using dir = tempDir();
  const bytes = someBytes();
  const path = dir.write("file", bytes);
  const { store, destination } = filled();
  const { index } = await makeFromFile({ path, start: 0, end: bytes.length }, pool, { sizes, digest });
  strictEqual(await chopFile(path, bytes.length, index, pool, { destination }), store.names.length);
  await isComplete(store, index, dir, bytes);
  strictEqual(await chopFile(path, bytes.length, index, pool, { destination }), 0);
  bytes[700_000] ^= 1;
  await pool.release();
  Deno.writeFileSync(path, bytes);
  await rejects(chopFile(path, bytes.length, index, pool, { destination }), { code: "mismatch" });
});

test("cache copies to such a store, from one and from a directory, what it lacks", async () => {
  using dir = tempDir();
  const { made, index, names } = blobIn(dir);
  const far = new RemoteStore({ location: "remote://other" });
  for (const [i, id] of made.ids.entries()) {
    far.plant(id, { form: "compressed", bytes: Deno.readFileSync(made.chunk(i)) });
  }
  for (const stores of [[far], [new LocalStore(made.store)]]) {
    const { store, destination } = filled();
    const progress = new Progress();
    await copyChunks(index, { stores }, pool, { destination, progress });
    deepStrictEqual(store.names, names);
    strictEqual(progress.done, progress.total);
    await isComplete(store, index, dir, made.bytes);
    await store.remove(made.ids[0]);
    const again = new Progress();
    await copyChunks(index, { stores }, pool, { destination, progress: again });
    deepStrictEqual([again.chunksFrom("store"), again.chunksFrom("present")], [1, names.length - 1]);
  }
});

test("a tree is packed into such a store", async () => {
  using dir = tempDir();
  for (const name of ["a", "b", "c/d"]) dir.write(`tree/${name}`, new Random(name.length).bytes(200_000));
  const { store, destination } = filled();
  const tree: TreeSource = (onEvent, options) => readTree(dir.path("tree"), onEvent, options);
  const { index } = await packChunks("the tree", tree, pool, { sizes, digest, destination });
  const archive = await new Response(packArchive(tree).readable).bytes();
  await isComplete(store, index, dir, archive);
});

test("a store that accepts nothing stops the input: memory is bounded", async () => {
  const { store, destination } = filled({ form: "plain", level: 3 });
  const taken = Promise.withResolvers<void>();
  const put = store.put.bind(store);
  let waiting = 0;
  store.put = async (chunk, options) => {
    waiting++;
    await taken.promise;
    return await put(chunk, options);
  };
  let given = 0;
  const total = 60_000_000;
  const generator = new Random(42);
  const source = ReadableStream.from((async function* () {
    while (given < total) {
      given += 1_000_000;
      yield generator.bytes(1_000_000);
    }
  })());
  const sizes = { min: 65_536, avg: 262_144, max: 1_048_576 };
  const making = makeFromStream("a stream", source, pool, { sizes, digest, destination });
  for (let before = -1; before !== given || waiting < 3;) {
    before = given;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  strictEqual(waiting, 3, "as many requests as the store wants");
  ok(given < 40_000_000, `${given} bytes were read ahead`);
  taken.resolve();
  const { index } = await making;
  strictEqual(index.size, total);
});

test("a store that fails while it is filled fails the job after all work has ended", async () => {
  using dir = tempDir();
  const bytes = someBytes();
  const path = dir.write("file", bytes);
  const { store, destination } = filled();
  const put = store.put.bind(store);
  store.put = (chunk, options) =>
    store.requests.put >= 20 ? Promise.reject(new Error("quota exceeded")) : put(chunk, options);
  const range = { path, start: 0, end: bytes.length };
  await rejects(makeFromFile(range, pool, { sizes, digest, destination }), /quota exceeded/);
  strictEqual(store.underWay.requests, 0);
});

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += 100_000) yield new Uint8Array(bytes.subarray(at, at + 100_000));
}
