import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import type { ArchiveEvent } from "../../src/formats/archive/archive.ts";
import {
  parseArchivePath,
  parseArchivePaths,
  pickParts,
  readParts,
} from "../../src/archive/archive_parts.ts";
import { type ArchiveRange, findInArchive } from "../../src/archive/find_in_archive.ts";
import type { RandomAccess } from "../../src/stores/byte_source.ts";
import { readArchive } from "../../src/archive/read_archive.ts";
import {
  directory,
  element,
  file,
  named,
  nested,
  type Row,
  symlink,
  types,
} from "../support/data/archive_bytes.ts";
import { EventLog, type SeenNode } from "../support/data/archive_events.ts";
import { joined } from "../support/data/joined.ts";
import { random } from "../support/random.ts";
import { testdata } from "../support/testdata.ts";
import { amount } from "../support/thorough.ts";

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Counts what is read. */
class Access implements RandomAccess {
  readonly size: number;
  readonly #bytes: Uint8Array;
  reads = 0;
  bytesRead = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    ok(
      Number.isSafeInteger(offset) && offset >= 0 && length > 0 && offset + length <= this.size,
      `${offset}, ${length}`,
    );
    this.reads++;
    this.bytesRead += length;
    return Promise.resolve(this.#bytes.slice(offset, offset + length));
  }

