import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../src/errors.ts";
import { retrying } from "../../src/stores/retry.ts";

const passing = () => new DesyncError("store", "busy", { retriable: true });
const lasting = () => new DesyncError("store", "forbidden");

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

Deno.test("what fails in passing is tried again, as often as allowed", async () => {
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

Deno.test("what lasts, and what is no error of a store, is not tried again", async () => {
  for (const error of [lasting(), new TypeError("a fault of the program")]) {
    const made = attempts(error);
    await rejects(retrying(quick, undefined, made.attempt), error);
    strictEqual(made.count, 1);
  }
});

Deno.test("the waits grow", async () => {
  const times: number[] = [];
  const made = attempts(passing(), passing(), passing());
  await retrying({ retries: 3, baseIntervalMs: 40 }, undefined, () => {
    times.push(performance.now());
    return made.attempt();
  });
  const waits = times.slice(1).map((time, i) => time - times[i]);
  // Timers are never early by more than a millisecond; how late they are says nothing.
  deepStrictEqual(waits.map((wait, i) => wait >= 40 * (i + 1) - 2), [true, true, true], waits.join(" "));
});

Deno.test("a wait ends at once when it is given up", async () => {
  const stop = new AbortController();
  const made = attempts(passing());
  const start = performance.now();
  const trying = retrying({ retries: 1, baseIntervalMs: 60_000 }, stop.signal, made.attempt);
  setTimeout(() => stop.abort(), 10);
  await rejects(trying, { code: "interrupted" });
  ok(performance.now() - start < 30_000);
  strictEqual(made.count, 1);
});
