/** Chunks that are on the disk when they have been put, should the power go at that moment. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { basename, join } from "node:path";
import { hashChunk, openChunk } from "../../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { syncedStore } from "../../../src/deno/store/synced_store.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { filesIn } from "../../support/files.ts";
import { Random } from "../../support/random.ts";
import { canCutPower, FailingDisk } from "../../support/system/power_cut.ts";
import { tempDir } from "../../support/temp.ts";

const source = new Random(7);
const chunks = Array.from({ length: 30 }, () => hashChunk(nativeCodec, "sha512-256", source.bytes(20_000)));

/** How many of the chunks the store has, each whole. */
async function wholeChunks(path: string): Promise<number> {
  const store = new LocalStore(path);
  let whole = 0;
  for (const { id } of chunks) {
    const stored = await store.get(id);
    if (stored === null) continue;
    openChunk(nativeCodec, stored, { id, digest: "sha512-256" });
    whole++;
  }
  return whole;
}

Deno.test({
  name: "after a power cut every chunk is there that was put, and no part of another",
  ignore: !canCutPower,
  fn: async () => {
    using dir = tempDir();
    await using disk = await FailingDisk.make(dir);
    const path = join(disk.path, "store");
    await using store = syncedStore(new LocalStore(path, { create: true }));
    await Promise.all(chunks.slice(0, 20).map((chunk) => store.put(chunk)));
    const later = Promise.all(chunks.slice(20).map((chunk) => store.put(chunk)));
    const found = join(await disk.afterPowerCut(), "store");
    ok(await wholeChunks(found) >= 20);
    await later;
    strictEqual(await wholeChunks(join(await disk.afterPowerCut(), "store")), 30);
  },
});

Deno.test("other work goes on while a large chunk is written", async () => {
  using dir = tempDir();
  const large = hashChunk(nativeCodec, "sha256", new Uint8Array(30_000_000));
  const local = new LocalStore(dir.dir("local"));
  await using synced = syncedStore(new LocalStore(dir.dir("synced")));
  for (const store of [local, synced]) {
    let done = false;
    const put = store.put(large).then(({ storedBytes }) => {
      done = true;
      strictEqual(storedBytes, 30_000_000);
    });
    await new Promise((resolve) => setTimeout(resolve));
    ok(!done);
    await put;
    strictEqual((await store.get(large.id))?.bytes.length, 30_000_000);
  }
  strictEqual(filesIn(dir.root).length, 2);
});

Deno.test("chunks are put as into the store itself, which need not be a directory", async () => {
  using dir = tempDir();
  const path = dir.dir("store");
  await using store = syncedStore(new LocalStore(path));
  const [{ id }] = chunks;
  deepStrictEqual(await Promise.all([store.put(chunks[0]), store.put(chunks[0])]), [
    { storedBytes: 20_000 },
    { storedBytes: 20_000 },
  ]);
  deepStrictEqual(filesIn(path).map((name) => basename(name)), [id]);
  ok(await store.has(id));
  strictEqual((await store.get(id))?.bytes.length, 20_000);
  await store.touch?.(id);
  Deno.removeSync(path, { recursive: true });
  await rejects(store.put(chunks[1]), { code: "io" });
  const memory = new MemoryStore();
  strictEqual(syncedStore(memory), memory);
});
