/** What is particular to encrypted stores; what all stores do, they do in tests/stores/stores_test.ts. */
import { rejects, strictEqual, throws } from "node:assert/strict";
import { hashChunk, openChunk } from "../../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { chunkCipher } from "../../../src/deno/codec/native_cipher.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { HttpStore } from "../../../src/stores/http/http_store.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { encryptedStore } from "../../../src/stores/wrappers/encrypted_store.ts";
import { retryStore } from "../../../src/stores/wrappers/retry.ts";
import { wrapStore } from "../../../src/stores/wrappers/wrap.ts";
import { Random } from "../../support/random.ts";
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
  const memory = new MemoryStore();
  const { suffix } = cipher.key;
  const named = wrapStore(memory, (send) => send(), { ...memory.properties, suffix });
  const store = encryptedStore(retryStore(named), cipher);
  const chunk = hashChunk(nativeCodec, "sha512-256", random.bytes(1000));
  strictEqual(await store.get(chunk.id), null);
  strictEqual(store.properties.found, false);
  await store.put(chunk);
  await store.get(chunk.id);
  strictEqual(store.properties.found, true);
});
