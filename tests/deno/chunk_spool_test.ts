import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ChunkSpool } from "../../src/deno/chunk_spool.ts";
import { random } from "../support/random.ts";
import { canMount, mountTmpfs } from "../support/system/mounts.ts";
import { tempDir } from "../support/temp.ts";

/** Chunks by their ids, and how often each was read. */
function chunksOf(count: number, size: number) {
  const generator = random();
  const chunks = Array.from({ length: count }, (_, i) => ({ id: `${i}`, size: size + i, reads: 0 }));
  const bytes = chunks.map(({ size }) => generator.bytes(size));
  const read = async ({ id }: { readonly id: string }) => {
    chunks[Number(id)].reads++;
    return await Promise.resolve(bytes[Number(id)].slice());
  };
  return { chunks, bytes, read };
}

Deno.test("a chunk is read once, and what its caller does with the bytes changes nothing", async () => {
  using dir = tempDir();
  const { chunks, bytes, read } = chunksOf(5, 1000);
  using spool = new ChunkSpool(dir.root, read);
  for (const order of [[0, 1, 2, 3, 4], [3, 0, 4], [3, 1, 2]]) {
    for (const i of order) {
      const got = await spool.get(chunks[i]);
      deepStrictEqual(got, bytes[i]);
      got.fill(0);
    }
  }
  deepStrictEqual(chunks.map(({ reads }) => reads), [1, 1, 1, 1, 1]);
});

Deno.test({
  name: "a chunk for which there is no room is read again, and others get the room that they need",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const { chunks, bytes, read } = chunksOf(5, 30_000);
    await using mount = await mountTmpfs(dir.dir("small"), "64k");
    using spool = new ChunkSpool(mount.path, read);
    for (const i of [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]) deepStrictEqual(await spool.get(chunks[i]), bytes[i]);
    deepStrictEqual(chunks.map(({ reads }) => reads), [1, 2, 2, 2, 2]);
    Deno.writeFileSync(`${mount.path}/other`, new Uint8Array(28_000));
    Deno.removeSync(`${mount.path}/other`);
    strictEqual([...Deno.readDirSync(mount.path)].length, 0, "the file has no name");
  },
});
