/** Messages are for people: code looks at an error's code and fields. */
import { deepStrictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesIn } from "./support/files.ts";
import { repository } from "./support/process.ts";

/** Where the message of an error is read. */
const READ = /\.message\b|[{,] message\b[^:;]*\} (?:=|of\b)|\(\{ message\b/;
const READERS = [
  "cli/main.ts", // what has no stack, for --verbose
  "cli/servers/server_workers.ts", // of an event
  "core/errors.ts", // has messageOf, and sends errors to other threads
  "workers/pool.ts", // of an event
];

/** Where what `messageOf` gives is kept or looked into, not only passed on. */
const LOOKED_INTO =
  /(?:const|let) \w+ = [^;{(]*\bmessageOf\(|\bmessageOf\([^()]*\)\)?\??\.\w|\.(?:test|exec)\(messageOf\(/;
/** Errors of others, which have no code for it. */
const OF_OTHERS = [
  "cli/configuration/configuration.ts", // the place that JSON.parse names
  "cli/inputs/json_list.ts", // JSON.parse, cut
  "deno/net/certificates.ts", // Deno's TLS
  "deno/net/http_fetch.ts", // fetch
  "deno/ssh/ssh_builtin.ts", // ssh2
  "stores/http/http_errors.ts", // fetch
];

/** Files of the source in which the pattern is, comments left out. */
function filesWith(pattern: RegExp): string[] {
  const root = join(repository, "src");
  return filesIn(root).filter((name) => {
    if (!name.endsWith(".ts")) return false;
    const text = readFileSync(join(root, name), "utf8").replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
    return pattern.test(text);
  });
}

Deno.test("no code reads the message of an error", () => {
  deepStrictEqual(filesWith(READ), READERS);
});

Deno.test("no code looks into a message, except of what others throw", () => {
  deepStrictEqual(filesWith(LOOKED_INTO), OF_OTHERS);
});

Deno.test("the patterns find such code", () => {
  for (
    const code of [
      'if (error.message.startsWith("Cannot ")) throw error;',
      "const { message } = error;",
      "const { code, message } = error;",
      "for (const { message } of damage) print(message);",
      "catch(({ message }) => print(message))",
    ]
  ) {
    deepStrictEqual([READ.test(code), code], [true, code]);
  }
  for (
    const code of [
      'if (messageOf(error).endsWith(": it is an index")) return;',
      "if (/Cannot /.test(messageOf(error))) return;",
      "const text = messageOf(error);",
      "const text = known ? messageOf(error) : undefined;",
    ]
  ) {
    deepStrictEqual([LOOKED_INTO.test(code), code], [true, code]);
  }
});
