/** A loop over a sequence with several items at a time. */
import { interrupted } from "./errors.ts";
import { onAbort } from "./on_abort.ts";
import { Yielder } from "./yielder.ts";

type Items<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Runs `work` on the items, up to `most` of them at a time, begun in their order. After a failure, or when `signal` says so,
 * no further item is begun, those that were begun are waited for, and the first failure is thrown. `work`, and whatever gives
 * the items where that may take its time, get a signal to give up.
 */
export async function forEachConcurrent<T>(
  items: Items<T> | ((signal: AbortSignal) => Items<T>),
  most: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const given = typeof items === "function" ? items(stop.signal) : items;
  const iterator = Symbol.asyncIterator in given ? given[Symbol.asyncIterator]() : given[Symbol.iterator]();
  const yielder = new Yielder();
  const failures: unknown[] = [];
  const fail = (error: unknown) => {
    failures.push(error);
    stop.abort();
  };
  const over = onAbort(signal, () => fail(interrupted()));

  const loop = async () => {
    try {
      while (!stop.signal.aborted) {
        const next = await iterator.next();
        if (next.done || stop.signal.aborted) return;
        await work(next.value, stop.signal);
        // Work that waits for nothing would keep a signal from being heard.
        if (yielder.isDue) await yielder.yieldNow();
      }
    } catch (error) {
      fail(error);
    }
  };
  await Promise.all(Array.from({ length: most }, loop));
  over();
  // A sequence that was not read to its end may hold a stream or work that it began.
  try {
    await iterator.return?.();
  } catch (error) {
    fail(error);
  }
  if (failures.length > 0) throw failures[0];
}
