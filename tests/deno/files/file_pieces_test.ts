import { rejects, strictEqual } from "node:assert/strict";
import { filePieces } from "../../../src/deno/files/file_pieces.ts";
import { run } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";

const windows = Deno.build.os === "windows";

async function text(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  let all = "";
  const decoder = new TextDecoder();
  for await (const piece of pieces) all += decoder.decode(piece, { stream: true });
  return all;
}

Deno.test({
  name: "all that is written to a named pipe is read, whenever its writer comes and goes",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const pipe = dir.path("pipe");
    await run("mkfifo", [pipe]);
    const writers: [string, string][] = [
      ['printf abc >"$1"', "abc"],
      ['sleep .3; printf abc >"$1"', "abc"],
      ['sleep .3; printf a >"$1"', "a"],
      ['exec >"$1"; sleep .3; printf a; sleep .3; printf bc', "abc"],
      ['sleep .3; exec >"$1"; sleep .3; printf abc', "abc"],
      ['exec >"$1"; sleep .3', ""],
    ];
    for (const [script, written] of writers) {
      const [read] = await Promise.all([text(filePieces(pipe)), run("sh", ["-c", script, "sh", pipe])]);
      strictEqual(read, written, script);
    }
    const [read] = await Promise.all([
      text(filePieces(pipe)),
      run("sh", ["-c", 'seq 200000 >"$1"', "sh", pipe]),
    ]);
    strictEqual(read, Array.from({ length: 200_000 }, (_, at) => `${at + 1}\n`).join(""));
  },
});

/** Whether this process has it open, as far as the system tells. */
function isOpen(path: string): boolean {
  if (Deno.build.os !== "linux") return false;
  return [...Deno.readDirSync("/proc/self/fd")].some(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false; // that of the directory itself
    }
  });
}

Deno.test({
  name: "waiting for a named pipe ends when it is interrupted, before its writer comes and after",
  ignore: windows,
  // What was begun in the system ends when the pipe has been opened at both ends, which nobody tells of.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    const pipe = dir.path("pipe");
    await run("mkfifo", [pipe]);
    for (const before of [true, false]) {
      const stop = new AbortController();
      const reading = rejects(text(filePieces(pipe, stop.signal)), { code: "interrupted" });
      // Opened for reading as well, so that it waits for nobody.
      const writer = before ? undefined : Deno.openSync(pipe, { read: true, write: true });
      await new Promise((resolve) => setTimeout(resolve, 200));
      stop.abort();
      await reading;
      // What still waits in the system for a writer ends.
      (writer ?? Deno.openSync(pipe, { read: true, write: true })).close();
      while (isOpen(pipe)) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
});
