import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { ChunkId } from "../../../src/core/chunk.ts";
import { DesyncError } from "../../../src/core/errors.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { retrying, retryStore } from "../../../src/stores/wrappers/retry.ts";
import { wrapStore } from "../../../src/stores/wrappers/wrap.ts";

const passing = () => new DesyncError("store", { reason: "busy", retriable: true });
const lasting = () => new DesyncError("store", { reason: "forbidden" });

/** Fails with these errors one after the other, then succeeds. */
function attempts(...errors: unknown[]): { count: number; attempt: () => Promise<string> } {
  const made = {
    count: 0,
    attempt: () => {
      const error = errors[made.count++];
      return error === undefined ? Promise.resolve("done") : Promise.reject(error);
    },
  };
  return made;
}

const quick = { retries: 3, baseIntervalMs: 1 };

Deno.test("retriable errors are retried, as often as allowed", async () => {
  const made = attempts(passing(), passing(), passing());
  strictEqual(await retrying(quick, undefined, made.attempt), "done");
  strictEqual(made.count, 4);
  const more = attempts(passing(), passing(), passing(), passing());
  await rejects(retrying(quick, undefined, more.attempt), { code: "store", message: "busy (tried 4 times)" });
  strictEqual(more.count, 4);
  const once = attempts(passing());
  await rejects(retrying({ ...quick, retries: 0 }, undefined, once.attempt), { message: "busy" });
  strictEqual(once.count, 1);
});

Deno.test("a try that came further counts as the first", async () => {
  const made = attempts(...Array.from({ length: 9 }, passing));
  const cameFurther = () => made.count === 2 || made.count === 4;
  await rejects(retrying(quick, undefined, made.attempt, cameFurther), { message: "busy (tried 4 times)" });
  strictEqual(made.count, 7);
});

Deno.test("other errors are not retried", async () => {
  for (const error of [lasting(), new TypeError("a fault of the program")]) {
    const made = attempts(error);
    await rejects(retrying(quick, undefined, made.attempt), error);
    strictEqual(made.count, 1);
  }
});

/** All that promises bring about at once has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("the waits grow", async () => {
  const events: string[] = [];
  const made = attempts(passing(), passing(), passing());
  await retrying({ retries: 3, baseIntervalMs: 40 }, undefined, () => {
    events.push(`try ${made.count}`);
    // Timers end in the order in which they are due, however late.
    const shorter = 40 * (made.count + 1) - 20;
    if (made.count < 3) setTimeout(() => events.push(`${shorter} ms`), shorter);
    return made.attempt();
  });
  deepStrictEqual(events, ["try 0", "20 ms", "try 1", "60 ms", "try 2", "100 ms", "try 3"]);
});

Deno.test("Retry-After is respected, for a minute at most", async () => {
  const waits: number[] = [];
  const wait = globalThis.setTimeout;
  using _restored = { [Symbol.dispose]: () => void (globalThis.setTimeout = wait) };
  const errors = [10, 200, 86_400_000].map((retryAfterMs) =>
    new DesyncError("store", { reason: "busy", retriable: true, retryAfterMs })
  );
  const made = attempts(...errors);
  globalThis.setTimeout = ((done: () => void, milliseconds: number) => {
    waits.push(milliseconds);
    return wait(done, 0);
  }) as typeof wait;
  strictEqual(await retrying({ retries: 3, baseIntervalMs: 40 }, undefined, made.attempt), "done");
  const [first, ...others] = waits;
  ok(first >= 40 && first < 80, `${first}`);
  deepStrictEqual(others, [200, 60_000]);
});

Deno.test("a wait ends at once when it is aborted", async () => {
  const stop = new AbortController();
  const made = attempts(passing());
  let ended = false;
  const trying = retrying({ retries: 1, baseIntervalMs: 60_000 }, stop.signal, made.attempt)
    .finally(() => ended = true);
  const failed = rejects(trying, { code: "interrupted" });
  await settled();
  strictEqual(ended, false);
  stop.abort();
  await settled();
  strictEqual(ended, true);
  await failed;
  strictEqual(made.count, 1);
});

/** A store that refuses one chunk so often, asked for it while it answers others or not; and the number of its refusals. */
async function askRefused(most: number, others: boolean): Promise<{ error: unknown; refusals: number }> {
  const [busy, other] = ["a", "b"].map((digit) => digit.repeat(64) as ChunkId);
  let refusals = 0;
  const refusing = wrapStore(new MemoryStore(), (send, { id }) => {
    if (id !== busy || refusals === most) return send();
    refusals++;
    return Promise.reject(new DesyncError("store", { reason: "busy", retriable: true, retryAfterMs: 0 }));
  });
  const store = retryStore(refusing, { retries: 2, baseIntervalMs: 1 });
  let isOver = false;
  const asked = store.get(busy).then(() => undefined, (error) => error).finally(() => isOver = true);
  while (others && !isOver) {
    await store.get(other);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { error: await asked, refusals };
}

Deno.test("a store that wants fewer requests is asked on as long as it answers others, but not forever", async () => {
  deepStrictEqual(await askRefused(10, true), { error: undefined, refusals: 10 });
  const alone = await askRefused(10, false);
  deepStrictEqual([alone.error instanceof DesyncError, alone.refusals], [true, 3]);
  const never = await askRefused(Infinity, true);
  ok(never.error instanceof DesyncError);
  ok(never.refusals > 20 && never.refusals < 40, `${never.refusals}`);
});
