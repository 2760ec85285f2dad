import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { AccessLog, combinedLine, jsonLine, logFile } from "../../../src/deno/server/access_log.ts";
import type { Answered } from "../../../src/deno/server/exchange.ts";
import { tempDir } from "../../support/temp.ts";

const answered: Answered = {
  client: "192.0.2.1",
  method: "GET",
  path: "/abcd/x.cacnk",
  protocol: "HTTP/1.1",
  status: 200,
  sentBytes: 12,
  milliseconds: 1.25,
  agent: 'a "b" \x1b[31m\nc',
  complete: true,
};
const at = new Date("2024-02-03T04:05:06.789Z");

Deno.test("a line in the combined format", () => {
  strictEqual(
    combinedLine(answered, at),
    '192.0.2.1 - - [03/Feb/2024:04:05:06 +0000] "GET /abcd/x.cacnk HTTP/1.1" 200 12 "-" "a \\"b\\" [31m c"',
  );
  match(combinedLine({ ...answered, client: "", agent: "" }, at), /^- - - .* "-" "-"$/);
});

Deno.test("a line of JSON", () => {
  deepStrictEqual(JSON.parse(jsonLine(answered, at)), {
    time: "2024-02-03T04:05:06.789Z",
    client: "192.0.2.1",
    method: "GET",
    path: "/abcd/x.cacnk",
    protocol: "HTTP/1.1",
    status: 200,
    bytes: 12,
    seconds: 0.00125,
    agent: 'a "b" [31m c',
    complete: true,
  });
});

Deno.test("lines go to the end of a file, and to a new one when the old one was moved", async () => {
  using dir = tempDir();
  const path = dir.write("log", "before\n");
  {
    await using log = new AccessLog(logFile(path), "combined", (problem) => {
      throw problem;
    });
    log.add(answered);
    Deno.renameSync(path, dir.path("old"));
    log.add(answered);
    log.reopen();
    log.add(answered);
  }
  match(Deno.readTextFileSync(dir.path("old")), /^before\n(192.*\n){2}$/);
  match(Deno.readTextFileSync(path), /^192.*\n$/);
});

Deno.test("a log that cannot be written is reported once, and again after it worked", async () => {
  const problems: unknown[] = [];
  let full = true;
  const output = {
    write: () => {
      if (full) throw new Error("full");
    },
    reopen: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const log = new AccessLog(output, "json", (problem) => problems.push(problem));
  const large = { ...answered, path: "x".repeat(400), agent: "y".repeat(400) };
  const many = () => {
    for (let i = 0; i < 400; i++) log.add(large);
  };
  many();
  strictEqual(problems.length, 1);
  full = false;
  many();
  full = true;
  many();
  await log[Symbol.asyncDispose]();
  strictEqual(problems.length, 2);
  using dir = tempDir();
  throws(() => logFile(`${dir.root}/none/log`), /Cannot write the log \S+: no such file or directory/);
});

Deno.test({
  name: "what cannot be written says which log it is",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using log = logFile("/dev/full");
    throws(() => log.write("line\n"), /Cannot write the log \/dev\/full: no space left on the device/);
  },
});
