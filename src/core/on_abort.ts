/**
 * What happens when a signal is aborted. Many requests at a time may wait for the same one: it gets one listener for all,
 * since node takes more than ten for a leak and prints a warning.
 */

interface Waiting {
  readonly stop: () => void;
}

/** What waits for each signal, in order. */
const waiting = new WeakMap<AbortSignal, Set<Waiting>>();

/** Calls `stop` when the signal is aborted: at once if it is already, and not after the returned function was called. */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    stop();
    return () => {};
  }
  const others = waiting.get(signal) ?? listenTo(signal);
  const own = { stop };
  others.add(own);
  return () => {
    if (!others.delete(own) || others.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", stopAll);
  };
}

function listenTo(signal: AbortSignal): Set<Waiting> {
  const all = new Set<Waiting>();
  waiting.set(signal, all);
  signal.addEventListener("abort", stopAll, { once: true });
  return all;
}

function stopAll(this: AbortSignal): void {
  const all = waiting.get(this) ?? [];
  waiting.delete(this);
  for (const { stop } of all) stop();
}
