/** Waiting that the user can end. */
import { DesyncError } from "../errors.ts";

/**
 * Waits for what may take for ever, such as input from a person or a pipe that nobody reads, but no longer than until
 * the user wants to stop: throws `interrupted` then.
 */
export async function orInterrupted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  const interrupted = Promise.withResolvers<never>();
  const interrupt = () => interrupted.reject(new DesyncError("interrupted", "Interrupted"));
  if (signal?.aborted) interrupt();
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    return await Promise.race([work, interrupted.promise]);
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}
