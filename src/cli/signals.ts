/** Ctrl-C and its like: the first asks the command to stop cleanly, the second ends the program at once. */
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
