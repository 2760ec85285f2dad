/** Chunks that occur very often: the work is divided, and the chunk still fetched once. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { extractToFile } from "../../src/deno/extract_to_file.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { Index } from "../../src/formats/index/index.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { ChunkedBlob } from "../../src/blob/blob.ts";
import { deliver } from "../../src/transfer/deliver.ts";
import { indexInfo } from "../../src/jobs/info.ts";
import { BlobPlan, workOf } from "../../src/transfer/blob_plan.ts";
import { GROUP_BYTES, grouped } from "../../src/transfer/groups.ts";
import type { Workers } from "../../src/transfer/ports.ts";
import { Progress } from "../../src/core/progress.ts";
import { retryStore } from "../../src/stores/wrappers/retry.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { startFaultyServer } from "../support/servers/faulty_server.ts";
import { filesIn } from "../support/files.ts";
import { HttpStore } from "../../src/stores/http/http_store.ts";
import { indexBytes } from "../support/data/index_bytes.ts";
import { makeBlob } from "../support/made.ts";
import { Random, random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sha512256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";
import { amount } from "../support/thorough.ts";

/** The C library, once loaded, stays until the program ends. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

/** An index of so many times each of the chunks, one kind after the other. */
function indexOf(...chunks: [id: string, size: number, times: number][]): Index {
  let end = 0;
  const items = chunks.flatMap(([id, size, times]) =>
    Array.from({ length: times }, () => ({ id, end: end += size }))
  );
  return parseIndex(indexBytes({ min: 1, avg: 48, max: 128 * 1024 * 1024, items }));
}

test("a plan has every place once, in parts of bounded work that do not wait for one another in a group", async () => {
  const generator = random();
  for (let turn = 0; turn < amount(4, 10); turn++) {
    const chunks = Array.from({ length: 8 }, (_, i): [string, number, number] => {
      const size = 1 + generator.below(2 ** generator.below(26));
      return [i.toString(16).repeat(64), size, 1 + generator.below(generator.below(2) === 0 ? 3 : 9000)];
    });
    const index = indexOf(...chunks);
    const places = new Map<string, number[]>();
    for (const group of grouped(new BlobPlan(index).chunks(), 64, GROUP_BYTES, workOf)) {
      for (const { id, size, offsets, leads, follows } of group) {
        ok(offsets.length === 1 || offsets.length * size <= 64 * 1024 * 1024, `${offsets.length} of ${size}`);
        ok(offsets.length <= 4096);
        ok(follows === undefined || !group.some((one) => one.leads === follows));
        if (leads !== undefined) strictEqual(leads.offset, offsets[0]);
        strictEqual(places.has(id), follows !== undefined, "the first part leads");
        places.set(id, [...places.get(id) ?? [], ...offsets]);
      }
    }
    for (let i = 0; i < index.count; i++) strictEqual(places.get(index.id(i))?.shift(), index.start(i));
    deepStrictEqual([...places.values()].flat(), []);
  }
  await Promise.resolve();
});

/** Noise, the same 16 KiB very often with another chunk among them, and noise. */
function frequentPieces(): Uint8Array[] {
  const noise = new Random(1);
  const [often, once, other] = [16_384, 5000, 7000].map((length) => noise.bytes(length));
  return [once, ...Array<Uint8Array>(700).fill(often), other, ...Array<Uint8Array>(400).fill(often)];
}

test("a frequent chunk is fetched once, put into the cache once, and counted once", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, frequentPieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  await using server = await startFaultyServer({}, ({ path }) => {
    return { body: Deno.readFileSync(`${made.store}${path}`) };
  });
  const cache = new LocalStore(dir.path("cache"), { create: true });
  const progress = new Progress();
  const store = new HttpStore(server.url, { idleTimeoutMs: 60_000 });
  await extractToFile(index, { cache, stores: [store] }, dir.path("target"), { progress });
  sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
  strictEqual(server.requests.length, 3);
  strictEqual(filesIn(dir.path("cache")).length, 3);
  deepStrictEqual(progress.sources.map(({ chunks, bytes }) => [chunks, bytes]), [[3, index.size]]);
});

test("a frequent chunk is requested again when it arrives damaged", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, frequentPieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  const seen = new Set<string>();
  await using server = await startFaultyServer({}, ({ path }) => {
    const body = Deno.readFileSync(`${made.store}${path}`);
    if (!seen.has(path)) body[body.length >> 1] ^= 1;
    seen.add(path);
    return { body };
  });
  const store = new HttpStore(server.url, { idleTimeoutMs: 60_000 });
  const retrying = retryStore(store, { retries: 2, baseIntervalMs: 1 });
  await extractToFile(index, { stores: [retrying] }, dir.path("target"));
  sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
});

