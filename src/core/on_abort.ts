/**
 * What happens when a signal is aborted. Many requests at a time may wait for the same one: it gets one listener for all,
 * since node takes more than ten for a leak and prints a warning.
 */
import { TurnoverMap } from "./turnover_map.ts";

interface Waiting {
  readonly stop: () => void;
}

/** What waits for each signal, in order. */
const waiting = new WeakMap<AbortSignal, TurnoverMap<Waiting, Waiting>>();

/** Calls `stop` when the signal is aborted: at once if it is already, and not after the returned function was called. */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    stop();
    return () => {};
  }
  const others = waiting.get(signal) ?? listenTo(signal);
  const own = { stop };
  others.set(own, own);
  return () => {
    if (!others.delete(own) || others.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", stopAll);
  };
}

function listenTo(signal: AbortSignal): TurnoverMap<Waiting, Waiting> {
  const all = new TurnoverMap<Waiting, Waiting>();
  waiting.set(signal, all);
  signal.addEventListener("abort", stopAll, { once: true });
  return all;
}

function stopAll(this: AbortSignal): void {
  const all = waiting.get(this);
  waiting.delete(this);
  for (const own of all?.values() ?? []) {
    // One that stops may end the waiting of others.
    if (all?.has(own)) own.stop();
  }
}
