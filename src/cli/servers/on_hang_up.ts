/** What servers do on SIGHUP. */
import { messageOf } from "../../core/errors.ts";
import { warn } from "../output/output.ts";

/**
 * Does all that SIGHUP asks for, one time after the other, until it is disposed: that waits for the action that runs, and
 * omits the others. What fails is reported.
 */
export function onHangUp(actions: readonly (() => unknown)[]): AsyncDisposable {
  // There it is the end of the console.
  if (Deno.build.os === "windows") return { [Symbol.asyncDispose]: () => Promise.resolve() };
  let running: Promise<void> = Promise.resolve();
  let isOver = false;
  const act = async () => {
    for (const action of actions) {
      if (isOver) return;
      try {
        await action();
      } catch (error) {
        // A server that stops aborts what is read.
        if (!isOver) warn(`${messageOf(error)} (continuing as before)`);
      }
    }
  };
  const listener = () => {
    running = running.then(act);
  };
  Deno.addSignalListener("SIGHUP", listener);
  return {
    [Symbol.asyncDispose]: () => {
      isOver = true;
      Deno.removeSignalListener("SIGHUP", listener);
      return running;
    },
  };
}