test("in place, what is right is kept and what is wrong written, at each of its places", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, frequentPieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  const sources = { stores: [new LocalStore(made.store)] };
  const generator = random();
  const wrong = new Uint8Array(made.bytes);
  for (let i = 0; i < 10; i++) wrong[generator.below(wrong.length)] ^= 1;
  for (const [before, ownChunks] of [[made.bytes, 3], [wrong, undefined], [new Uint8Array(10), 0]] as const) {
    const target = dir.write("target", before);
    const progress = new Progress();
    await extractToFile(index, sources, target, { progress, inPlace: true });
    sameBytes(Deno.readFileSync(target), made.bytes);
    strictEqual(progress.done, index.size);
    const own = progress.sources.find(({ origin }) => origin.kind === "in place");
    if (ownChunks !== undefined) strictEqual(own?.chunks ?? 0, ownChunks);
  }
});

test("in place, places that were copied from others were not up to date", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, frequentPieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  const sources = { stores: [new LocalStore(made.store)] };
  const wrong = new Uint8Array(made.bytes);
  wrong[wrong.length - 1] ^= 1;
  const target = dir.write("target", wrong);
  deepStrictEqual(await extractToFile(index, sources, target, { inPlace: true }), { upToDate: false });
  sameBytes(Deno.readFileSync(target), made.bytes);
  deepStrictEqual(await extractToFile(index, sources, target, { inPlace: true }), { upToDate: true });
});

test("a chunk that no store has is an error that ends the work", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, frequentPieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  Deno.removeSync(made.chunk(1));
  const sources = { stores: [new LocalStore(made.store)] };
  for (const inPlace of [false, true]) {
    await rejects(extractToFile(index, sources, dir.path("target"), { inPlace }), { code: "missing-chunk" });
  }
});

test("an interruption is handled between the parts", async () => {
  const chunk = "a".repeat(64);
  const index = indexOf([chunk, 65_536, 4096]);
  const interrupt = new AbortController();
  let written = 0;
  // Stands for the threads: only what they are asked for matters here.
  const workers: Pick<Workers, "size" | "assemble"> = {
    size: 2,
    assemble: (task) => {
      for (const { size, offsets } of task.items) written += size * offsets.length;
      interrupt.abort();
      const found = task.items.map(() => "given" as const);
      return Promise.resolve({
        found,
        storedBytes: found.map(() => 0),
        bytes: [],
        encoded: [],
        invalidPlaces: [],
      });
    },
  };
  const { digest, sizes } = index;
  const store = new MemoryStore();
  await store.put(asVerified(chunk, { form: "plain", bytes: new Uint8Array(1) }));
  const delivery = {
    digest,
    sizes,
    sources: { stores: [store] },
    target: { path: "target", displayName: "target", sparse: true, resumed: false },
    signal: interrupt.signal,
  };
  const running = deliver(new BlobPlan(index).chunks(), delivery, workers as Workers);
  await rejects(running, { code: "interrupted" });
  ok(written > 0 && written <= index.size / 8, `${written} of ${index.size} bytes were written behind it`);
});

test("reading very many tiny chunks from memory can be interrupted", async () => {
  const bytes = Uint8Array.of(1);
  const store = new MemoryStore();
  await store.put(asVerified(sha512256(bytes), { form: "plain", bytes }));
  const count = 500_000;
  const id = Uint8Array.fromHex(sha512256(bytes));
  const ids = new Uint8Array(32 * count);
  for (let i = 0; i < count; i++) ids.set(id, 32 * i);
  const header = { flags: 0xb000_0000_0000_0000n, sizes: { min: 1, avg: 48, max: 48 } };
  const index = new Index(header, Float64Array.from({ length: count }, (_, i) => i + 1), ids);
  const interrupt = new AbortController();
  const timer = setTimeout(() => interrupt.abort(), 0);
  const blob = ChunkedBlob.open(index, store);
  const read = async () => {
    for await (const _ of blob.stream({ signal: interrupt.signal }));
  };
  await rejects(read(), { code: "interrupted" });
  clearTimeout(timer);
});

test("counting the chunks of large indexes can be interrupted", async () => {
  const count = 500_000;
  const ids = new Uint8Array(32 * count);
  const words = new Uint32Array(ids.buffer);
  for (let i = 0; i < count; i++) words[8 * i] = i;
  const header = { flags: 0xb000_0000_0000_0000n, sizes: { min: 1, avg: 48, max: 48 } };
  const index = new Index(header, Float64Array.from({ length: count }, (_, i) => i + 1), ids);
  const interrupt = new AbortController();
  const timer = setTimeout(() => interrupt.abort(), 0);
  const running = indexInfo(index, { stores: [] }, {
    seeds: [index],
    signal: interrupt.signal,
  });
  await rejects(running, { code: "interrupted" });
  clearTimeout(timer);
});
