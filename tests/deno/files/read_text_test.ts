/** Small texts out of pipes. */
import { strictEqual, throws } from "node:assert/strict";
import { readText } from "../../../src/deno/files/read_whole.ts";
import { run } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test({
  name: "a text comes out of a named pipe, but one that nobody writes is not waited for without end",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const pipe = dir.path("pipe");
    await run("mkfifo", [pipe]);
    const script = 'exec >"$1"; sleep 0.1; echo one; sleep 0.1; echo two';
    const writer = new Deno.Command("sh", { args: ["-c", script, "sh", pipe], stdout: "null" }).spawn();
    strictEqual(readText(pipe), "one\ntwo\n");
    strictEqual((await writer.status).code, 0);
    throws(() => readText(pipe, 100), /no program writes to this named pipe/);
    strictEqual(readText("/dev/null"), "");
  },
});
