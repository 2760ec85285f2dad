/** What every store does, whatever it is made of and whatever wraps it. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { StoredChunk } from "../../src/core/chunk.ts";
import { compressChunk, hashChunk } from "../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { Limiter } from "../../src/stores/wrappers/limiter.ts";
import { limitStore } from "../../src/stores/wrappers/limit_store.ts";
import { retryStore } from "../../src/stores/wrappers/retry.ts";
import { type ChunkStore, managesChunks, takesChunks } from "../../src/stores/store.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { type Form, stored } from "../support/made.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sha512256 } from "../support/sha.ts";

/** Everything that a store may be able to do. */
const CAPABILITIES = [
  "get",
  "has",
  "storedSize",
  "put",
  "touch",
  "list",
  "remove",
  "removeAll",
  "removeStale",
] as const;
type Capability = typeof CAPABILITIES[number];

/** What a store can do that is only read, and that says what its chunks take. */
export const READABLE: readonly Capability[] = ["get", "has", "storedSize"];
/** What one can do that can also be written, listed and pruned. */
export const MANAGED: readonly Capability[] = [...READABLE, "put", "list", "remove"];

/** All that wraps stores: none of it may lose what the store can do. */
const WRAPPERS: readonly [name: string, wrap: <S extends ChunkStore>(store: S) => S][] = [
  ["", (store) => store],
  [", wrapped", (store) => wrapStore(store, (send) => send())],
  [", retried", (store) => retryStore(store, { retries: 1, baseIntervalMs: 1 })],
  [", limited", (store) => limitStore(store, new Limiter({ start: 2, max: 2 }))],
  [", retried and limited", (store) => limitStore(retryStore(store), new Limiter())],
];

/** A store under test that holds these chunks, and has to be given back. */
export interface Subject extends AsyncDisposable {
  readonly store: ChunkStore;
}

/** A chunk to be held. */
export interface Held {
  readonly id: string;
  readonly form: Form;
  readonly bytes: Uint8Array;
}

const generator = new Random(11);
const held: readonly Held[] = (["zstd", "plain", "gzip", "plain", "zstd", "zstd"] as const).map((form) => {
  const content = generator.bytes(2000 + generator.below(3000));
  return { id: sha512256(content), form, bytes: stored(content, form) };
});
const absent = sha512256(new Uint8Array(0));

/** The chunk as the store has to give it. */
function expected({ form, bytes }: Held): StoredChunk {
  return { form: form === "plain" ? "plain" : "compressed", bytes };
}

/** Equal in content; stores may give any kind of Uint8Array. */
function same(chunk: StoredChunk | null, wanted: StoredChunk): void {
  ok(chunk !== null, "the chunk is there");
  strictEqual(chunk.form, wanted.form);
  sameBytes(chunk.bytes, wanted.bytes);
}

/**
 * Defines the tests for one kind of store and for all that wraps it. `can` lists the methods that it
 * has, and no other; `open` makes one that holds the chunks, of which `asVerified` makes what `put` takes. `bare` leaves
 * the wrappers out, for stores that take long; `overhead` is how many bytes more a chunk takes in the store.
 */
export function testStore(
  kind: string,
  can: readonly Capability[],
  open: (chunks: readonly Held[]) => Promise<Subject>,
  options: { ignore?: boolean; bare?: boolean; overhead?: number } = {},
): void {
  for (const [how, wrap] of options.bare ? WRAPPERS.slice(0, 1) : WRAPPERS) {
    testWrapped(`${kind}${how}`, can, async (chunks) => {
      const subject = await open(chunks);
      const store = wrap(subject.store);
      return { store, [Symbol.asyncDispose]: () => subject[Symbol.asyncDispose]() };
    }, options);
  }
}