  pieces(start: number, end: number): AsyncGenerator<Uint8Array> {
    ok(start >= 0 && start < end && end <= this.size);
    return whole(this.#bytes.subarray(start, end));
  }
}

const path = (text: string) => text.split("/").map((name) => Uint8Array.from(name, (c) => c.charCodeAt(0)));

async function nodesOf(read: (onEvent: (event: ArchiveEvent) => void) => Promise<void>): Promise<SeenNode[]> {
  const log = new EventLog();
  await read(log.onEvent);
  return log.all;
}

async function partOf(bytes: Uint8Array, names: readonly Uint8Array[]): Promise<SeenNode[]> {
  const access = new Access(bytes);
  const ranges = await findInArchive(access, names);
  const parts = ranges.map((range) => ({ name: names.at(-1)!, range }));
  return await nodesOf((onEvent) =>
    readParts(({ start, end }: ArchiveRange) => access.pieces(start, end), parts, onEvent)
  );
}

/** The subtree of a whole listing, with the path that a part has. */
function subtree(all: SeenNode[], root: string): SeenNode[] {
  const name = root.slice(root.lastIndexOf("/") + 1);
  return all.filter((node) => node.path === root || node.path.startsWith(`${root}/`))
    .map((node) => ({ ...node, path: name + node.path.slice(root.length) }));
}

function manyNames(count: number): Uint8Array {
  return directory(Array.from({ length: count }, (_, i) => [`name-${i}`, file(`content of ${i}`)]));
}

for (
  const [name, archive] of [
    ["tree.catar", Deno.readFileSync(testdata("tree.catar"))],
    ["desync-tree.catar", Deno.readFileSync(testdata("desync-tree.catar"))],
    ["nodes.catar", Deno.readFileSync(testdata("nodes.catar"))],
    ["one of a name", manyNames(1)],
    ["one of many names", manyNames(amount(80, 300))],
  ] as const
) {
  Deno.test(`every path of ${name} is found, by its tables and by reading all of it`, async () => {
    const all = await nodesOf((onEvent) => readArchive(whole(archive), onEvent));
    for (const { path: text } of all.slice(1)) {
      const names = path(text.slice(1));
      const expected = subtree(all, text);
      deepStrictEqual(await partOf(archive, names), expected, text);
      deepStrictEqual(
        await nodesOf((onEvent) => pickParts(whole(archive), [names], onEvent)),
        expected,
        text,
      );
      for (
        const wrong of [[...names, ...path("nothing")], [...names.slice(0, -1), ...path("no such name")]]
      ) {
        await rejects(partOf(archive, wrong), { code: "missing-path" });
        await rejects(nodesOf((onEvent) => pickParts(whole(archive), [wrong], onEvent)), {
          code: "missing-path",
        });
      }
    }
  });
}

Deno.test("few reads find one of many names", async () => {
  const access = new Access(manyNames(5000));
  const [{ start, end }] = await findInArchive(access, path("name-4321"));
  match(new TextDecoder().decode(await access.read(start, end - start)), /content of 4321$/);
  ok(access.reads < 25, `${access.reads} reads`);
  ok(access.bytesRead < 1500, `${access.bytesRead} bytes`);
});

Deno.test("all entries of a repeated name are found, in order", async () => {
  const archive = directory([["a", file("1")], ["b", file("2")], ["a", directory([["x", file("3")]])], [
    "a",
    file("4"),
  ]]);
  const ranges = await findInArchive(new Access(archive), path("a"));
  deepStrictEqual(
    ranges.map(({ start }) => start),
    ranges.map(({ start }) => start).toSorted((a, b) => a - b),
  );
  strictEqual(ranges.length, 3);
  strictEqual((await findInArchive(new Access(archive), path("a/x"))).length, 1);
  const often = directory(Array.from({ length: 1001 }, () => ["a", file("")]));
  await rejects(findInArchive(new Access(often), path("a")), /more than 1000 times/);
});

Deno.test("names without a node, and nodes that have no children", async () => {
  const archive = directory([["pipe", new Uint8Array(0)], ["s", symlink("d")], [
    "d",
    directory([["x", file("1")]]),
  ]]);
  await rejects(findInArchive(new Access(archive), path("pipe")), {
    code: "missing-path",
    message: /has a name but no content/,
  });
  await rejects(
    findInArchive(new Access(archive), path("s/x")),
    /"s\/x" not found: "s" is a symlink, not a directory/,
  );
  await rejects(findInArchive(new Access(file("text")), path("x")), /the archive is a file, not a directory/);
});

Deno.test("paths are found to the maximum depth, and no deeper", async () => {
  const names = Array.from({ length: 2047 }, () => path("d")[0]);
  const archive = nested(2048);
  strictEqual((await findInArchive(new Access(archive), names)).length, 1);
  await rejects(
    findInArchive(new Access(archive), [...names, ...path("d")]),
    /^DesyncError: "d(\/d)*" not found/,
  );
});

Deno.test("tables that are wrong or loop end in an error", async () => {
  const cases: [string, (rows: Row[]) => Row[], RegExp][] = [
    ["points before the directory", ([row]) => [{ ...row, offset: 2n ** 40n }], /outside/],
    ["points to the directory itself", ([row]) => [{ ...row, offset: row.offset + 64n }], /outside/],
    ["points into the directory's ENTRY", ([row]) => [{ ...row, offset: row.offset + 8n }], /outside/],
    ["points to the table", ([row]) => [{ ...row, offset: 0n, size: 0n }], /no name is/],
    [
      "points into the child",
      ([row]) => [{ ...row, offset: row.offset - 18n, size: row.size - 18n }],
      /no name is/,
    ],
    ["is larger than what is left", ([row]) => [{ ...row, size: row.size + 1n }], /outside/],
    ["is smaller than a name", ([row]) => [{ ...row, size: 17n }], /no name is/],
    ["is beyond numbers", ([row]) => [{ ...row, offset: 2n ** 63n, size: 2n ** 63n }], /outside/],
    ["ends in the middle of the child", ([row]) => [{ ...row, size: row.size - 1n }], /complete/],
    ["ends after its name", ([row]) => [{ ...row, size: 18n }], /omitted it/],
    ["ends in its ENTRY", ([row]) => [{ ...row, size: 30n }], /complete|ends after/],
  ];
  const child = directory([["x", file("1")]]);
  for (const [what, table, says] of cases) {
    const archive = directory([["a", child]], { table });
    await rejects(partOf(archive, path("a")), { message: says }, what).catch((error) => {
      throw new Error(`${what}: ${error.message}`, { cause: error });
    });
  }
  // Another name under the hash that is looked for.
  const other = directory([["a", child], ["b", child]], {
    table: (rows) => {
      const a = rows.findIndex(({ offset, size }) => offset === 2n * size);
      return rows.map((row) => ({ ...row, offset: row.hash === rows[a].hash ? rows[a].size : row.offset }));
    },
  });
  await rejects(partOf(other, path("a")), /means another/);
  // A tree that leads in circles cannot be, but items that are all the same can.
  const again = (count: number) => (rows: Row[]) => Array.from({ length: count }, () => rows[0]);
  const access = new Access(directory([["a", child]], { table: again(5000) }));
  await rejects(findInArchive(access, path("a")), /several times/);
  ok(access.reads < 50);
});

Deno.test("a table that lists a child many times does not multiply what is found", async () => {
  const twice = (rows: Row[]) => [rows[0], rows[0]];
  let archive: Uint8Array = file("1");
  for (let depth = 0; depth < 12; depth++) archive = directory([["a", archive]], { table: twice });
  const access = new Access(archive);
  await rejects(findInArchive(access, Array.from({ length: 12 }, () => path("a")[0])), {
    code: "invalid-archive",
    message: /several times/,
  });
  ok(access.reads < 50, `${access.reads} reads`);
  // Nor in many directories of the same name.
  const many = directory(Array.from({ length: 40 }, () => [
    "a",
    directory(Array.from({ length: 30 }, () => ["b", file("")])),
  ]));
  await rejects(findInArchive(new Access(many), path("a/b")), /a\/b more than 1000 times/);
});

Deno.test("wrong tails", async () => {
  const archive = directory([["a", file("1")]]);
  const change = (fromEnd: number, value: bigint) => {
    const copy = archive.slice();
    new DataView(copy.buffer).setBigUint64(copy.length - fromEnd, value, true);
    return copy;
  };
  for (
    const [fromEnd, values] of [[24, [0n, 63n, 8n, 2n ** 52n, 2n ** 64n - 1n]], [16, [
      0n,
      1n,
      24n,
      40n,
      63n,
      65n,
      2n ** 52n,
      2n ** 64n - 1n,
    ]], [8, [0n]]] as const
  ) {
    for (const value of values) {
      await rejects(
        findInArchive(new Access(change(fromEnd, value)), path("a")),
        { code: "invalid-archive" },
        `${fromEnd}, ${value}`,
      );
    }
  }
  for (
    const bytes of [
      new Uint8Array(0),
      archive.subarray(0, 10),
      archive.subarray(0, 64),
      archive.subarray(0, 70),
      joined([archive, Uint8Array.of(0)]),
    ]
  ) {
    await rejects(
      findInArchive(new Access(bytes), path("a")),
      { code: "invalid-archive" },
      `${bytes.length}`,
    );
  }
  await rejects(
    findInArchive(new Access(Deno.readFileSync(testdata("tree.caidx"))), path("a")),
    /it is an index/,
  );
  // A whole directory hidden in a file's bytes is none.
  const hidden = directory([[
    "f",
    joined([file("").subarray(0, 64), element(types.payload, named(types.filename, "x"), archive)]),
  ]]);
  await rejects(findInArchive(new Access(hidden), path("f/a")), /"f" is a file, not a directory/);
});

Deno.test("randomly changed archives give an error or an entry, in few reads", async () => {
  const generator = random();
  const archive = directory([
    ["a", directory([["b", directory([["c", file("1")], ["d", symlink("c")]])], ["e", file("2")]])],
    ["f", directory([["g", file("3")]])],
  ]);
  let found = 0;
  const runs = amount(800, 4000);
  for (let run = 0; run < runs; run++) {
    const bytes = archive.slice();
    for (let i = 0; i <= run % 3; i++) bytes[generator.below(bytes.length)] = generator.below(256);
    const access = new Access(bytes);
    try {
      for (const text of ["a/b/c", "a/b", "f/g"]) {
        const [range] = await findInArchive(access, path(text));
        await readArchive(access.pieces(range.start, range.end), () => {});
      }
      found++;
    } catch (error) {
      ok(
        ["invalid-archive", "missing-path"].includes((error as { code?: string }).code ?? ""),
        (error as Error).stack,
      );
    }
    ok(access.reads < 100);
  }
  ok(found > 0 && found < runs);
});

Deno.test("paths", () => {
  deepStrictEqual(parseArchivePath("/a//b/./c/"), path("a/b/c"));
  for (const bad of ["", "/", ".", "./", "a/../b", ".."]) {
    throws(() => parseArchivePath(bad), { code: "usage" });
  }
  const check = (...texts: string[]) => parseArchivePaths(texts);
  check("a", "b/c", "b/d", "ab");
  throws(() => check("a", "b", "a/x"), { message: /a\/x is in a/ });
  throws(() => check("a", "a"), { code: "usage" });
  throws(() => check("a/x", "b/x"), { message: /the same name/ });
});
