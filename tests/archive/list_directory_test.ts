/** Directories of archives, listed by their tables. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { listDirectory } from "../../src/archive/list_directory.ts";
import { readArchive } from "../../src/archive/read_archive.ts";
import type { RandomAccess } from "../../src/stores/byte_source.ts";
import { nameText } from "../../src/core/bytes.ts";
import { testdata } from "../support/testdata.ts";

/** The bytes, and how many of them were read. */
function accessTo(bytes: Uint8Array): RandomAccess & { read: RandomAccess["read"]; bytesRead: number } {
  const access = {
    size: bytes.length,
    bytesRead: 0,
    read: (offset: number, length: number) => {
      access.bytesRead += length;
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
    pieces: async function* (start: number, end: number) {
      yield await Promise.resolve(bytes.subarray(start, end));
    },
  };
  return access;
}

const tree = Deno.readFileSync(testdata("tree.catar"));

Deno.test("the entries of all directories are those of the archive, with what it says about them", async () => {
  const expected: string[] = [];
  const names: string[] = [];
  await readArchive(accessTo(tree).pieces(0, tree.length), (event) => {
    if (event.type === "end") names.pop();
    if (event.type !== "node") return;
    const { name, kind, size, mode } = event.node;
    names.push(nameText(name));
    if (names.length > 1) expected.push(`${names.slice(1).join("/")} ${kind} ${size} ${mode}`);
  });
  const access = accessTo(tree);
  const found: string[] = [];
  const walk = async (range: Parameters<typeof listDirectory>[1], path: string) => {
    for (const { name, node, range: inside } of await listDirectory(access, range)) {
      found.push(`${path}${name} ${node?.kind} ${node?.size} ${node?.mode}`);
      if (node?.kind === "directory") await walk(inside, `${path}${name}/`);
    }
  };
  await walk(undefined, "");
  deepStrictEqual(found.sort(), expected.sort());
});

Deno.test("what is not an archive is refused", async () => {
  for (const bytes of [tree.subarray(0, -1), new Uint8Array(1000), new Uint8Array(40)]) {
    await rejects(listDirectory(accessTo(bytes)), { code: "invalid-archive" });
  }
  strictEqual((await listDirectory(accessTo(tree))).length > 0, true);
});
