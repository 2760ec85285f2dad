/** Holes of sparse files: what they hold is known without reading them. */
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { divisor, isCandidateAmongZeros } from "../../../src/chunker/candidates.ts";
import { discriminator } from "../../../src/chunker/params.ts";
import { extractToFile } from "../../../src/deno/extract_to_file.ts";
import { Holes } from "../../../src/deno/files/holes.ts";
import { makeFromFile } from "../../../src/deno/make.ts";
import { mayHavePartialFiles } from "../../../src/deno/output/partial_file.ts";
import { planExtraction } from "../../../src/deno/plan_extraction.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { Progress } from "../../../src/core/progress.ts";
import { toHex } from "../../../src/core/bytes.ts";
import { filesIn } from "../../support/files.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { amount } from "../../support/thorough.ts";

const KB = 1024;
const MB = KB * KB;
const sizes = { min: 4 * KB, avg: 16 * KB, max: 64 * KB };

function test(name: string, fn: () => void | Promise<void>, ignore = false): void {
  // The C library, once loaded, stays until the program ends.
  Deno.test({ name, ignore: ignore || Deno.build.os !== "linux", sanitizeResources: false, fn });
}

/** Writes these bytes at these offsets of a file of `size` bytes, and nothing else. */
function sparse(path: string, size: number, parts: ReadonlyMap<number, Uint8Array>): string {
  using file = Deno.openSync(path, { create: true, truncate: true, write: true });
  file.truncateSync(size);
  for (const [offset, bytes] of parts) {
    file.seekSync(offset, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  }
  return path;
}

/** Bytes that this process has read so far. */
function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(Deno.readTextFileSync("/proc/self/io"))![1]);
}

/** Bytes that are read meanwhile. */
async function readDuring(work: () => Promise<unknown>): Promise<number> {
  const before = bytesRead();
  await work();
  return bytesRead() - before;
}

test("a hole ends where data begins, and at the end of the file", () => {
  using dir = tempDir();
  const path = sparse(dir.path("file"), 10 * MB, new Map([[4 * MB, new Uint8Array(MB).fill(1)]]));
  using holes = Holes.of(path);
  const covered = (offset: number, length: number) => holes.covers(offset, length);
  deepStrictEqual(
    [covered(0, 4 * MB), covered(MB, 3 * MB + 1), covered(4 * MB, 1), covered(5 * MB, 5 * MB)],
    [true, false, false, true],
  );
  deepStrictEqual([covered(9 * MB, MB + 1), covered(10 * MB, 1), covered(0, 100)], [false, false, true]);
  using none = Holes.of(dir.write("dense", new Uint8Array(100_000).fill(1)));
  strictEqual(none.covers(0, 1), false);
  using missing = Holes.of(dir.path("missing"));
  strictEqual(missing.covers(0, 1), false);
});

test("a file with holes is cut as one with zeros", async () => {
  using dir = tempDir();
  const noise = random();
  for (let turn = 0; turn < amount(3, 20); turn++) {
    const size = MB + noise.below(amount(1, 3) * MB);
    const bytes = new Uint8Array(size);
    const parts = new Map<number, Uint8Array>();
    for (let i = noise.below(5); i > 0; i--) {
      const offset = noise.below(size);
      const part = noise.bytes(Math.min(size - offset, 1 + noise.below(300 * KB)));
      parts.set(offset, part);
      bytes.set(part, offset);
    }
    // Zeros are candidates with the first sizes, and not with the others.
    for (
      const chunks of [{ min: KB, avg: 5251, max: 64 * KB }, sizes, {
        min: 16 * KB,
        avg: 16 * KB,
        max: 16 * KB,
      }]
    ) {
      const results = [];
      for (const path of [sparse(dir.path("holes"), size, parts), dir.write("zeros", bytes)]) {
        const store = chunks === sizes ? new LocalStore(dir.dir(`${basename(path)}-${turn}`)) : undefined;
        const { index } = await makeFromFile(path, { sizes: chunks, store, sync: false });
        results.push(toHex(index.ids) + (store && filesIn(store.properties.location)));
      }
      ok(results[0] === results[1], `sizes ${JSON.stringify(chunks)}, ${size} bytes`);
    }
  }
});

Deno.test("with few chunk sizes each place among zeros is a candidate", () => {
  const isCandidate = (avg: number) =>
    isCandidateAmongZeros(divisor(discriminator({ ...sizes, min: KB, avg })));
  const averages = Array.from({ length: 60 * KB }, (_, i) => KB + i);
  deepStrictEqual(averages.filter(isCandidate), [5251]);
});

test("holes of a seed, and of a file that is there already, are not read", async () => {
  using dir = tempDir();
  const noise = random();
  const size = amount(50, 100) * MB;
  const [a, b] = [noise.bytes(MB), noise.bytes(MB)];
  const seed = sparse(dir.path("seed"), size, new Map([[10 * MB, a], [40 * MB, b]]));
  const store = new MemoryStore();
  const blob = sparse(dir.path("blob"), 45 * MB, new Map([[20 * MB + 5, b], [40 * MB, a]]));
  let made = await makeFromFile(blob, { store, sizes });
  const { index } = made;
  const target = dir.path("out", "target");
  const extract = (options = {}) =>
    extractToFile(index, { stores: [store] }, target, { sync: false, threads: 1, ...options });
  const most = 20 * MB;
  let read = await readDuring(() => extract({ seeds: [{ path: seed }] }));
  ok(read < most, `from the seed: ${read}`);
  for (const options of [{}, { inPlace: true }]) {
    read = await readDuring(async () => strictEqual((await extract(options)).upToDate, true));
    ok(read < most, `${JSON.stringify(options)}: ${read}`);
  }
  read = await readDuring(async () => made = await makeFromFile(target, { sizes }));
  ok(read < most, `made again: ${read}`);
  deepStrictEqual(made.index.ids, index.ids);
  sparse(target, 100, new Map());
  read = await readDuring(() => extract({ inPlace: true, outputAsSeed: false }));
  ok(read < most, `in place: ${read}`);
  sameBytes(Deno.readFileSync(target), Deno.readFileSync(blob));
});

test("what an interrupted run has not written is not read for a plan", async () => {
  using dir = tempDir();
  const noise = random();
  const store = new MemoryStore();
  const { index } = await makeFromFile(dir.write("blob", noise.bytes(20 * MB)), { store, sizes });
  const get = store.get.bind(store);
  let left = 100;
  const stop = new AbortController();
  const target = dir.path("out", "target");
  const progress = new Progress();
  store.get = async (id) => {
    if (--left <= 0) {
      while (progress.chunksFrom("store") === 0) await delay(5);
      stop.abort();
    }
    return await get(id);
  };
  await extractToFile(index, { stores: [store] }, target, { signal: stop.signal, progress }).catch(() => {});
  let resumed = 0;
  const read = await readDuring(async () => {
    const { sources } = await planExtraction(index, { stores: [store] }, target, { threads: 1 });
    resumed = sources.find(({ origin }) => origin.kind === "resumed")?.bytes ?? 0;
  });
  ok(resumed > 0 && read < resumed + 5 * MB, `${read} read, ${resumed} written`);
}, !mayHavePartialFiles);
