/** What is particular to encrypted stores; what all stores do, they do in tests/stores/stores_test.ts. */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import type { ChunkCipher } from "../../../src/codec/chunk_cipher.ts";
import { compressChunk, hashChunk, openChunk } from "../../../src/codec/open_chunk.ts";
import { portableCodec } from "../../../src/codec/portable.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { chunkCipher } from "../../../src/deno/codec/native_cipher.ts";
import { copyChunks as copyByWorkers } from "../../../src/jobs/copy_chunks.ts";
import type { AssembleTask } from "../../../src/transfer/messages.ts";
import { WorkerPool } from "../../../src/workers/pool.ts";
import { copyChunks } from "../../../src/deno/copy_chunks.ts";
import { extractToFile } from "../../../src/deno/extract_to_file.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { HttpStore } from "../../../src/stores/http/http_store.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import type { ManagedChunkStore } from "../../../src/stores/store.ts";
import { encryptedStore } from "../../../src/stores/wrappers/encrypted_store.ts";
import { FailoverGroup } from "../../../src/stores/wrappers/failover.ts";
import { retryStore } from "../../../src/stores/wrappers/retry.ts";
import { wrapStore } from "../../../src/stores/wrappers/wrap.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { makeBlob } from "../../support/made.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { chunkPath } from "../../support/sha.ts";
import { tempDir } from "../../support/temp.ts";

const random = new Random(41);
const cipher = chunkCipher("aes-256-gcm", random.bytes(32));
const other = chunkCipher("aes-256-gcm", random.bytes(32));

Deno.test("a store that does not name its chunks by the key is refused", () => {
  using dir = tempDir();
  const url = "http://127.0.0.1:1/";
  const stores = [
    new MemoryStore(),
    new HttpStore(url),
    new HttpStore(url, { suffix: other.key.suffix }),
    new LocalStore(dir.root),
    new LocalStore(dir.root, { encryption: cipher }),
  ];
  for (const store of stores) {
    throws(() => encryptedStore(store, cipher), {
      code: "unsupported",
      message: /encryption is not supported/,
    });
  }
});

Deno.test("a chunk under another's name is opened, and refused by its digest; one of another key is refused", async () => {
  using dir = tempDir();
  const store = new LocalStore(dir.root, { encryption: cipher });
  const [one, two] = [random.bytes(3000), random.bytes(3000)].map((bytes) =>
    hashChunk(nativeCodec, "sha512-256", bytes)
  );
  await store.put(one);
  const file = (id: string) => dir.path(chunkPath(id, "") + cipher.key.suffix);
  dir.dir(two.id.slice(0, 4));
  Deno.copyFileSync(file(one.id), file(two.id));
  const stored = await store.get(two.id);
  const expected = { id: two.id, digest: "sha512-256" } as const;
  throws(() => openChunk(nativeCodec, stored!, expected), { code: "invalid-chunk", message: /digest/ });

  Deno.writeFileSync(file(two.id), other.seal(two.bytes));
  await rejects(store.get(two.id), { code: "invalid-chunk", message: /another key/ });
  strictEqual(await store.has(two.id), true);
});

Deno.test("what is known of the store inside is known as it changes: that a chunk was found", async () => {
  const store = encryptedStore(retryStore(namedBy(cipher)), cipher);
  const chunk = hashChunk(nativeCodec, "sha512-256", random.bytes(1000));
  strictEqual(await store.get(chunk.id), null);
  strictEqual(store.properties.found, false);
  await store.put(chunk);
  await store.get(chunk.id);
  strictEqual(store.properties.found, true);
});

