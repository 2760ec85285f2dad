/** What a store takes: the type check of this file is a part of the test. */

import { Buffer } from "node:buffer";
import { deepStrictEqual, notDeepStrictEqual, strictEqual } from "node:assert/strict";
import {
  compressChunk,
  hashChunk,
  openChunk,
  plainChunk,
  VerifiedChunk,
} from "../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { stored } from "../support/made.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sha512256 } from "../support/sha.ts";

const bytes = new Random(21).bytes(3000);
const id = sha512256(bytes);

Deno.test("only verified chunks can be put into a store", async () => {
  const store = new MemoryStore();
  const plain = { form: "plain", bytes } as const;
  const _notCompiled = async () => {
    // @ts-expect-error the same fields are not enough
    await store.put({ id, stored: plain, bytes });
    // @ts-expect-error what a store gave has to be opened first
    await store.put(plain);
    // @ts-expect-error nothing else makes one
    new VerifiedChunk(id, plain);
  };
  for (const chunk of [openChunk(nativeCodec, plain, { id, digest: "sha512-256" }), hashed()]) {
    deepStrictEqual(await store.put(chunk), { storedBytes: bytes.length });
    sameBytes((await store.get(id))!.bytes, bytes);
  }
});

function hashed(): VerifiedChunk {
  return hashChunk(nativeCodec, "sha512-256", bytes);
}

Deno.test("a chunk gets the form in which it is to be stored, and keeps one that is right", () => {
  for (const form of ["plain", "zstd", "gzip"] as const) {
    const from = { form: form === "plain" ? form : "compressed", bytes: stored(bytes, form) } as const;
    const chunk = openChunk(nativeCodec, from, { id, digest: "sha512-256", size: bytes.length });
    const compressed = compressChunk(nativeCodec, chunk);
    strictEqual(compressed.stored === from, form === "zstd");
    sameBytes(nativeCodec.decompress("zstd", compressed.stored.bytes, bytes.length), bytes);
    const plain = plainChunk(chunk);
    strictEqual(plain.stored === from, form === "plain");
    sameBytes(plain.stored.bytes, bytes);
    deepStrictEqual([compressed.id, plain.id], [id, id]);
  }
});

Deno.test("a chunk's bytes have slices that are copies, whatever kind of array it came in", () => {
  for (const form of ["plain", "zstd", "gzip"] as const) {
    // node's own kind, as its functions give it, shares its memory with its slices.
    const given = Buffer.from(stored(bytes, form));
    const chunk = openChunk(nativeCodec, { form: form === "plain" ? "plain" : "compressed", bytes: given }, {
      id,
      digest: "sha512-256",
    });
    const { bytes: compressed } =
      compressChunk(nativeCodec, hashChunk(nativeCodec, "sha512-256", bytes)).stored;
    for (const array of [chunk.bytes, compressed]) {
      const copy = array.slice(0, 10);
      array.fill(0);
      notDeepStrictEqual(copy, array.slice(0, 10), form);
    }
  }
});
