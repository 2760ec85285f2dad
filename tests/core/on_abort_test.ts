import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { getEventListeners } from "node:events";
import { onAbort } from "../../src/core/on_abort.ts";

Deno.test("all that wait for a signal share one listener, and are called in order", () => {
  const controller = new AbortController();
  const called: number[] = [];
  const forget = Array.from({ length: 20 }, (_, i) => onAbort(controller.signal, () => called.push(i)));
  strictEqual(getEventListeners(controller.signal, "abort").length, 1);
  for (const [i, over] of forget.entries()) if (i % 2 === 0) over();
  controller.abort();
  deepStrictEqual(called, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  for (const over of forget) over();
});

Deno.test("the listener goes with the last that waits, and comes back with the next", () => {
  const controller = new AbortController();
  let called = 0;
  const wait = () => onAbort(controller.signal, () => called++);
  const [one, other] = [wait(), wait()];
  one();
  one();
  strictEqual(getEventListeners(controller.signal, "abort").length, 1);
  other();
  strictEqual(getEventListeners(controller.signal, "abort").length, 0);
  wait();
  one();
  controller.abort();
  strictEqual(called, 1);
});

Deno.test("what is called may begin to wait again, or end another's wait", () => {
  const controller = new AbortController();
  const called: string[] = [];
  onAbort(controller.signal, () => {
    second();
    onAbort(controller.signal, () => called.push("late"));
    called.push("first");
  });
  const second = onAbort(controller.signal, () => called.push("second"));
  controller.abort();
  deepStrictEqual(called, ["late", "first"]);
});

Deno.test("a signal that is aborted already calls at once, none never", () => {
  let called = 0;
  onAbort(AbortSignal.abort(), () => called++)();
  onAbort(undefined, () => called++)();
  strictEqual(called, 1);
});
