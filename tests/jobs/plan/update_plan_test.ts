import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { Index } from "../../../src/formats/index/index.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { type UpdatePlan, updatePlan, type UpdatePlanOptions } from "../../../src/jobs/plan/update_plan.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { indexBytes } from "../../support/data/index_bytes.ts";
import { RemoteStore } from "../../support/servers/remote_store.ts";
import { sha512256 } from "../../support/sha.ts";

const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map((digit) => digit.repeat(64));
const zeros = sha512256(new Uint8Array(100));

/** An index with max 100 of chunks with these ids and lengths. */
function indexOf(...chunks: [id: string, length: number][]): Index {
  let end = 0;
  const items = chunks.map(([id, length]) => ({ id, end: end += length }));
  return parseIndex(indexBytes({ min: 1, avg: 50, max: 100, items }));
}

/** A store that has these chunks, each with so many stored bytes. */
async function storeOf(name: string, chunks: Record<string, number>): Promise<MemoryStore> {
  const store = new MemoryStore(name);
  for (const [id, bytes] of Object.entries(chunks)) {
    await store.put(asVerified(id, { form: "compressed", bytes: new Uint8Array(bytes) }));
  }
  return store;
}

/** Sources as `kind: chunks, bytes, stored bytes, requests of which in vain`. */
function shown({ sources }: UpdatePlan): string[] {
  return sources.map(({ origin, chunks, bytes, storedBytes, requests, notFound }) =>
    `${origin.kind}${
      "location" in origin ? ` ${origin.location}` : ""
    }: ${chunks} ${bytes} ${storedBytes} ${requests}-${notFound}`
  );
}

Deno.test("each chunk comes from the first that has it: zeros, seed, cache, stores, and copies of what was fetched", async () => {
  const index = indexOf([a, 10], [b, 20], [zeros, 100], [c, 30], [b, 20], [d, 40], [e, 50], [b, 20]);
  const cache = await storeOf("cache", { [c]: 3, [a]: 1 });
  const near = await storeOf("near", { [d]: 4 });
  const far = await storeOf("far", { [b]: 2, [c]: 33 });
  const seeds = [{ location: "old", index: indexOf([c, 30], [a, 10]) }];
  const plan = await updatePlan(index, { cache, stores: [near, far] }, { seeds });
  deepStrictEqual(
    shown(plan),
    [
      "zeros: 1 100 0 0-0",
      "seed old: 2 40 0 0-0",
      "cache cache: 0 0 0 3-3",
      "store near: 1 40 4 3-2",
      "store far: 1 20 2 2-1",
      "self: 0 40 0 0-0",
      "missing: 1 50 0 0-0",
    ],
  );
  deepStrictEqual(plan.fetch, { chunks: 2, requests: 5, bytes: 60, storedBytes: 6 });
  deepStrictEqual([plan.size, plan.chunks, plan.uniqueChunks], [290, 8, 6]);
  deepStrictEqual([plan.writtenBytes, plan.outputBytes, plan.cacheBytes], [190, 190, 6]);
  deepStrictEqual(
    plan.runs.map(({ length, source }) => `${plan.sources[source].origin.kind} ${length}`),
    ["seed 10", "store 20", "zeros 100", "seed 30", "self 20", "store 40", "missing 50", "self 20"],
  );
});

Deno.test("old versions: what stays, what moved, and what is not needed any more", async () => {
  const index = indexOf([a, 10], [b, 20], [c, 30], [d, 40]);
  const old = indexOf([a, 10], [e, 7], [c, 30], [d, 40], [b, 20]);
  const { oldVersions, copies, sources } = await updatePlan(index, { stores: [] }, {
    seeds: [{ location: "v1", index: old }],
  });
  deepStrictEqual(oldVersions, [{
    location: "v1",
    size: 107,
    runs: [
      { offset: 0, length: 10, use: "same place" },
      { offset: 10, length: 7, use: "unused" },
      { offset: 17, length: 90, use: "moved" },
    ],
    runPrecision: 0,
  }]);
  deepStrictEqual(copies, [
    { offset: 0, length: 10, from: 0, version: 0 },
    { offset: 10, length: 20, from: 87, version: 0 },
    { offset: 30, length: 70, from: 17, version: 0 },
  ]);
  deepStrictEqual(sources.map(({ movedBytes }) => movedBytes), [90]);
});