function testWrapped(
  kind: string,
  can: readonly Capability[],
  open: (chunks: readonly Held[]) => Promise<Subject>,
  options: { ignore?: boolean; overhead?: number },
): void {
  const { overhead = 0 } = options;
  const test = (name: string, fn: (store: ChunkStore) => Promise<void>, needs: Capability[] = []) => {
    if (needs.some((one) => !can.includes(one))) return;
    Deno.test({
      name: `${kind}: ${name}`,
      ignore: options.ignore ?? false,
      fn: async () => {
        await using subject = await open(held);
        await using store = subject.store;
        await fn(store);
      },
    });
  };

  test("has the methods of its kind", (store) => {
    const has = (name: Capability) => typeof Reflect.get(store, name) === "function";
    deepStrictEqual(CAPABILITIES.filter(has), CAPABILITIES.filter((name) => can.includes(name)));
    return Promise.resolve();
  });

  test("returns chunks in their stored form", async (store) => {
    for (const chunk of [...held, ...held.toReversed()]) same(await store.get(chunk.id), expected(chunk));
  });

  test("returns many at once", async (store) => {
    const wanted = Array.from({ length: 60 }, (_, i) => held[i % held.length]);
    const given = await Promise.all(wanted.map(({ id }) => store.get(id)));
    given.forEach((chunk, i) => same(chunk, expected(wanted[i])));
  });

  test("returns null or false for what it does not have", async (store) => {
    strictEqual(await store.get(absent), null);
    strictEqual(await store.has(absent), false);
    for (const { id } of held) strictEqual(await store.has(id), true);
    for (const chunk of held) {
      strictEqual(await store.has(chunk.id, { form: expected(chunk).form }), true, "in its form");
    }
    for (const form of ["compressed", "plain"] as const) {
      strictEqual(await store.has(absent, { form }), false);
    }
  });

  test("reports how many bytes a chunk takes", async (store) => {
    for (const { id, bytes } of held) strictEqual(await store.storedSize?.(id), bytes.length + overhead);
    strictEqual(await store.storedSize?.(absent), null);
  }, ["storedSize"]);

  test("bytes that it returned belong to the caller", async (store) => {
    for (const chunk of held) {
      const first = await store.get(chunk.id);
      const { buffer } = first!.bytes;
      first!.bytes.fill(0);
      if (buffer instanceof ArrayBuffer) buffer.transfer(0);
      same(await store.get(chunk.id), expected(chunk));
    }
    const [one, other] = [await store.get(held[0].id), await store.get(held[1].id)];
    same(one, expected(held[0]));
    same(other, expected(held[1]));
  });

  test("adds chunks, and replaces them", async (store) => {
    ok(takesChunks(store));
    const chunk = hashChunk(nativeCodec, "sha512-256", new Random(12).bytes(100));
    for (const one of [compressChunk(nativeCodec, chunk), chunk]) {
      for (const _ of [1, 2]) {
        deepStrictEqual(await store.put(one), { storedBytes: one.stored.bytes.length + overhead });
      }
      strictEqual(await store.has(one.id), true);
      ok(await store.get(one.id) !== null);
    }
    const { id } = held[0];
    await store.put(asVerified(id, compressChunk(nativeCodec, chunk).stored));
    same(await store.get(id), compressChunk(nativeCodec, chunk).stored);
  }, ["put"]);

  test("bytes that were put stay the caller's", async (store) => {
    ok(takesChunks(store));
    const chunk = hashChunk(nativeCodec, "sha512-256", new Random(13).bytes(100));
    const putting = store.put(chunk);
    await putting;
    chunk.bytes.fill(0);
    sameBytes((await store.get(chunk.id))!.bytes, new Random(13).bytes(100));
  }, ["put"]);

  test("records that a chunk was used", async (store) => {
    ok(takesChunks(store));
    for (const { id } of held) await store.touch?.(id);
    await store.touch?.(absent);
    same(await store.get(held[0].id), expected(held[0]));
  }, ["touch"]);

  test("lists its chunks", async (store) => {
    ok(managesChunks(store));
    const names = (chunks: readonly { id: string; form: string; storedBytes: number }[]) =>
      chunks.map(({ id, form, storedBytes }) => `${id} ${form} ${storedBytes}`).sort();
    const wanted = held.map((chunk) => {
      const { form, bytes } = expected(chunk);
      return { id: chunk.id, form, storedBytes: bytes.length + overhead };
    });
    deepStrictEqual(names((await Array.fromAsync(store.list())).flat()), names(wanted));
    await rejects(Array.fromAsync(store.list({ signal: AbortSignal.abort() })), { code: "interrupted" });
  }, ["list"]);

  test("removes chunks, in the form that is named", async (store) => {
    ok(managesChunks(store));
    const [first, second] = held;
    await store.remove(first.id);
    await store.remove(first.id);
    await store.remove(absent);
    deepStrictEqual([await store.has(first.id), await store.get(first.id)], [false, null]);
    const other = expected(second).form === "plain" ? "compressed" : "plain";
    await store.remove(second.id, { form: other });
    same(await store.get(second.id), expected(second));
    await store.remove(second.id, { form: expected(second).form });
    strictEqual(await store.has(second.id), false);
    for await (const page of store.list()) {
      for (const { id } of page) if (id !== held[2].id) await store.remove(id);
    }
    deepStrictEqual((await Array.fromAsync(store.list())).flat().map(({ id }) => id), [held[2].id]);
  }, ["list", "remove"]);

  test("removes several chunks, in the forms that are named", async (store) => {
    ok(managesChunks(store));
    const [first, second, ...rest] = held;
    const form = (chunk: Held) => expected(chunk).form;
    const other = form(second) === "plain" ? "compressed" : "plain";
    const gone = { id: absent, form: "plain" } as const;
    await store.removeAll?.([gone, { id: first.id, form: form(first) }, { id: second.id, form: other }]);
    deepStrictEqual([await store.has(first.id), await store.has(second.id)], [false, true]);
    await store.removeAll?.(rest.map((chunk) => ({ id: chunk.id, form: form(chunk) })));
    await store.removeAll?.([]);
    deepStrictEqual((await Array.fromAsync(store.list())).flat().map(({ id }) => id), [second.id]);
  }, ["removeAll"]);

  test("removes no fresh temporary files", async (store) => {
    ok(managesChunks(store));
    deepStrictEqual(await store.removeStale?.({ dryRun: true }), { files: 0, bytes: 0 });
    deepStrictEqual(await store.removeStale?.(), { files: 0, bytes: 0 });
  }, ["removeStale"]);

  test("has a location for messages", (store) => {
    const { location } = store.properties;
    ok(location !== "" && !location.includes("secret"));
    return Promise.resolve();
  });
}
