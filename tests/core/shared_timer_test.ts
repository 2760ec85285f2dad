import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { SharedTimer, type Waiter } from "../../src/core/shared_timer.ts";
import { random } from "../support/random.ts";

/** Waits in all for `times` times so long. `rung` gets when it was due, and when it rang. */
function waiting(timer: SharedTimer, milliseconds: number, times: number, rung: number[][]): Waiter {
  const waiter: Waiter = {
    due: performance.now() + milliseconds,
    ring(now) {
      rung.push([waiter.due, now]);
      waiter.due = now + milliseconds;
      if (--times > 0) timer.add(waiter);
    },
  };
  timer.add(waiter);
  return waiter;
}

Deno.test("each rings once when it is due, never before; what was deleted does not; nothing stays behind", async () => {
  const timer = new SharedTimer();
  const rng = random();
  const expected: number[] = [];
  const rung: number[][][] = [];
  for (let i = 0; i < 200; i++) {
    const [times, own]: [number, number[][]] = [1 + rng.below(3), []];
    const waiter = waiting(timer, rng.below(60), times, own);
    const isDeleted = rng.below(3) === 0;
    if (isDeleted) timer.delete(waiter);
    rung.push(own);
    expected.push(isDeleted ? 0 : times);
  }
  const isOver = () => rung.every((own, i) => own.length >= expected[i]);
  while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 5));
  deepStrictEqual(rung.map(({ length }) => length), expected);
  ok(rung.flat().every(([due, now]) => due <= now));
});

Deno.test("one that rings may delete others that are due as well, and add more", async () => {
  const timer = new SharedTimer();
  const names: string[] = [];
  const due = performance.now() + 5;
  const other: Waiter = { due, ring: () => void names.push("other") };
  const last = Promise.withResolvers<void>();
  const more: Waiter = {
    due,
    ring: () => {
      names.push("more");
      last.resolve();
    },
  };
  const first: Waiter = {
    due,
    ring: () => {
      names.push("first");
      timer.delete(other);
      timer.add(more);
    },
  };
  timer.add(first);
  timer.add(other);
  await last.promise;
  strictEqual(names.join(), "first,more");
});
