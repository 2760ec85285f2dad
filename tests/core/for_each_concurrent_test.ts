import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { forEachConcurrent } from "../../src/core/for_each_concurrent.ts";

const turn = (milliseconds = 1) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

Deno.test("all items are worked on, so many at a time and begun in their order", async () => {
  async function* later() {
    for (const item of numbers(20)) {
      await turn(0);
      yield item;
    }
  }
  const all = numbers(20);
  for (const items of [all, later()]) {
    const begun: number[] = [];
    let inWork = 0;
    let most = 0;
    await forEachConcurrent(items, 3, undefined, async (item) => {
      begun.push(item);
      most = Math.max(most, ++inWork);
      await turn(item % 3);
      inWork--;
    });
    deepStrictEqual(begun, numbers(20));
    ok(most === 3 || (most < 3 && items !== all), `${most} at a time`);
  }
  await forEachConcurrent([], 5, undefined, () => Promise.reject(new Error("there is nothing to do")));
});

Deno.test("after a failure nothing is started, running work is aborted and awaited, and the first failure is thrown", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const told: number[] = [];
  const running = forEachConcurrent(numbers(50), 4, undefined, async (item, signal) => {
    begun.push(item);
    await turn(item === 5 ? 1 : 15);
    if (item === 5) throw new Error("the first");
    await turn(15);
    if (signal.aborted) told.push(item);
    ended.push(item);
    if (signal.aborted) throw new Error("a later one");
  });
  await rejects(running, /the first/);
  deepStrictEqual(begun.filter((item) => item !== 5).sort(), ended.sort(), "waited for");
  ok(told.length > 0);
  ok(begun.length < 12);
  const before = begun.length;
  await turn(40);
  strictEqual(begun.length, before);
});

Deno.test("a sequence that fails is a failure too, and running work is awaited", async () => {
  let ended = false;
  async function* failing() {
    yield 1;
    await turn(5);
    throw new Error("no more");
  }
  await rejects(
    forEachConcurrent(failing(), 2, undefined, async () => {
      await turn(20);
      ended = true;
    }),
    /no more/,
  );
  ok(ended);
});

Deno.test("an interruption stops the work, before it begins and in the middle", async () => {
  const never = () => Promise.reject(new Error("not begun"));
  await rejects(forEachConcurrent([1], 1, AbortSignal.abort(), never), { code: "interrupted" });
  const stop = new AbortController();
  let begun = 0;
  const running = forEachConcurrent(numbers(100), 2, stop.signal, async (_item, signal) => {
    begun++;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    throw new Error("given up");
  });
  await turn();
  stop.abort();
  await rejects(running, { code: "interrupted" });
  strictEqual(begun, 2);
});

Deno.test("the first failure is thrown, also when the sequence fails while it is closed", async () => {
  async function* failing(): AsyncGenerator<number> {
    try {
      yield 1;
      yield 2;
    } finally {
      await Promise.reject(new Error("given up"));
    }
  }
  const work = (): Promise<void> => Promise.reject(new Error("first"));
  await rejects(forEachConcurrent(failing(), 1, undefined, work), /first/);
});

Deno.test("a signal is handled although all work is synchronous", async () => {
  const interrupt = new AbortController();
  const timer = setTimeout(() => interrupt.abort(), 0);
  let done = 0;
  const running = forEachConcurrent(numbers(5_000_000), 2, interrupt.signal, () => {
    done++;
    return Promise.resolve();
  });
  await rejects(running, { code: "interrupted" });
  clearTimeout(timer);
  ok(done < 5_000_000);
});
