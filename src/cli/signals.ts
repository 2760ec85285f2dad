/** Ctrl-C and its like: the first asks the command to stop cleanly, the second ends the program at once. */
import { processStatus } from "../deno/system/permitted.ts";
import { INTERRUPTED } from "./exit_status.ts";
import { printError, warn } from "./output/output.ts";

/** Aborts `signal` when the user wants to stop. */
interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

/** Listens until it is disposed. `stopsOnHangUp` is false for a command to which SIGHUP means something else. */
export function onInterrupt(stopsOnHangUp: boolean): Interrupt {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) Deno.exit(INTERRUPTED);
    // Behind the ^C that the terminal shows.
    if (Deno.stderr.isTerminal()) printError("\n");
    warn("stopping");
    controller.abort();
  };
  // Whatever is listened to, Deno no longer ignores SIGHUP: without a listener of its own it would end the program.
  // On Windows it is the end of the console, to every command.
  const reloads = !stopsOnHangUp && Deno.build.os !== "windows";
  const hangUp = reloads || ignoresHangUp() ? () => {} : interrupt;
  const listeners = stopSignals(Deno.build.os).map((name) =>
    [name, name === "SIGHUP" ? hangUp : interrupt] as const
  );
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}

/** The signals that ask a program to stop. On Windows Ctrl-Break, and SIGHUP where the console's window is closed. */
export function stopSignals(os: typeof Deno.build.os): readonly Deno.Signal[] {
  return os === "windows" ? ["SIGINT", "SIGBREAK", "SIGHUP"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

/** Whether the caller of the program wants it to survive the end of the terminal, as nohup does. Only Linux says so. */
function ignoresHangUp(): boolean {
  const [, lowest] = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(processStatus()) ?? [];
  return lowest !== undefined && (parseInt(lowest, 16) & 1) !== 0;
}
