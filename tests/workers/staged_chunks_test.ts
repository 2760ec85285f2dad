import { deepStrictEqual, rejects } from "node:assert/strict";
import { chunkPath } from "../../src/core/chunk.ts";
import { ChunkDirectory } from "../../src/deno/store/chunk_directory.ts";
import { canSyncFileSystems } from "../../src/deno/output/sync.ts";
import { StagedChunks } from "../../src/workers/staged_chunks.ts";
import { filesIn } from "../support/files.ts";
import { sha512256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";

Deno.test({
  name: "when chunks cannot be renamed, no temporary file stays behind",
  ignore: !canSyncFileSystems(),
  fn: async () => {
    using dir = tempDir();
    const store = dir.dir("store");
    const destination = {
      kind: "directory",
      directory: store,
      encoding: { form: "plain", level: 3 },
    } as const;
    const staged = new StagedChunks(new ChunkDirectory({ directory: store }), destination, "run");
    const add = (byte: number) => {
      const bytes = Uint8Array.of(byte);
      staged.add(sha512256(bytes), { form: "plain", bytes });
    };
    add(1);
    for (const path of filesIn(store)) Deno.removeSync(`${store}/${path}`);
    using _ = later(6000);
    add(2); // with the first, which is not there any more
    add(3);
    await rejects(staged.flush());
    deepStrictEqual(filesIn(store), []);
  },
});

Deno.test("many chunks get their names, each in its form", async () => {
  using dir = tempDir();
  const store = dir.dir("store");
  const destination = {
    kind: "directory",
    directory: store,
    encoding: { form: "plain", level: 3 },
  } as const;
  const chunks = new ChunkDirectory({ directory: store });
  const staged = new StagedChunks(chunks, destination, "run");
  const names: string[] = [];
  for (let i = 0; i < 700; i++) {
    const bytes = Uint8Array.of(i & 255, i >> 8);
    const form = i % 3 === 0 ? "plain" : "compressed";
    staged.add(sha512256(bytes), { form, bytes });
    names.push(chunkPath(sha512256(bytes), form));
  }
  await staged.flush();
  deepStrictEqual(filesIn(store).sort(), names.sort());
});

/** Has the clock say that so many milliseconds have passed. */
function later(ms: number): Disposable {
  const { now } = performance;
  performance.now = () => now.call(performance) + ms;
  return { [Symbol.dispose]: () => void (performance.now = now) };
}
