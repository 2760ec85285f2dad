import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { hashChunk } from "../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { Directories } from "../../src/workers/directories.ts";
import { filesIn } from "../support/files.ts";
import { tempDir } from "../support/temp.ts";

Deno.test("a chunk that two workers of a run add at the same moment counts once", async () => {
  using dir = tempDir();
  const directory = dir.dir("store");
  const destination = {
    kind: "directory",
    directory,
    encoding: { form: "plain", level: 3 },
    run: "run",
  } as const;
  const chunk = () => hashChunk(nativeCodec, "sha512-256", new Uint8Array(1000).fill(7));
  const workers = [new Directories(), new Directories()];
  deepStrictEqual(workers.map((worker) => worker.has(destination, chunk().id)), [false, false]);
  deepStrictEqual(workers.map((worker) => worker.add(destination, chunk())), [1000, null]);
  for (const worker of workers) await worker.flush();
  strictEqual(filesIn(directory).length, 1);
});
