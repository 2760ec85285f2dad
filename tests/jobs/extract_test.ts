import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { extractToFile } from "../../src/deno/extract_to_file.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { originName } from "../../src/core/origin.ts";
import { Progress } from "../../src/core/progress.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { type Made, makeBlob, somePieces, stored } from "../support/made.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { tempDir } from "../support/temp.ts";

/** The C library, once loaded, stays until the program ends. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

async function inMemory(made: Made, pieces: Uint8Array[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const [i, piece] of pieces.entries()) {
    await store.put(asVerified(made.ids[i], { form: "compressed", bytes: stored(piece, "zstd") }));
  }
  return store;
}

test("a store in memory can be extracted from again and again", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  const index = parseIndex(Deno.readFileSync(made.index));
  const store = await inMemory(made, pieces);
  for (let turn = 0; turn < 2; turn++) {
    const progress = new Progress();
    await extractToFile(index, { stores: [store] }, dir.path("target"), { progress });
    sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
    strictEqual(progress.done, progress.total);
    const given = progress.sources.map(({ origin, chunks }) => `${originName(origin)} ${chunks}`);
    deepStrictEqual(given, ["memory 3"]);
    Deno.removeSync(dir.path("target"));
  }
});

test("counting by origin does not depend on a store's name", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  const index = parseIndex(Deno.readFileSync(made.index));
  for (const location of ["the target itself", "zeros", "copies within the target"]) {
    const store = new MemoryStore(location);
    const from = await inMemory(made, pieces);
    for (const id of made.ids) await store.put(asVerified(id, (await from.get(id))!));
    const target = dir.write("target", new Uint8Array(made.bytes.length).fill(1));
    const progress = new Progress();
    const { upToDate } = await extractToFile(index, { stores: [store] }, target, { inPlace: true, progress });
    deepStrictEqual([upToDate, progress.chunksFrom("store"), progress.chunksFrom("in place")], [false, 3, 0]);
  }
});

test("an interruption ends the extraction and leaves nothing behind", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  const sources = { stores: [new LocalStore(made.store)] };
  const target = dir.path("out", "target");
  await rejects(extractToFile(index, sources, target, { signal: AbortSignal.abort() }), {
    code: "interrupted",
  });
  deepStrictEqual([...Deno.readDirSync(dir.path("out"))], []);
});

test("a store that throws something else is an error, and nothing is left behind", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  const store = new MemoryStore();
  store.get = () => Promise.reject(new TypeError("a fault of the store"));
  const target = dir.path("out", "target");
  await rejects(extractToFile(index, { stores: [store] }, target), /a fault of the store/);
  ok([...Deno.readDirSync(dir.path("out"))].length === 0);
});
