/** Ctrl-C and its like: the first asks the command to stop cleanly, the second ends the program at once. */
import { DesyncError } from "../errors.ts";
import { INTERRUPTED } from "./exit_status.ts";
import { printError } from "./output.ts";

/** Aborts `signal` when the user wants to stop. */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

/** Listens until it is disposed. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM", "SIGHUP"];
  const listener = () => {
    if (controller.signal.aborted) Deno.exit(INTERRUPTED);
    printError("\ndesync: stopping\n");
    controller.abort();
  };
  for (const name of signals) Deno.addSignalListener(name, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of signals) Deno.removeSignalListener(name, listener);
    },
  };
}

/**
 * Waits for what may take for ever, such as input from a person or a pipe that nobody reads, but no longer than until
 * the user wants to stop: throws `interrupted` then.
 */
export async function orInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const interrupted = Promise.withResolvers<never>();
  const interrupt = () => interrupted.reject(new DesyncError("interrupted", "Interrupted"));
  if (signal.aborted) interrupt();
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await Promise.race([work, interrupted.promise]);
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
