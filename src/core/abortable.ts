/** Waiting that a signal can end. */
import { interrupted } from "./errors.ts";

/**
 * Waits for work that may never end, such as input from a person or a pipe without a reader. Throws `interrupted` when the
 * signal says so, without beginning the work when it already does.
 */
export async function abortable<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return await work();
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(interrupted());
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await (signal.aborted ? stopped.promise : Promise.race([work(), stopped.promise]));
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
