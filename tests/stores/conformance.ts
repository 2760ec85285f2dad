/** What every store does, whatever it is made of. */

import { ok, strictEqual } from "node:assert/strict";
import type { StoredChunk } from "../../src/chunk.ts";
import type { ChunkStore, WritableChunkStore } from "../../src/stores/store.ts";
import { type Form, stored } from "../support/made.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sha512256 } from "../support/sha.ts";

/** A store under test that holds these chunks, and has to be given back. */
export interface Subject extends AsyncDisposable {
  readonly store: ChunkStore;
  /** The same store, when it takes chunks. */
  readonly writable?: WritableChunkStore;
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

/** Defines the tests for one kind of store; `open` makes one that holds the chunks. */
export function testStore(
  kind: string,
  open: (chunks: readonly Held[]) => Promise<Subject>,
  options: { ignore?: boolean } = {},
): void {
  const test = (name: string, fn: (subject: Subject) => Promise<void>) =>
    Deno.test({
      name: `${kind}: ${name}`,
      ignore: options.ignore ?? false,
      fn: async () => {
        await using subject = await open(held);
        await fn(subject);
        await subject.store.close();
      },
    });

  test("gives chunks in the form in which it holds them", async ({ store }) => {
    for (const chunk of [...held, ...held.toReversed()]) same(await store.get(chunk.id), expected(chunk));
  });

  test("gives many at once", async ({ store }) => {
    const wanted = Array.from({ length: 60 }, (_, i) => held[i % held.length]);
    const given = await Promise.all(wanted.map(({ id }) => store.get(id)));
    given.forEach((chunk, i) => same(chunk, expected(wanted[i])));
  });

  test("knows what it has not", async ({ store }) => {
    strictEqual(await store.get(absent), null);
    strictEqual(await store.has(absent), false);
    for (const { id } of held) strictEqual(await store.has(id), true);
  });

  test("says how many bytes a chunk takes, if it can", async ({ store }) => {
    if (store.storedSize === undefined) return;
    for (const { id, bytes } of held) strictEqual(await store.storedSize(id), bytes.length);
    strictEqual(await store.storedSize(absent), null);
  });

  test("what it gave belongs to the caller", async ({ store }) => {
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

  test("takes chunks, if it takes any, and replaces them", async ({ store, writable }) => {
    if (writable === undefined) return;
    const content = new Random(12).bytes(100);
    const id = sha512256(content);
    for (const form of ["compressed", "plain"] as const) {
      const chunk: StoredChunk = { form, bytes: form === "plain" ? content : stored(content, "zstd") };
      await writable.put(id, chunk);
      await writable.put(id, chunk);
      strictEqual(await store.has(id), true);
      ok(await store.get(id) !== null);
    }
    const mine = stored(content, "zstd");
    const another = held[0].id;
    await writable.put(another, { form: "compressed", bytes: mine });
    same(await store.get(another), { form: "compressed", bytes: stored(content, "zstd") });
  });

  test("is called something that can be shown", ({ store }) => {
    ok(store.location !== "" && !store.location.includes("secret"));
    return Promise.resolve();
  });
}
