import { ok, rejects } from "node:assert/strict";
import { readArchive } from "../../src/archive/read_archive.ts";
import { manyFiles } from "../support/data/archive_bytes.ts";
import { joined } from "../support/data/joined.ts";

Deno.test("reading many files from one piece of an archive yields to other work", async () => {
  const piece = joined([...manyFiles(1000)]);
  const stop = new AbortController();
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let visited = 0;
  const onEvent = () => {
    if (visited++ === 0) setTimeout(() => stop.abort(), 0);
    // As long as it may take to make a file.
    Atomics.wait(pause, 0, 0, 1);
  };
  const pieces = (async function* () {
    yield await Promise.resolve(piece);
  })();
  await rejects(readArchive(pieces, onEvent, stop), { code: "interrupted" });
  ok(visited < 1000, `${visited} events were visited`);
});
