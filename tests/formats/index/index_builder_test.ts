import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  BLOB_FLAGS,
  ChunkerStream,
  type ChunkSizes,
  cutPoints,
  DEFAULT_CHUNK_SIZES,
  type DigestName,
  extract,
  IndexBuilder,
  MemoryStore,
  parseIndex,
  portableCodec,
  serializeIndex,
} from "../../../mod.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { indexBytes } from "../../support/data/index_bytes.ts";
import { blob, smallBlob, testdata } from "../../support/testdata.ts";

const small = { min: 4096, avg: 16384, max: 65536 };

const files: [name: string, bytes: () => Uint8Array, sizes: ChunkSizes, digest: DigestName][] = [
  ["casync-blob.caibx", blob, DEFAULT_CHUNK_SIZES, "sha512-256"],
  ["casync-small.caibx", smallBlob, small, "sha512-256"],
  ["casync-small-sha256.caibx", smallBlob, small, "sha256"],
  ["casync-small-64-256-1024.caibx", smallBlob, { min: 64, avg: 256, max: 1024 }, "sha512-256"],
  ["casync-small-16-200-1000.caibx", smallBlob, { min: 16, avg: 200, max: 1000 }, "sha512-256"],
  ["casync-small-4096-fixed.caibx", smallBlob, { min: 4096, avg: 4096, max: 4096 }, "sha512-256"],
  ["casync-empty.caibx", () => new Uint8Array(0), small, "sha512-256"],
  ["casync-one-byte.caibx", () => Uint8Array.of(65), small, "sha512-256"],
];
for (const [name, makeBytes, sizes, digest] of files) {
  Deno.test(`what the library cuts and indexes is ${name}, and can be extracted from memory`, async () => {
    const bytes = makeBytes();
    const store = new MemoryStore();
    const builder = new IndexBuilder(sizes, digest);
    for await (
      const chunk of new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new ChunkerStream(sizes))
    ) {
      const id = portableCodec.digest(digest, chunk);
      builder.add([chunk.length], id);
      await store.put(asVerified(id.toHex(), { form: "plain", bytes: chunk }));
    }
    strictEqual(builder.size, bytes.length);
    const index = builder.build();
    deepStrictEqual(serializeIndex(index), Deno.readFileSync(testdata(name)));
    deepStrictEqual(cutPoints(bytes, sizes), [...index.ends]);

    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const [built] = await Promise.all([new Response(readable).bytes(), extract(index, store, writable)]);
    deepStrictEqual(built, Uint8Array.from(bytes));
  });
}

Deno.test("an index builder takes many chunks at a time, and flags", () => {
  const ids = Uint8Array.from({ length: 96 }, (_, i) => i);
  const builder = new IndexBuilder(small, "sha256", 0x4n);
  builder.add([], new Uint8Array(0));
  builder.add([5, 65536], ids.subarray(0, 64));
  builder.add([1], ids.subarray(64));
  const items = [5, 65541, 65542].map((end, i) => ({ end, id: ids.subarray(32 * i, 32 * i + 32).toHex() }));
  deepStrictEqual(serializeIndex(builder.build()), indexBytes({ ...small, flags: 0x4n, items }));
  builder.add([7], ids.subarray(0, 32));
  strictEqual(builder.build().size, 65549, "it can grow on");
  strictEqual(parseIndex(serializeIndex(new IndexBuilder(small, "sha256").build())).flags, BLOB_FLAGS);
});

Deno.test("an index builder refuses what would make an invalid index", () => {
  const id = new Uint8Array(32);
  for (const length of [0, -1, 1.5, NaN, 65537, Infinity]) {
    const builder = new IndexBuilder(small, "sha256");
    throws(() => builder.add([length], id), { code: "usage", message: /Cannot add a chunk of .* bytes/ });
  }
  for (const [lengths, bytes] of [[[1, 2], 32], [[1], 31], [[1], 64], [[], 1]] as const) {
    const builder = new IndexBuilder(small, "sha256");
    throws(() => builder.add(lengths, new Uint8Array(bytes)), { code: "usage", message: /bytes of ids/ });
  }
});
