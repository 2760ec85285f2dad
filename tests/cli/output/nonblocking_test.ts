/** Standard output and input that do not wait, as some parents hand them down: all bytes all the same. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { concat } from "../../../src/core/bytes.ts";
import { encodeMessage, MessageDecoder } from "../../../src/formats/protocol.ts";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { indexBytes, sha512256Flags } from "../../support/data/index_bytes.ts";
import { type Made, makeBlob, stored } from "../../support/made.ts";
import { repository, runAny } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { pairs, share } from "../../support/thorough.ts";

const linux = Deno.build.os === "linux";
const relay = join(repository, "tests/support/programs/nonblocking_relay.ts");

/** Runs the command line behind such a pipe or socket. */
function through(kind: string, direction: "in" | "out", args: string[], stdin?: Uint8Array) {
  return runAny(Deno.execPath(), ["run", "-A", relay, kind, direction, ...cliCommand, ...args], { stdin });
}

/** Much more than a pipe or socket holds, with line ends, at which Deno's own standard output writes. */
const pieces = (() => {
  const noise = new Random(6);
  return Array.from({ length: 30 }, () => noise.bytes(50_000));
})();

/** Commands that write much, and what they write in the usual way. */
const writers: [name: string, words: (made: Made, dir: TempDir) => string[]][] = [
  ["cat", ({ store, index }) => ["cat", "-s", store, index]],
  ["tar", (_, dir) => ["tar", "-", dir.path("tree")]],
  ["list-chunks", (_, dir) => ["list-chunks", dir.path("many.caibx")]],
];

const kinds = ["pipe", "socket"];

for (const [kind, [name, words]] of pairs(kinds, writers)) {
  Deno.test({
    name: `${name} writes all to a ${kind} that does not wait`,
    ignore: !linux,
    fn: async () => {
      using dir = tempDir();
      const made = makeBlob(dir, pieces);
      dir.write("tree/file", made.bytes);
      const items = Array.from(
        { length: 20_000 },
        (_, i) => ({ end: i + 1, id: made.ids[i % made.ids.length] }),
      );
      dir.write("many.caibx", indexBytes({ flags: sha512256Flags, min: 1, avg: 1, max: 1, items }));
      const usual = await runCli(words(made, dir));
      ok(usual.stdoutBytes.length > 1_000_000);
      const result = await through(kind, "out", words(made, dir));
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      sameBytes(result.stdoutBytes, usual.stdoutBytes);
    },
  });
}

for (const [turn, kind] of kinds.entries()) {
  Deno.test({
    name: `pull serves all over a ${kind} that does not wait`,
    ignore: !linux,
    fn: async () => {
      using dir = tempDir();
      const made = makeBlob(dir, pieces);
      const asked = concat([
        encodeMessage({ type: "hello", flags: 0x40n }),
        ...made.ids.map((id) => encodeMessage({ type: "request", highPriority: false, ids: [id] })),
        encodeMessage({ type: "goodbye" }),
      ]);
      for (const direction of share(["out", "in"] as const, 1, turn)) {
        const result = await through(kind, direction, ["pull", "-", "-", "-", made.store], asked);
        deepStrictEqual([result.code, result.stderr], [0, ""]);
        const decoder = new MessageDecoder();
        decoder.push(result.stdoutBytes);
        strictEqual(decoder.next()?.type, "hello");
        for (const piece of pieces) {
          const message = decoder.next();
          if (message?.type !== "chunk") throw new Error(`${message?.type} instead of a chunk`);
          sameBytes(message.bytes, stored(piece, "zstd"));
        }
        strictEqual(decoder.next()?.type, "goodbye");
        strictEqual(decoder.pending, 0);
      }
    },
  });

  Deno.test({
    name: `make reads all from a ${kind} that does not wait`,
    ignore: !linux,
    fn: async () => {
      using dir = tempDir();
      const made = makeBlob(dir, pieces);
      const [piped, whole] = [dir.path("piped.caibx"), dir.path("whole.caibx")];
      const result = await through(kind, "in", ["make", piped, "-"], made.bytes);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      strictEqual((await runCli(["make", whole, dir.write("file", made.bytes)])).code, 0);
      sameBytes(Deno.readFileSync(piped), Deno.readFileSync(whole));
    },
  });
}

Deno.test({
  name: "a failed write is an error, not a closed reader",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, pieces);
    const hello = encodeMessage({ type: "hello", flags: 0x40n });
    const commands = [...writers.slice(0, 2).map(([, words]) => words(made, dir)), [
      "pull",
      "-",
      "-",
      "-",
      made.store,
    ]];
    dir.write("tree/file", made.bytes);
    for (const command of commands) {
      const shell = ["-c", 'exec "$@" >/dev/full', "sh", ...cliCommand, ...command];
      const { code, stderr } = await runAny("sh", shell, { stdin: hello });
      deepStrictEqual(
        [code, stderr],
        [1, "desync: Cannot write standard output: no space left on the device\n"],
        command[0],
      );
    }
  },
});
