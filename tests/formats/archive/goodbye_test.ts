import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  buildGoodbye,
  checkGoodbyeTail,
  type GoodbyeItem,
  GoodbyeSum,
  nameHash,
  parseGoodbyeItem,
} from "../../../src/formats/archive/goodbye.ts";
import { testdata } from "../../support/testdata.ts";

const goodbyeType = 0xdfd35c5e8327c403n;
const nameOf = (i: number) => new TextEncoder().encode(`name-${i}`);

/** Children of 100 bytes each, one after the other. */
function items(count: number): GoodbyeItem[] {
  return Array.from(
    { length: count },
    (_, i) => ({ offset: (count - i) * 100, size: 100, hash: nameHash(nameOf(i)) }),
  );
}

/** Every table in an archive, with the way back to its ENTRY. */
function tablesIn(archive: Uint8Array): { bytes: Uint8Array; entryOffset: number }[] {
  const tables = [];
  const view = new DataView(archive.buffer, archive.byteOffset);
  for (let at = 0; at < archive.length;) {
    const size = Number(view.getBigUint64(at, true));
    if (view.getBigUint64(at + 8, true) === goodbyeType) {
      const bytes = archive.subarray(at, at + size);
      tables.push({ bytes, entryOffset: Number(view.getBigUint64(at + size - 24, true)) });
    }
    at += size;
  }
  return tables;
}

/** The children in a table, as they lie in it. */
function childrenIn(bytes: Uint8Array): GoodbyeItem[] {
  const items: GoodbyeItem[] = [];
  for (let at = 16; at < bytes.length - 24; at += 24) {
    items.push(parseGoodbyeItem(bytes.subarray(at, at + 24)));
  }
  return items;
}

/** The places of a name, found as readers do: smaller hashes from item 2i+1 on, larger ones from 2i+2 on. */
function find(items: GoodbyeItem[], name: Uint8Array, at = 0): GoodbyeItem[] {
  if (at >= items.length) return [];
  const hash = nameHash(name);
  return [
    ...hash <= items[at].hash ? find(items, name, 2 * at + 1) : [],
    ...hash === items[at].hash ? [items[at]] : [],
    ...hash >= items[at].hash ? find(items, name, 2 * at + 2) : [],
  ];
}

for (const name of ["tree.catar", "desync-tree.catar", "nodes.catar"]) {
  Deno.test(`the tables of ${name} are read, and built again to the byte`, () => {
    const tables = tablesIn(Deno.readFileSync(testdata(name)));
    strictEqual(tables.length > 0, true);
    for (const { bytes, entryOffset } of tables) {
      checkGoodbyeTail(bytes.subarray(-24), bytes.length, entryOffset);
      const children = childrenIn(bytes);
      deepStrictEqual(buildGoodbye(children.toReversed(), entryOffset), new Uint8Array(bytes));
    }
  });
}

Deno.test("children are found in tables of every size, and others are not", () => {
  for (let count = 0; count <= 70; count++) {
    const children = items(count);
    const table = childrenIn(buildGoodbye(children, count * 100 + 64));
    strictEqual(table.length, count);
    for (let i = 0; i < count; i++) deepStrictEqual(find(table, nameOf(i)), [children[i]]);
    deepStrictEqual(find(table, nameOf(count)), []);
  }
});

Deno.test("children with the same hash are all found", () => {
  const same = [1, 2, 3, 4, 5].map((i) => ({ offset: i * 10, size: 10, hash: nameHash(nameOf(0)) }));
  const table = childrenIn(buildGoodbye([...items(9), ...same], 1000));
  deepStrictEqual(find(table, nameOf(0)).map(({ offset }) => offset), [10, 20, 30, 40, 50, 900]);
});

Deno.test("wrong items and tails are refused", () => {
  const good = buildGoodbye(items(7), 764);
  const refused = (change: (view: DataView) => void, says: RegExp) => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer));
    const read = () => {
      parseGoodbyeItem(bytes.subarray(16, 40));
      checkGoodbyeTail(bytes.subarray(-24), bytes.length, 764);
    };
    throws(read, { code: "invalid-archive", message: says });
  };
  const tail = good.length - 24;
  refused((view) => view.setBigUint64(16, 2n ** 63n, true), /outside/);
  refused((view) => view.setBigUint64(16, 99n, true), /outside/);
  refused((view) => view.setBigUint64(24, 701n, true), /outside/);
  refused((view) => view.setBigUint64(tail, 1n, true), /starts elsewhere/);
  refused((view) => view.setBigUint64(tail, 2n ** 53n, true), /outside/);
  refused((view) => view.setBigUint64(tail + 8, 1n, true), /another size/);
  refused((view) => view.setBigUint64(tail + 16, 1n, true), /end/);
});

Deno.test("a sum over children depends on everything but their order", () => {
  const sum = (...children: [number, number, bigint][]) => {
    const made = new GoodbyeSum();
    for (const [start, size, hash] of children) made.add(start, size, hash);
    return made;
  };
  const same = sum([1, 2, 3n], [4, 5, 6n]);
  strictEqual(same.equals(sum([4, 5, 6n], [1, 2, 3n])), true);
  for (
    const other of [
      sum([1, 2, 3n]),
      sum([1, 2, 3n], [1, 2, 3n]),
      sum([4, 2, 3n], [1, 5, 6n]),
      sum([1, 2, 3n], [4, 5, 7n]),
      sum([1, 2, 3n], [4, 5, 6n], [4, 5, 6n]),
    ]
  ) strictEqual(same.equals(other), false);
});
