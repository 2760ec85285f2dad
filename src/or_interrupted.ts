/** Waiting that the user can end. */
import { interrupted } from "./errors.ts";

/**
 * Waits for work that may take for ever, such as input from a person or a pipe that nobody reads, but no longer than
 * until the user wants to stop: throws `interrupted` then, and does not begin it when he does already.
 */
export async function orInterrupted<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
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
