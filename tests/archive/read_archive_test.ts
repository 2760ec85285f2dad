import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { readArchive } from "../../src/archive/read_archive.ts";
import { toHex } from "../../src/core/bytes.ts";
import { tar } from "../../src/deno/tar.ts";
import type { ArchiveNode } from "../../src/formats/archive/archive_elements.ts";
import { manyFiles } from "../support/data/archive_bytes.ts";
import { joined } from "../support/data/joined.ts";
import { repository } from "../support/process.ts";
import { random } from "../support/random.ts";
import { sha512256 } from "../support/sha.ts";

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

Deno.test("pieces that the reader owns are freed, and what was read of them stays", async () => {
  const archive = await new Response(tar(join(repository, "src")).readable).bytes();
  const read = async (least: number, ownsPieces: boolean) => {
    const rng = random(least);
    const given: Uint8Array[] = [];
    const pieces = (async function* () {
      for (let at = 0; at < archive.length;) {
        const piece = await Promise.resolve(archive.slice(at, at + least + rng.below(least)));
        at += piece.length;
        given.push(piece);
        yield piece;
      }
    })();
    const nodes: ArchiveNode[] = [];
    const files: string[] = [];
    await readArchive(pieces, (event) => {
      if (event.type === "node") nodes.push(event.node);
      if (event.type === "data") files.push(sha512256(event.bytes));
    }, { ownsPieces });
    const names = nodes.map(({ name }) => toHex(name));
    return { read: { nodes, names, files }, freed: given.filter(({ length }) => length === 0).length, given };
  };
  for (const least of [10, 10_000, 100_000]) {
    const left = await read(least, false);
    const owned = await read(least, true);
    deepStrictEqual(owned.read, left.read);
    deepStrictEqual(left.freed, 0);
    // Small ones are left to the garbage collector, and those in whose last bytes something has only begun.
    if (least > 10) ok(owned.freed > owned.given.length / 2, `${owned.freed} of ${owned.given.length}`);
  }
});
