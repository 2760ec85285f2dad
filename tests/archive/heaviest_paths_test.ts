import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { findInArchive } from "../../src/archive/find_in_archive.ts";
import { heaviestPaths, type PathWeight } from "../../src/archive/heaviest_paths.ts";
import { readArchive } from "../../src/archive/read_archive.ts";
import { FileAccess } from "../../src/deno/files/file_access.ts";
import { escapeName } from "../../src/formats/archive/node_text.ts";
import type { RandomAccess } from "../../src/stores/byte_source.ts";
import { directory, file, nested, type Row } from "../support/data/archive_bytes.ts";
import { random } from "../support/random.ts";
import { testdata } from "../support/testdata.ts";

/** Header of FILENAME, and the zero behind the name. */
const NAME_BYTES = 17;

/** All paths of the archive, each found by itself. */
async function pathsOf(access: RandomAccess): Promise<{ names: Uint8Array[]; isDirectory: boolean }[]> {
  const paths: { names: Uint8Array[]; isDirectory: boolean }[] = [];
  const names: Uint8Array[] = [];
  await readArchive(access.pieces(0, access.size), (event) => {
    if (event.type === "end") names.pop();
    if (event.type !== "node") return;
    names.push(event.node.name);
    paths.push({ names: names.slice(1), isDirectory: event.node.kind === "directory" });
  });
  return paths;
}

/** What each path weighs: a directory without what is in it. */
async function expected(
  access: RandomAccess,
  weigh: (start: number, end: number) => number,
): Promise<PathWeight[]> {
  const found: PathWeight[] = [];
  const ranges = new Map<string, { start: number; end: number; isDirectory: boolean }>();
  for (const { names, isDirectory } of await pathsOf(access)) {
    const path = names.map(escapeName).join("/");
    const [range] = names.length === 0
      ? [{ start: 0, end: access.size }]
      : await findInArchive(access, names);
    const name = names.length === 0 ? 0 : NAME_BYTES + names.at(-1)!.length;
    ranges.set(path, { start: range.start - name, end: range.end, isDirectory });
  }
  for (const [path, { start, end, isDirectory }] of ranges) {
    const prefix = path === "" ? "" : `${path}/`;
    let [weight, size] = [weigh(start, end), end - start];
    for (const [other, inner] of ranges) {
      if (!isDirectory || other === path || !other.startsWith(prefix)) continue;
      if (other.slice(prefix.length).includes("/")) continue;
      weight -= weigh(inner.start, inner.end);
      size -= inner.end - inner.start;
    }
    if (weight > 0) found.push({ path: path === "" ? "./" : isDirectory ? prefix : path, size, weight });
  }
  return found;
}

function inOrder(paths: readonly PathWeight[]): PathWeight[] {
  return paths.toSorted((a, b) => b.weight - a.weight || (a.path < b.path ? -1 : 1));
}

/** Weighs an archive by bytes that are set. */
function weightsOf(
  size: number,
  isHeavy: (offset: number) => boolean,
): (start: number, end: number) => number {
  const sums = new Uint32Array(size + 1);
  for (let i = 0; i < size; i++) sums[i + 1] = sums[i] + (isHeavy(i) ? 1 : 0);
  return (start, end) => sums[end] - sums[start];
}

Deno.test("every path of a real tree weighs what it has in the archive, and together they weigh all of it", async () => {
  const numbers = random();
  for (const name of ["tree.catar", "nodes.catar"]) {
    using access = FileAccess.open(testdata(name))!;
    const heavy = Array.from({ length: 40 }, () => numbers.below(access.size));
    const reach = access.size / 60;
    const weigh = weightsOf(access.size, (at) => heavy.some((start) => at >= start && at < start + reach));
    const found = await heaviestPaths(access, weigh, { most: Infinity });
    deepStrictEqual(inOrder(found), inOrder(await expected(access, weigh)));
    deepStrictEqual(
      found.map(({ weight }) => weight),
      found.map(({ weight }) => weight).sort((a, b) => b - a),
    );
    strictEqual(found.reduce((sum, { weight }) => sum + weight, 0), weigh(0, access.size));
    const few = await heaviestPaths(access, weigh, { most: 2 });
    deepStrictEqual(few.map(({ weight }) => weight), found.slice(0, 2).map(({ weight }) => weight));
  }
});

Deno.test("for one heavy path little is read", async () => {
  using file = FileAccess.open(testdata("tree.catar"))!;
  let reads = 0;
  const access: RandomAccess = {
    size: file.size,
    read: (offset, length) => {
      reads++;
      return file.read(offset, length);
    },
    pieces: (start, end) => file.pieces(start, end),
  };
  const all = await heaviestPaths(file, (start, end) => end - start, { most: Infinity });
  reads = 0;
  const [{ path }] = all;
  const [first] = await heaviestPaths(access, (start, end) => end - start, { most: 1 });
  strictEqual(first.path, path);
  ok(reads <= 6 * path.split("/").length + 4, String(reads));
});

function inMemory(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    read: (offset, length) => {
      ok(offset >= 0 && length > 0 && offset + length <= bytes.length, `${offset}, ${length}`);
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
    pieces: () => {
      throw new Error("not needed");
    },
  };
}

Deno.test("tables that lie are refused", async () => {
  const children: [string, Uint8Array][] = [["a", file("x".repeat(100))], ["b", file("y".repeat(50))]];
  const tables: ((rows: Row[]) => Row[])[] = [
    ([row, other]) => [row, { ...other, offset: row.offset, size: row.size }],
    ([row, other]) => [row, { ...other, size: other.size - 1n, offset: other.offset - 1n }],
    ([row, other]) => [row, { ...other, offset: 2n ** 40n }],
    ([row, other]) => [{ ...row, hash: other.hash }, other],
  ];
  for (const table of tables) {
    const access = inMemory(directory(children, { table }));
    const listing = heaviestPaths(access, (start, end) => end - start, { most: 30 });
    await rejects(listing, { code: "invalid-archive" });
  }
  const deep = inMemory(nested(3000));
  await rejects(heaviestPaths(deep, (start, end) => end - start, { most: Infinity }), {
    code: "invalid-archive",
  });
});

Deno.test("what weighs nothing is not listed, and an empty directory has only itself", async () => {
  const access = inMemory(directory([["a", file("x")], ["d", directory()]]));
  deepStrictEqual(await heaviestPaths(access, () => 0, { most: 30 }), []);
  const all = await heaviestPaths(access, (start, end) => end - start, { most: 30 });
  deepStrictEqual(all.map(({ path }) => path).sort(), ["./", "a", "d/"]);
});