Deno.test("what is in place comes before zeros and seeds, and is not written", async () => {
  const index = indexOf([a, 10], [zeros, 100], [b, 20]);
  const seeds = [{ location: "v1", index: indexOf([a, 10], [b, 20]) }];
  const options: UpdatePlanOptions = {
    seeds,
    placed: [{ first: 0, count: 2, kind: "in place" }],
    inPlace: { size: 50 },
  };
  const plan = await updatePlan(index, { stores: [] }, options);
  deepStrictEqual(shown(plan), ["in place: 2 110 0 0-0", "seed v1: 1 20 0 0-0"]);
  deepStrictEqual([plan.writtenBytes, plan.outputBytes], [20, 80]);
});

Deno.test("the whole is what all chunks take: known, estimated from the rest, or unknown", async () => {
  const few = indexOf([a, 10], [b, 20], [c, 30], [zeros, 100]);
  const seeds = [{ location: "v1", index: indexOf([c, 30]) }];
  const store = await storeOf("store", { [a]: 1, [b]: 2, [c]: 3 });
  const wholeOf = async (index: Index, stores: MemoryStore[], options: UpdatePlanOptions) =>
    (await updatePlan(index, { stores }, options)).whole;
  deepStrictEqual(await wholeOf(few, [store], { seeds }), { storedBytes: 6, estimated: false });
  strictEqual(await wholeOf(few, [], { seeds }), undefined);
  const listed = new Map(
    [[a, 10, 1], [b, 20, 2], [c, 30, 7]].map(([id, uncompressed, compressed]) =>
      [String(id), { uncompressed: Number(uncompressed), compressed: Number(compressed) }] as const
    ),
  );
  deepStrictEqual(await wholeOf(few, [], { seeds, listed }), { storedBytes: 10, estimated: false });
  const ids = Array.from({ length: 500 }, (_, i) => i.toString(16).padStart(64, "0"));
  const many = indexOf(...ids.map((id): [string, number] => [id, 60]));
  const full = await storeOf("store", Object.fromEntries(ids.map((id) => [id, 15])));
  const old = [{ location: "v1", index: indexOf(...ids.slice(3).map((id): [string, number] => [id, 60])) }];
  deepStrictEqual(await wholeOf(many, [full], { seeds: old }), { storedBytes: 500 * 15, estimated: true });
});

Deno.test("a store that would fetch to answer is not asked", async () => {
  const index = indexOf([a, 10], [b, 20]);
  const store = new RemoteStore();
  const slow = { ...store.properties, probe: "by-get" } as const;
  Object.defineProperty(store, "properties", { value: slow });
  const near = await storeOf("near", { [a]: 1 });
  for (const stores of [[store], [near, store]]) {
    const plan = await updatePlan(index, { stores });
    const last = plan.sources.at(-1)!;
    deepStrictEqual([last.assumed, last.storedBytes, last.chunks], [true, undefined, 3 - stores.length]);
    strictEqual(plan.fetch.storedBytes, undefined);
  }
  ok(Object.values(store.requests).every((count) => count === 0));
});

Deno.test("a list of sizes saves asking the only store, and must fit the index", async () => {
  const index = indexOf([a, 10], [b, 20]);
  const store = new RemoteStore();
  const listed = new Map([[a, { uncompressed: 10, compressed: 4 }], [b, {
    uncompressed: 20,
    compressed: 6,
  }]]);
  const { fetch } = await updatePlan(index, { stores: [store] }, { listed });
  deepStrictEqual(fetch, { chunks: 2, requests: 2, bytes: 30, storedBytes: 10 });
  ok(Object.values(store.requests).every((count) => count === 0));
  listed.set(b, { uncompressed: 21, compressed: 6 });
  await rejects(updatePlan(index, { stores: [store] }, { listed }), { code: "usage", chunk: b });
});

Deno.test("an empty blob needs nothing", async () => {
  const plan = await updatePlan(indexOf(), { stores: [] });
  deepStrictEqual([plan.size, plan.sources, plan.runs, plan.fetch.requests], [0, [], [], 0]);
});
