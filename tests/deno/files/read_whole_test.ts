import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { readText, readWhole } from "../../../src/deno/files/read_whole.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("a file is read whole, up to the limit", async () => {
  using dir = tempDir();
  const bytes = new Random(1).bytes(600_000);
  const path = dir.write("file", bytes);
  deepStrictEqual(Uint8Array.from(await readWhole(path, "it", 600_000)), Uint8Array.from(bytes));
  await rejects(readWhole(path, "it", 599_999), { code: "io", message: /^Cannot read it: .* 599999 bytes/ });
  await rejects(readWhole(dir.path("none"), "it", 1), {
    code: "missing-file",
    message: "Cannot read it: no such file or directory",
  });
  deepStrictEqual(await readWhole(dir.write("empty", ""), "it", 10), new Uint8Array());
  for (const length of [0, 1, 65_536, 200_000]) {
    strictEqual(readText(dir.write("text", "ä".repeat(length))), "ä".repeat(length));
  }
});

Deno.test({
  name: "what has no size of its own is read whole as well, up to the limit",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    await rejects(readWhole("/dev/zero", "it", 1_000_000), { code: "io", message: /1000000 bytes/ });
    const pipe = dir.path("pipe");
    await run("mkfifo", [pipe]);
    const written = run("sh", ["-c", 'seq 100000 >"$1"', "sh", pipe]);
    const text = new TextDecoder().decode(await readWhole(pipe, "it", 1_000_000));
    await written;
    deepStrictEqual(text.split("\n").length, 100_001);
    throws(() => readText("/dev/zero"), {
      code: "io",
      message: /\/dev\/zero: larger than the limit of \d+ bytes/,
    });
  },
});
