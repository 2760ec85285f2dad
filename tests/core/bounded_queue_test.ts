import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { BoundedQueue } from "../../src/core/bounded_queue.ts";
import { forEachConcurrent } from "../../src/core/for_each_concurrent.ts";
import { random } from "../support/random.ts";

Deno.test("everything that is added is taken once, in order, by however many", async () => {
  const generator = random();
  for (let turn = 0; turn < 50; turn++) {
    const queue = new BoundedQueue<number>(1 + generator.below(5));
    const count = generator.below(40);
    const adding = (async () => {
      for (let i = 0; i < count; i++) {
        await queue.add(i);
        if (generator.below(3) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      queue.close();
    })();
    const taken: number[] = [];
    const most = 1 + generator.below(4);
    await forEachConcurrent(queue.groups(most), 1 + generator.below(3), undefined, async (group) => {
      strictEqual(group.length > 0 && group.length <= most, true);
      taken.push(...group);
      if (generator.below(3) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    });
    await adding;
    deepStrictEqual(taken, Array.from({ length: count }, (_, i) => i));
  }
});

Deno.test("who adds waits for room", async () => {
  const queue = new BoundedQueue<number>(1);
  await queue.add(1);
  let added = false;
  const second = queue.add(2).then(() => added = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  strictEqual(added, false);
  deepStrictEqual((await queue.groups(5).next()).value, [1]);
  await second;
});

Deno.test("groups are bounded by weight, and hold at least one", async () => {
  const queue = new BoundedQueue<number>(10);
  for (const weight of [3, 3, 3, 9, 1, 1, 1]) await queue.add(weight);
  queue.close();
  const groups: number[][] = [];
  for await (const group of queue.groups(2, 5, (weight) => weight)) groups.push(group);
  deepStrictEqual(groups, [[3], [3], [3], [9], [1, 1], [1]]);
});

Deno.test("a failure ends all waiting, and gives back what was not taken", async () => {
  const full = new BoundedQueue<number>(1);
  await full.add(1);
  const adding = full.add(2);
  const failure = new Error("a failure");
  deepStrictEqual(full.fail(failure), [1]);
  await rejects(adding, failure);
  await rejects(full.add(3), failure);

  const empty = new BoundedQueue<number>(1);
  const taking = empty.groups(1).next();
  empty.fail(failure);
  await rejects(taking, failure);
});
