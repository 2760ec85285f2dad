import { ok, strictEqual } from "node:assert/strict";
import { Daemon } from "./daemon.ts";
import { exists } from "../exists.ts";
import { runAny } from "../process.ts";
import { type TempDir, tempDir } from "../temp.ts";

const ignore = Deno.build.os === "windows";

/** A program that leaves a file once it is ready, and another when it is told to end. */
class Witness {
  readonly ready: string;
  readonly stopped: string;
  readonly args: string[];

  constructor(dir: TempDir) {
    this.ready = dir.path("ready");
    this.stopped = dir.path("stopped");
    const script = `trap ': > "$2"; exit' TERM; : > "$1"; while :; do sleep 0.05; done`;
    this.args = ["-c", script, "sh", this.ready, this.stopped];
  }
}

Deno.test({
  name: "a daemon ends with its block",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const witness = new Witness(dir);
    {
      await using daemon = new Daemon("/bin/sh", witness.args);
      ok(await daemon.waitUntil(() => exists(witness.ready)));
      ok(!exists(witness.stopped));
    }
    ok(exists(witness.stopped));
  },
});

Deno.test({
  name: "a daemon that does not want to end is killed",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const ready = dir.path("ready");
    const daemon = new Daemon("/bin/sh", [
      "-c",
      `trap '' TERM; : > "$1"; while :; do sleep 0.05; done`,
      "sh",
      ready,
    ]);
    ok(await daemon.waitUntil(() => exists(ready)));
    await daemon.stop();
    ok(daemon.ended);
  },
});

Deno.test({
  name: "a daemon that ends by itself is noticed",
  ignore,
  fn: async () => {
    await using daemon = new Daemon("false", []);
    strictEqual(await daemon.waitUntil(() => false), false);
  },
});

Deno.test({
  name: "a daemon ends when the test's process is killed",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const witness = new Witness(dir);
    const program = dir.write(
      "program.ts",
      `import { Daemon } from ${JSON.stringify(import.meta.resolve("./daemon.ts"))};
      const daemon = new Daemon("/bin/sh", ${JSON.stringify(witness.args)});
      const exists = (path: string) => { try { return Deno.statSync(path).isFile; } catch { return false; } };
      await daemon.waitUntil(() => exists(${JSON.stringify(witness.ready)}));
      Deno.kill(Deno.pid, "SIGKILL");`,
    );
    strictEqual((await runAny(Deno.execPath(), ["run", "-A", program])).code, 137);
    for (let turn = 0; turn < 100 && !exists(witness.stopped); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    ok(exists(witness.stopped));
  },
});
