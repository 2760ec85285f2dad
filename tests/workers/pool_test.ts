import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../src/core/errors.ts";
import { verifyDirectory } from "../../src/jobs/verify_directory.ts";
import { WorkerPool } from "../../src/workers/pool.ts";
import { hasEarlyWorker, startWorkerEarly } from "../../src/workers/start_worker.ts";
import { type Made, makeBlob, somePieces } from "../support/made.ts";
import { tempDir } from "../support/temp.ts";

const digest = "sha512-256";

/** How much is done without workers: nothing, or all. */
const modes = [["on workers", 0], ["on the caller's thread", Infinity]] as const;

for (const [where, smallBytes] of modes) {
  Deno.test(`an error ${where} keeps its fields, and the work continues`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    using pool = new WorkerPool(2, smallBytes);
    const prefixes = made.ids.slice(0, 3).map((id) => id.slice(0, 4));
    const none = dir.path("none");
    await rejects(pool.verify({ directory: none, prefixes: ["abcd"], digest, remove: false }), (error) => {
      ok(error instanceof DesyncError);
      strictEqual(error.code, "missing-file");
      ok(error.message.includes(none), error.message);
      return true;
    });
    for (let i = 0; i < 3; i++) {
      const spans = [{ offset: 0, size: 1000 }];
      await rejects(pool.store({ digest, file: none, spans }), (error) => {
        ok(error instanceof DesyncError);
        const { action, subject, reason, cause } = error;
        deepStrictEqual([action, subject, reason], ["read", none, "no such file or directory"]);
        ok(cause instanceof Error && "code" in cause && cause.code === "ENOENT", String(cause));
        return true;
      });
    }
    const result = await pool.verify({ directory: made.store, prefixes, digest, remove: false });
    deepStrictEqual([result.chunks, result.invalid, result.unreadable], [3, [], []]);
  });

  Deno.test(`many tasks ${where} all end, each with its own answer`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    using pool = new WorkerPool(3, smallBytes);
    await checkMany(pool, dir.path("none"), made);
    await pool.release();
  });

  Deno.test(`an unexpected error fails ${where} and does not hang`, async () => {
    using dir = tempDir();
    const { store: directory, ids } = makeBlob(dir, somePieces());
    using pool = new WorkerPool(1, smallBytes);
    const prefixes = [null] as unknown as string[];
    await rejects(pool.verify({ directory, prefixes, digest, remove: false }), DesyncError);
    const unsendable = [() => {}] as unknown as string[];
    await rejects(pool.verify({ directory, prefixes: unsendable, digest, remove: false }));
    const result = await pool.verify({ directory, prefixes: [ids[0].slice(0, 4)], digest, remove: false });
    strictEqual(result.chunks, 1);
  });
}

Deno.test("tasks that together are no longer small go to workers, all with their answers", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  using pool = new WorkerPool(3, 10 * 64 * 1024);
  await checkMany(pool, dir.path("none"), made);
  await checkMany(pool, dir.path("none"), made);
  await pool.release();
});

Deno.test("verifying a directory of many chunks goes to a worker, and is not waited for when interrupted", async () => {
  using dir = tempDir();
  const { store: directory, ids: [id] } = makeBlob(dir, somePieces());
  const [name] = [...Deno.readDirSync(`${directory}/${id.slice(0, 4)}`)].map(({ name }) => name);
  for (let i = 0; i < 2000; i++) {
    const other = `${id.slice(0, 4)}${i.toString(16).padStart(60, "0")}.cacnk`;
    Deno.linkSync(`${directory}/${id.slice(0, 4)}/${name}`, `${directory}/${id.slice(0, 4)}/${other}`);
  }
  using pool = new WorkerPool(1);
  const interruption = new AbortController();
  let found = 0;
  const chunks = { directory, prefixes: [id.slice(0, 4)] };
  const verifying = verifyDirectory(chunks, pool, {
    digest,
    signal: interruption.signal,
    onInvalid: () => found++,
  });
  interruption.abort();
  await rejects(verifying, { code: "interrupted" });
  strictEqual(found, 0);
});

/** Has a directory of the store checked 40 times, every fourth time in a store that is not there. */
async function checkMany(pool: WorkerPool, none: string, made: Made): Promise<void> {
  const prefixes = [made.ids[0].slice(0, 4)];
  const tasks = Array.from({ length: 40 }, (_, i) => {
    const directory = i % 4 === 0 ? none : made.store;
    return pool.verify({ directory, prefixes, digest, remove: false }).then((r) => r.chunks, () => "failed");
  });
  deepStrictEqual(await Promise.all(tasks), tasks.map((_, i) => i % 4 === 0 ? "failed" : 1));
}

Deno.test("a pool has at least one worker, no more than processors, and can be closed without any", () => {
  using pool = new WorkerPool(0);
  strictEqual(pool.size, 1);
  using many = new WorkerPool(10_000);
  strictEqual(many.size, navigator.hardwareConcurrency);
});

Deno.test("a worker that was started early does all of the work, from the first byte on", async () => {
  using dir = tempDir();
  const { store: directory, ids: [id] } = makeBlob(dir, somePieces());
  startWorkerEarly(1_000_000);
  ok(!hasEarlyWorker(), "so little needs none");
  startWorkerEarly(1_000_000_000);
  ok(hasEarlyWorker());
  using pool = new WorkerPool(1);
  const result = await pool.verify({ directory, prefixes: [id.slice(0, 4)], digest, remove: false });
  strictEqual(result.chunks, 1);
  ok(!hasEarlyWorker(), "the pool has taken it");
});
