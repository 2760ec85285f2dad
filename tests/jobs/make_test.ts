import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { cutPoints } from "../../src/chunker/find.ts";
import { DEFAULT_CHUNK_SIZES } from "../../src/chunker/params.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { chopFile } from "../../src/jobs/chop.ts";
import { firstDifference } from "../../src/jobs/compare.ts";
import { makeFromFile, makeFromStream } from "../../src/jobs/make.ts";
import { spansOfFile } from "../../src/transfer/chunk_spans.ts";
import type { Workers } from "../../src/transfer/ports.ts";
import { Progress } from "../../src/core/progress.ts";
import { WorkerPool } from "../../src/workers/pool.ts";
import type { StoreTask } from "../../src/transfer/messages.ts";
import { filesIn } from "../support/files.ts";
import { makeBlob } from "../support/made.ts";
import { dataOfAllKinds, randomSizes, referenceCuts } from "../chunker/reference.ts";
import { Random, random } from "../support/random.ts";
import { chunkPath, sha512256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";
import { amount } from "../support/thorough.ts";

const sizes = { min: 1024, avg: 4096, max: 16384 };
const options = { sizes, digest: "sha512-256" } as const;

/** Workers that take their time, the first ones the most, so that their answers come in another order. */
class Unordered implements Workers {
  readonly size = 3;
  readonly scan: Workers["scan"];
  readonly assemble: Workers["assemble"];
  readonly clone: Workers["clone"];
  readonly verify: Workers["verify"];
  readonly release: Workers["release"];
  readonly flush: Workers["flush"];
  answered: number[] = [];
  readonly #pool: WorkerPool;
  #begun = 0;

  constructor(pool: WorkerPool) {
    this.#pool = pool;
    this.scan = pool.scan.bind(pool);
    this.assemble = pool.assemble.bind(pool);
    this.clone = pool.clone.bind(pool);
    this.verify = pool.verify.bind(pool);
    this.release = pool.release.bind(pool);
    this.flush = () => pool.flush();
  }

  async store(task: Omit<StoreTask, "kind">) {
    const number = this.#begun++;
    const result = await this.#pool.store(task);
    for (let turns = 6 - (number % 6); turns > 0; turns--) {
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    this.answered.push(number);
    return result;
  }
}

function directoryDestination(directory: string) {
  return { kind: "directory", directory, encoding: { form: "plain", level: 3 } } as const;
}

Deno.test("the chunks of an index are in order, in whatever order the workers answer", async () => {
  using dir = tempDir();
  const bytes = new Random(1).bytes(amount(2_000_000, 5_000_000));
  const file = dir.write("file", bytes);
  using pool = new WorkerPool(2);
  const workers = new Unordered(pool);
  const progress = new Progress();
  const destination = directoryDestination(dir.dir("store"));
  const whole = { path: file, start: 0, end: bytes.length };
  const { index, added, addedBytes } = await makeFromFile(whole, workers, {
    ...options,
    destination,
    progress,
  });
  ok(workers.answered.some((number, i) => number !== i), "they answered in another order");
  deepStrictEqual([...index.ends], cutPoints(bytes, sizes));
  for (let i = 0; i < index.count; i++) {
    strictEqual(index.id(i), sha512256(bytes.subarray(index.start(i), index.ends[i])));
  }
  deepStrictEqual([added, addedBytes, progress.done], [index.count, bytes.length, bytes.length]);
  strictEqual(filesIn(destination.directory).length, index.count);
});

Deno.test("the spans of a part of a file are those of that part alone", async () => {
  using dir = tempDir();
  const bytes = new Random(2).bytes(9_000_000);
  const file = dir.write("file", bytes);
  using pool = new WorkerPool(2);
  const usual = { sizes: DEFAULT_CHUNK_SIZES, digest: "sha512-256" } as const;
  for (const [start, end] of [[0, 9_000_000], [4_194_300, 8_388_650], [100, 100], [8_999_999, 9_000_000]]) {
    const lengths: number[] = [];
    for await (
      const { first, spans } of spansOfFile({ path: file, start, end }, usual, pool)
    ) {
      strictEqual(first, lengths.length);
      strictEqual(spans[0].offset, start + lengths.reduce((sum, length) => sum + length, 0));
      lengths.push(...spans.map((span) => span.size));
    }
    let at = 0;
    deepStrictEqual(
      lengths.map((length) => at += length),
      cutPoints(bytes.subarray(start, end), DEFAULT_CHUNK_SIZES),
    );
  }
});

/** Passes everything on, and counts the chunks that were guessed and the spans that had to be hashed all the same. */
function counting(pool: WorkerPool, seen: { guessed: number; stored: number }): Workers {
  return {
    size: pool.size,
    assemble: (task) => pool.assemble(task),
    async scan(task) {
      const result = await pool.scan(task);
      seen.guessed += result.guessed.starts.length;
      return result;
    },
    store(task) {
      seen.stored += task.spans.length;
      return pool.store(task);
    },
    clone: (task) => pool.clone(task),
    verify: (task) => pool.verify(task),
    release: () => pool.release(),
    flush: () => pool.flush(),
  };
}

Deno.test("an index is right, whatever the data, the sizes and the parts, and whatever was guessed", async () => {
  using dir = tempDir();
  const rng = random();
  using pool = new WorkerPool(2);
  const seen = { guessed: 0, stored: 0 };
  const workers = counting(pool, seen);
  let chunks = 0;
  for (let round = 0; round < amount(10, 80); round++) {
    // With a small average there are many candidates, and it takes guesses long to meet the cuts.
    const min = 48 + rng.below(100);
    const sizes = round % 2 === 0 ? randomSizes(rng) : { min, avg: min, max: 10 * min };
    for (const [kind, bytes] of Object.entries(dataOfAllKinds(rng, rng.below(30_000)))) {
      const file = dir.write(`${round}-${kind}`, bytes);
      const start = rng.below(2) * rng.below(bytes.length + 1);
      // Most parts are larger than chunks, some smaller.
      const partBytes = 200 + rng.below(rng.below(2) === 0 ? 2000 : 20_000);
      const about = `${kind}, ${start} to ${bytes.length}, ${JSON.stringify(sizes)}, parts of ${partBytes}`;
      const range = { path: file, start, end: bytes.length };
      const { index } = await makeFromFile(range, workers, { ...options, sizes, partBytes });
      const blob = bytes.subarray(start);
      deepStrictEqual([...index.ends], referenceCuts(blob, sizes), about);
      for (let i = 0; i < index.count; i++) {
        strictEqual(index.id(i), sha512256(blob.subarray(index.start(i), index.ends[i])), `${i}: ${about}`);
      }
      chunks += index.count;
    }
  }
  const right = chunks - seen.stored;
  ok(right > amount(10, 100), `${right} of ${seen.guessed} guesses were right`);
  ok(seen.guessed - right > amount(2, 20), `${seen.guessed - right} of ${seen.guessed} guesses were wrong`);
});

Deno.test("a store gets the chunks that it lacks and no guesses, and those it has are not hashed again", async () => {
  using dir = tempDir();
  const rng = random();
  using pool = new WorkerPool(2);
  const destination = directoryDestination(dir.dir("store"));
  const bytes = rng.bytes(1_000_000);
  const ids = new Set<string>();
  const stored: number[] = [];
  for (let version = 0; version < 3; version++) {
    bytes.set(rng.bytes(5000), 300_000 * version);
    const range = { path: dir.write("file", bytes), start: 0, end: bytes.length };
    const seen = { guessed: 0, stored: 0 };
    const { index, added } = await makeFromFile(range, counting(pool, seen), {
      ...options,
      destination,
      partBytes: 50_000,
    });
    deepStrictEqual([...index.ends], referenceCuts(bytes, sizes));
    const before = ids.size;
    for (let i = 0; i < index.count; i++) {
      const chunk = bytes.subarray(index.start(i), index.ends[i]);
      strictEqual(index.id(i), sha512256(chunk));
      ids.add(index.id(i));
      deepStrictEqual(Deno.readFileSync(join(destination.directory, chunkPath(index.id(i), ""))), chunk);
    }
    strictEqual(added, ids.size - before);
    strictEqual(filesIn(destination.directory).length, ids.size);
    stored.push(seen.stored / index.count);
  }
  strictEqual(stored[0], 1);
  ok(stored[1] < 0.5 && stored[2] < 0.5, `${stored}`);
});

Deno.test("a failing stream, a failing worker and a signal end the making of an index", async () => {
  using dir = tempDir();
  using pool = new WorkerPool(2);
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(100_000));
      controller.error(new TypeError("no more"));
    },
  });
  await rejects(makeFromStream("it", failing, pool, options), /no more/);

  const file = dir.write("file", new Random(3).bytes(100_000));
  const shorter = { path: file, start: 0, end: 200_000 };
  await rejects(makeFromFile(shorter, pool, options), { code: "io", message: /ends at byte 100000/ });
  const missing = { path: dir.path("none"), start: 0, end: 200_000 };
  await rejects(makeFromFile(missing, pool, options), { code: "missing-file", message: /none/ });

  // A store that cannot be made: the stream has more than a group, and then nothing for a long time.
  let silent = false;
  const pausing = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (silent) return new Promise(() => {});
      silent = true;
      controller.enqueue(new Random(4).bytes(10_000_000));
    },
  });
  const destination = directoryDestination(join(file, "store"));
  await rejects(makeFromStream("it", pausing, pool, { ...options, destination }), { message: /store/ });

  const stop = new AbortController();
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: () => new Promise(() => {}),
    cancel: () => void (cancelled = true),
  });
  const { signal } = stop;
  const making = makeFromStream("it", endless, pool, { ...options, signal });
  stop.abort();
  await rejects(making, { code: "interrupted" });
  ok(cancelled, "the stream is told");

  const whole = { path: file, start: 0, end: 100_000 };
  await rejects(makeFromFile(whole, pool, { ...options, signal }), { code: "interrupted" });
});

