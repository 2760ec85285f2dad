/** What SIGHUP begins, when it is disposed meanwhile. */
import { deepStrictEqual } from "node:assert/strict";
import { onHangUp } from "../../../src/cli/servers/on_hang_up.ts";

Deno.test({
  name: "a reload that runs when the server stops is waited for, and nothing follows it",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const [started, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const done: string[] = [];
    const hangUp = onHangUp([
      async () => {
        started.resolve();
        await goOn.promise;
        done.push("the first");
      },
      () => done.push("the second"),
    ]);
    // Waiting for a signal alone does not keep a program running.
    const alive = setInterval(() => {}, 1000);
    Deno.kill(Deno.pid, "SIGHUP");
    await started.promise;
    clearInterval(alive);
    const stopped = hangUp[Symbol.asyncDispose]().then(() => done.push("stopped"));
    await new Promise((resolve) => setTimeout(resolve));
    goOn.resolve();
    await stopped;
    deepStrictEqual(done, ["the first", "stopped"]);
  },
});
