/** Several asynchronous loops over one sequence, that end together. */
import { DesyncError } from "../errors.ts";

/**
 * Runs `work` on the items, `lanes` of them at a time and in order of their start. After a failure, or when `signal`
 * says so, no further item is begun, those under way are waited for, and the first failure is thrown. `work` gets a
 * signal that tells it to give up.
 */
export async function inLanes<T>(
  items: Iterable<T> | AsyncIterable<T>,
  lanes: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const stop = new AbortController();
  const failures: unknown[] = [];
  const fail = (error: unknown) => {
    failures.push(error);
    stop.abort();
  };
  const interrupt = () => fail(new DesyncError("interrupted", "Interrupted"));
  if (signal?.aborted) interrupt();
  signal?.addEventListener("abort", interrupt, { once: true });

  const lane = async () => {
    try {
      while (!stop.signal.aborted) {
        const next = await iterator.next();
        if (next.done || stop.signal.aborted) return;
        await work(next.value, stop.signal);
      }
    } catch (error) {
      fail(error);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  signal?.removeEventListener("abort", interrupt);
  // A sequence that was not read to its end may hold a stream or work that it began.
  try {
    await iterator.return?.();
  } catch (error) {
    fail(error);
  }
  if (failures.length > 0) throw failures[0];
}
