import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../src/errors.ts";
import { WorkerPool } from "../../src/workers/pool.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { tempDir } from "../support/temp.ts";

const digest = "sha512-256";

Deno.test("an error in a worker comes back as what it was, and the worker goes on", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  using pool = new WorkerPool(2);
  const prefixes = made.ids.slice(0, 3).map((id) => id.slice(0, 4));
  const none = dir.path("none");
  await rejects(pool.verify({ folder: none, prefixes: ["abcd"], digest, remove: false }), (error) => {
    ok(error instanceof DesyncError);
    strictEqual(error.code, "missing-file");
    ok(error.message.includes(none), error.message);
    return true;
  });
  const result = await pool.verify({ folder: made.store, prefixes, digest, remove: false });
  deepStrictEqual([result.chunks, result.invalid, result.unreadable], [3, [], []]);
});

Deno.test("more tasks than workers all end, each with its own answer", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  using pool = new WorkerPool(3);
  const prefix = made.ids[0].slice(0, 4);
  const tasks = Array.from({ length: 40 }, (_, i) => {
    const folder = i % 4 === 0 ? dir.path("none") : made.store;
    return pool.verify({ folder, prefixes: [prefix], digest, remove: false }).then(
      (r) => r.chunks,
      () => "failed",
    );
  });
  deepStrictEqual(await Promise.all(tasks), tasks.map((_, i) => i % 4 === 0 ? "failed" : 1));
  await pool.release();
});

Deno.test("a task that a worker cannot even be sent, or that breaks it, fails and does not hang", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  using pool = new WorkerPool(1);
  const folder = made.store;
  const prefixes = null as unknown as string[]; // a fault of the program
  await rejects(pool.verify({ folder, prefixes, digest, remove: false }), DesyncError);
  const unsendable = [() => {}] as unknown as string[];
  await rejects(pool.verify({ folder, prefixes: unsendable, digest, remove: false }));
  const result = await pool.verify({ folder, prefixes: [made.ids[0].slice(0, 4)], digest, remove: false });
  strictEqual(result.chunks, 1);
});

Deno.test("a pool has at least one worker, no more than processors, and can be closed without any", () => {
  using pool = new WorkerPool(0);
  strictEqual(pool.size, 1);
  using many = new WorkerPool(10_000);
  strictEqual(many.size, navigator.hardwareConcurrency);
});