Deno.test("a chunk is returned sealed where that is asked for: openChunk opens it, if its codec has ciphers", async () => {
  const named = namedBy(cipher);
  const store = new FailoverGroup([retryStore(encryptedStore(named, cipher)), new MemoryStore()]);
  const chunk = compressChunk(nativeCodec, hashChunk(nativeCodec, "sha512-256", random.bytes(50_000)));
  await encryptedStore(named, cipher).put(chunk);
  const sealed = (await store.get(chunk.id, { sealed: true }))!;
  strictEqual(sealed.encryption, cipher.key);
  const expected = { id: chunk.id, digest: "sha512-256" } as const;
  throws(() => openChunk(portableCodec, sealed, expected), { code: "unsupported", message: /encrypted/ });
  const changed = { ...sealed, bytes: sealed.bytes.map((byte, i) => i === 40_000 ? byte ^ 1 : byte) };
  throws(() => openChunk(nativeCodec, changed, expected), { code: "invalid-chunk", message: /decrypted/ });
  const opened = openChunk(nativeCodec, sealed, expected);
  sameBytes(opened.bytes, chunk.bytes);
  // What may go into another store is not encrypted.
  const { form, bytes, encryption } = opened.stored;
  deepStrictEqual([form, encryption], ["compressed", undefined]);
  sameBytes(bytes, chunk.stored.bytes);
});

Deno.test({
  name: "workers encrypt and decrypt the chunks of stores elsewhere, not the main thread",
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, Array.from({ length: 30 }, () => random.bytes(1 + random.below(20_000))));
    const index = parseIndex(Deno.readFileSync(made.index));
    const never = (): never => {
      throw new TypeError("the main thread has other work");
    };
    const asStored = (store: ManagedChunkStore) =>
      encryptedStore(store, { ...cipher, seal: never, open: never });
    const [inside, insideCache] = [namedBy(cipher), namedBy(cipher)];
    const all = new LocalStore(made.store);
    await copyChunks(index, { stores: [all] }, asStored(inside));
    const sources = { stores: [asStored(inside)], cache: asStored(insideCache) };
    await extractToFile(index, sources, dir.path("out"));
    sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
    const onlyCache = { stores: [], cache: asStored(insideCache) };
    await extractToFile(index, onlyCache, dir.path("again"));
    sameBytes(Deno.readFileSync(dir.path("again")), made.bytes);
    for (const id of made.ids) {
      const { bytes } = (await all.get(id))!;
      for (const store of [inside, insideCache]) {
        const sealed = (await store.get(id))!;
        strictEqual(sealed.bytes.length, bytes.length + cipher.overhead);
        sameBytes((await encryptedStore(store, cipher).get(id))!.bytes, bytes);
      }
    }
    const foreign = (await encryptedStore(inside, cipher).get(made.ids[0], { sealed: true }))!;
    const wrong = encryptedStore(namedBy(other), other);
    await rejects(async () => await wrong.put(asVerified(made.ids[0], foreign)), /another key/);
  },
});

Deno.test({
  name: "workers without ciphers, as those of browsers, get and return chunks unencrypted",
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, Array.from({ length: 10 }, () => random.bytes(1 + random.below(20_000))));
    const index = parseIndex(Deno.readFileSync(made.index));
    const inside = namedBy(cipher);
    const all = new LocalStore(made.store);
    const tasks: AssembleTask[] = [];
    class Plain extends WorkerPool {
      override readonly haveCiphers = false;
      override async assemble(task: AssembleTask) {
        tasks.push(task);
        return await super.assemble(task);
      }
    }
    using workers = new Plain();
    const encoding = { form: "compressed", level: 3 } as const;
    const destination = { kind: "main", encoding, store: encryptedStore(inside, cipher) } as const;
    await copyByWorkers(index, { stores: [all] }, workers, { destination });
    const other = { ...destination, store: new MemoryStore() };
    await copyByWorkers(index, { stores: [encryptedStore(inside, cipher)] }, workers, { destination: other });
    ok(
      tasks.length > 1 &&
        tasks.every(({ destination }) =>
          !("encryption" in destination!) || destination.encryption === undefined
        ),
    );
    ok(tasks.every(({ items }) => items.every(({ given }) => given?.encryption === undefined)));
    for (const id of made.ids) {
      for (const store of [encryptedStore(inside, cipher), other.store]) {
        openChunk(nativeCodec, (await store.get(id))!, { id, digest: "sha512-256" });
      }
    }
  },
});

/** A store elsewhere that names its chunks by the key. */
function namedBy({ key: { suffix } }: ChunkCipher): ManagedChunkStore {
  const memory = new MemoryStore();
  return wrapStore(memory, (send) => send(), { ...memory.properties, suffix });
}
