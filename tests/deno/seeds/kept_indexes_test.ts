import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { extractToFile } from "../../../src/deno/extract_to_file.ts";
import { makeFromFile } from "../../../src/deno/make.ts";
import { KeptIndexes } from "../../../src/deno/seeds/kept_indexes.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const sizes = { min: 1024, avg: 4096, max: 16384 };

/** The C library, once loaded, stays until the program ends. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

/** Extracts a blob that has everything in common with the seed; returns how many seeds were cut. */
async function extractions(dir: TempDir, bytes: Uint8Array) {
  const store = new MemoryStore();
  const { index } = await makeFromFile(dir.write("made", bytes), { store, sizes });
  return async (...paths: string[]) => {
    let cut = 0;
    await extractToFile(index, { stores: [store] }, dir.path("out", "target"), {
      seeds: paths.map((path) => ({ path })),
      seedIndexes: dir.path("kept"),
      onPhase: ({ kind }) => cut += kind === "cut" ? 1 : 0,
    });
    sameBytes(Deno.readFileSync(dir.path("out", "target")), bytes);
    Deno.removeSync(dir.path("out", "target"));
    return cut;
  };
}

function kept(dir: TempDir): string[] {
  return [...Deno.readDirSync(dir.path("kept"))].map(({ name }) => name).sort();
}

test("a seed is cut once, and again when it has changed", async () => {
  using dir = tempDir();
  const bytes = random(31).bytes(2_000_000);
  const extract = await extractions(dir, bytes);
  const seed = dir.write("seed", bytes);
  deepStrictEqual([await extract(seed), await extract(seed), kept(dir).length], [1, 0, 1]);
  // Another name for the same bytes is another seed; and the first is still known.
  const copy = dir.write("copy", bytes);
  deepStrictEqual([await extract(copy), await extract(seed, copy), kept(dir).length], [1, 0, 2]);
  dir.write("seed", bytes.subarray(0, 1_000_000));
  deepStrictEqual([await extract(seed), await extract(seed)], [1, 0]);
});

test("what changes without its time is noticed, at the latest when it is used", async () => {
  using dir = tempDir();
  const bytes = random(32).bytes(2_000_000);
  const extract = await extractions(dir, bytes);
  const seed = dir.write("seed", bytes);
  const time = new Date(1_700_000_000_000);
  const write = (content: Uint8Array) => {
    Deno.writeFileSync(seed, content);
    Deno.utimeSync(seed, time, time);
  };
  write(bytes);
  deepStrictEqual([await extract(seed), await extract(seed)], [1, 0]);
  write(random(33).bytes(bytes.length));
  strictEqual(await extract(seed), 1);
  write(bytes);
  strictEqual(await extract(seed), 1);
  // One chunk of five hundred: a look at some of them need not show it.
  const changed = bytes.slice();
  changed[1_234_567] ^= 1;
  write(changed);
  strictEqual(await extract(seed) + await extract(seed), 1);
  strictEqual(await extract(seed), 0);
});

test("no more than some are kept, and what else is there is left alone", async () => {
  using dir = tempDir();
  const bytes = random(34).bytes(20_000);
  const extract = await extractions(dir, bytes);
  dir.write("kept/other.caibx", "not ours");
  for (let i = 0; i < 20; i++) await extract(dir.write(`seed${i}`, bytes));
  strictEqual(kept(dir).length, 17);
  ok(kept(dir).includes("other.caibx"));
  strictEqual(await extract(dir.path("seed19")), 0);
  strictEqual(await extract(dir.path("seed0")), 1);
});

test("whatever is in an index's place, the seed is cut", async () => {
  using dir = tempDir();
  const bytes = random(35).bytes(20_000);
  const extract = await extractions(dir, bytes);
  const seed = dir.write("seed", bytes);
  await extract(seed);
  const place = dir.path("kept", kept(dir)[0]);
  Deno.writeTextFileSync(place, "not an index");
  deepStrictEqual([await extract(seed), await extract(seed)], [1, 0]);
  Deno.removeSync(place);
  Deno.mkdirSync(place);
  deepStrictEqual([await extract(seed), await extract(seed)], [1, 1]);
  Deno.removeSync(place);
  Deno.removeSync(dir.path("kept"), { recursive: true });
  dir.write("kept", "not a directory");
  strictEqual(await extract(seed), 1);
});

test("an index may be forgotten when its seed is gone", async () => {
  using dir = tempDir();
  const seed = dir.write("seed", random(36).bytes(100_000));
  const { index } = await makeFromFile(seed, { sizes });
  const indexes = new KeptIndexes(dir.path("kept"));
  await indexes.keep(seed, index);
  Deno.removeSync(seed);
  indexes.forget(seed, index);
});