Deno.test("chopFile and firstDifference count their progress, and stop when aborted", async () => {
  using dir = tempDir();
  const noise = new Random(4);
  const pieces = Array.from({ length: 200 }, () => noise.bytes(500));
  const made = makeBlob(dir, [...pieces, ...pieces]);
  const file = dir.write("file", made.bytes);
  const index = parseIndex(Deno.readFileSync(made.index));
  using pool = new WorkerPool(1);
  const destination = directoryDestination(dir.dir("store"));
  const [chopping, comparing] = [new Progress(), new Progress()];
  strictEqual(await chopFile(file, index.size, index, pool, { destination, progress: chopping }), 200);
  strictEqual(await chopFile(file, index.size, index, pool, { destination }), 0, "they are there");
  strictEqual(
    await firstDifference(index, { path: file, size: index.size }, pool, { progress: comparing }),
    undefined,
  );
  for (const { done, total } of [chopping, comparing]) deepStrictEqual([done, total], [200_000, 200_000]);
  const signal = AbortSignal.abort();
  await rejects(chopFile(file, index.size, index, pool, { destination, signal }), { code: "interrupted" });
  await rejects(firstDifference(index, { path: file, size: index.size }, pool, { signal }), {
    code: "interrupted",
  });
  await rejects(chopFile(file, index.size - 1, index, pool, { destination }), { code: "mismatch" });
});
