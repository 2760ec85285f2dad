import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { mapInOrder } from "../../src/core/map_in_order.ts";

/** All that it gives. */
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

Deno.test("results come in the order of the items, with no more of them at a time than were allowed", async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await sleep(item % 3);
    running--;
    return 2 * item;
  };
  const items = Array.from({ length: 20 }, (_, i) => i);
  deepStrictEqual(await collect(mapInOrder(items, 4, undefined, work)), items.map((item) => 2 * item));
  ok(most > 1 && most <= 4, String(most));
  deepStrictEqual(await collect(mapInOrder([], 4, undefined, work)), []);
});

Deno.test("a failure and an interruption end when all that was begun has ended", async () => {
  let running = 0;
  const work = async (item: number) => {
    running++;
    await sleep(2 * item);
    running--;
    if (item === 1) throw new Error("the second");
    return item;
  };
  await rejects(collect(mapInOrder([0, 1, 2, 3], 3, undefined, work)), /the second/);
  strictEqual(running, 0);
  const stop = new AbortController();
  stop.abort();
  await rejects(collect(mapInOrder([5, 6, 7], 2, stop.signal, work)), { code: "interrupted" });
  strictEqual(running, 0);
});
