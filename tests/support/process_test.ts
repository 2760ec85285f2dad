import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { kill } from "node:process";
import { exists } from "./exists.ts";
import { run, runAny } from "./process.ts";
import { tempDir } from "./temp.ts";

function evaluate(code: string): string[] {
  return ["eval", `const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)); ${code}`];
}

Deno.test("stdin, environment, directory and exit status reach the program and come back", async () => {
  using dir = tempDir();
  const code =
    `say(await new Response(Deno.stdin.readable).text() + Deno.env.get("WORD") + Deno.cwd()); Deno.exit(7)`;
  const result = await runAny(Deno.execPath(), evaluate(code), {
    stdin: "in ",
    env: { WORD: "word " },
    cwd: dir.root,
  });
  strictEqual(result.stdout, `in word ${dir.root}`);
  strictEqual(result.code, 7);
  deepStrictEqual(result.stdoutBytes, new TextEncoder().encode(result.stdout));
});

Deno.test("a program that does not read its stdin is no failure", async () => {
  const result = await runAny(Deno.execPath(), evaluate(`say("done")`), { stdin: new Uint8Array(5_000_000) });
  strictEqual(result.stdout, "done");
});

Deno.test("a peer's failure shows what it wrote to stderr", async () => {
  await rejects(run(Deno.execPath(), evaluate(`throw new Error("the reason")`)), /status 1:[^]*the reason/);
  await rejects(run(undefined, []), /not installed/);
});

Deno.test("a program that takes too long is killed", async () => {
  using dir = tempDir();
  const path = dir.path("pid");
  const forever = evaluate(
    `Deno.writeTextFileSync(${JSON.stringify(path)}, String(Deno.pid)); setInterval(() => {}, 1000)`,
  );
  // It may be killed before it has begun: then it is given more time.
  for (let timeout = 500; !exists(path) || Deno.readTextFileSync(path) === ""; timeout *= 2) {
    await rejects(
      runAny(Deno.execPath(), forever, { timeout }),
      new RegExp(`did not end within ${timeout} ms`),
    );
  }
  throws(() => kill(Number(Deno.readTextFileSync(path)), 0), { code: "ESRCH" });
});

Deno.test({
  name: "aborting is Ctrl-C",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const code = `Deno.addSignalListener("SIGINT", () => Deno.exit(42)); setInterval(() => {}, 1000);`;
    const result = await runAny(Deno.execPath(), evaluate(code), { signal: AbortSignal.timeout(1500) });
    strictEqual(result.code, 42);
  },
});
