import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ChunkDirectory } from "../../src/deno/store/chunk_directory.ts";
import { verifyDirectories } from "../../src/workers/verify.ts";
import { exists } from "../support/exists.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { tempDir } from "../support/temp.ts";

Deno.test("a chunk that another program removes meanwhile is not counted", () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const ids = [...new Set(made.ids)];
  const gone = made.chunk(0);
  const prefixes = [...new Set(ids.map((id) => id.slice(0, 4)))];
  const task = {
    kind: "verify",
    directory: made.store,
    prefixes,
    digest: "sha512-256",
    remove: false,
  } as const;
  const chunks = new ChunkDirectory(task);
  const before = verifyDirectories(task, chunks);
  strictEqual(before.chunks, ids.length);
  const { size } = Deno.statSync(gone);
  // Between the look at the directory and the one at the chunk.
  const { readDirSync } = Deno;
  Deno.readDirSync = (path) => {
    const entries = [...readDirSync(path)];
    if (exists(gone)) Deno.removeSync(gone);
    return entries.values();
  };
  try {
    const after = verifyDirectories(task, chunks);
    deepStrictEqual(after, { ...before, chunks: ids.length - 1, storedBytes: before.storedBytes - size });
  } finally {
    Deno.readDirSync = readDirSync;
  }
});
