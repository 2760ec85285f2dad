/** Waiting that a signal can end. */
import { interrupted } from "./errors.ts";
import { onAbort } from "./on_abort.ts";

/**
 * Waits for work that may never end, such as input from a person or a pipe without a reader. Throws `interrupted` when the
 * signal says so, without beginning the work when it already does.
 */
export async function abortable<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return await work();
  const stopped = Promise.withResolvers<never>();
  const over = onAbort(signal, () => stopped.reject(interrupted()));
  try {
    return await (signal.aborted ? stopped.promise : Promise.race([work(), stopped.promise]));
  } finally {
    over();
  }
}
