import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import type { RandomAccess } from "../../src/stores/byte_source.ts";
import type { ArchiveEvent } from "../../src/formats/archive/archive.ts";
import { archiveToTar } from "../../src/jobs/archive_to_tar.ts";
import { packArchive } from "../../src/jobs/pack.ts";
import { Progress } from "../../src/core/progress.ts";
import { readArchive } from "../../src/archive/read_archive.ts";
import { unpack } from "../../src/jobs/unpack.ts";
import type { Loss } from "../../src/archive/losses.ts";
import type { TreeSink, TreeSource } from "../../src/archive/tree_ports.ts";
import { directory, file } from "../support/data/archive_bytes.ts";
import { EventLog } from "../support/data/archive_events.ts";
import { inPieces, seen } from "../support/data/read_tar.ts";

/** A tree in memory: what it was given, and whether it was told that all is there. */
class MemoryTree implements TreeSink {
  readonly paths: string[] = [];
  finished = false;
  readonly #names: string[] = [];

  write(event: ArchiveEvent): void {
    if (event.type === "end") this.#names.pop();
    if (event.type !== "node") return;
    this.#names.push(new TextDecoder().decode(event.node.name));
    this.paths.push(this.#names.join("/"));
  }

  finish(): Promise<Loss[]> {
    this.finished = true;
    return Promise.resolve([{ what: "owners", count: 1, path: "a", reason: "not here" }]);
  }
}

/** Bytes that are read at any place; counts them. */
class Access implements RandomAccess {
  given = 0;
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return Promise.resolve(this.#bytes.slice(offset, offset + length));
  }

  async *pieces(start: number, end: number): AsyncGenerator<Uint8Array> {
    this.given += end - start;
    yield await this.read(start, end - start);
  }
}

const archive = directory([["a", file("some text")], ["b", directory([["c", file("more")]])]]);

Deno.test("an archive is unpacked into anything that takes a tree, as a whole or in parts", async () => {
  const ways: [paths: string[], expected: string[]][] = [
    [[], ["", "/a", "/b", "/b/c"]],
    [["b"], ["b", "b/c"]],
    [["b/c", "a"], ["c", "a"]],
  ];
  for (const [paths, expected] of ways) {
    for (const bytes of [() => inPieces(archive, 100), () => new Access(archive)]) {
      const tree = new MemoryTree();
      const { losses, omitted } = await unpack(bytes(), tree, { paths });
      // Read in order, they come in the archive's order.
      deepStrictEqual(tree.paths.toSorted(), expected.toSorted());
      deepStrictEqual([tree.finished, losses.length, omitted], [true, 1, 0]);
    }
  }
});

Deno.test("parts of an archive read no more than their bytes, and progress counts these", async () => {
  const progress = new Progress();
  const access = new Access(archive);
  await unpack(access, new MemoryTree(), { paths: ["b/c"], progress });
  ok(access.given < archive.length / 2, String(access.given));
  deepStrictEqual([progress.done, progress.total], [access.given, access.given]);
  const all = new Progress();
  await unpack(new Access(archive), new MemoryTree(), { progress: all });
  deepStrictEqual([all.done, all.total], [archive.length, archive.length]);
});

Deno.test("a tree is not finished when the archive is not whole, or lacks a path", async () => {
  const cut = archive.subarray(0, archive.length - 1);
  for (
    const [bytes, paths, code] of [[cut, [], "invalid-archive"], [archive, ["x"], "missing-path"]] as const
  ) {
    const tree = new MemoryTree();
    await rejects(unpack(inPieces(bytes, 100), tree, { paths }), { code });
    deepStrictEqual(tree.finished, false);
  }
});

Deno.test("entries without content are counted, also where a tar is made", async () => {
  const omitting = directory([["a", file("x")], ["pipe", new Uint8Array(0)]]);
  deepStrictEqual((await unpack(inPieces(omitting, 100), new MemoryTree())).omitted, 1);
  const { readable, done } = archiveToTar(new Access(omitting));
  const { nodes } = await seen(readable);
  deepStrictEqual([nodes.map(({ path }) => path), (await done).omitted], [["", "/a"], 1]);
});

Deno.test("a tree of any kind is packed, and what archives cannot hold is reported", async () => {
  const node = { flags: 0n, uid: 0, gid: 0, xattrs: [], features: 0n, size: 0, mode: 0o755 };
  const tree: TreeSource = async (onEvent, { features, skipNames }) => {
    deepStrictEqual([typeof features, skipNames], ["bigint", ["out"]]);
    await onEvent({ type: "node", node: { ...node, name: new Uint8Array(0), kind: "directory", mtime: 0n } });
    const name = new TextEncoder().encode("old");
    await onEvent({ type: "node", node: { ...node, name, kind: "file", mtime: -(2n ** 62n) } });
    await onEvent({ type: "end" });
    await onEvent({ type: "end" });
    return { nodes: 2, bytes: 0, hardLinks: 0, changed: 0, notRecorded: [] };
  };
  const progress = new Progress();
  const { readable, done } = packArchive(tree, { skipNames: ["out"], progress });
  const bytes = await new Response(readable).bytes();
  const { nodes, lostTimes, lostTimePath } = await done;
  deepStrictEqual([nodes, lostTimes, lostTimePath, progress.done], [2, 1, "old", bytes.length]);
  const log = new EventLog();
  await readArchive(inPieces(bytes, 100), log.onEvent);
  deepStrictEqual(log.all.map(({ path }) => path), ["", "/old"]);
});
