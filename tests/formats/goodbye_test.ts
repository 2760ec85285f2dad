import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  buildGoodbye,
  findInGoodbye,
  type GoodbyeItem,
  GoodbyeSum,
  nameHash,
  parseGoodbye,
} from "../../src/formats/goodbye.ts";
import { testdata } from "../support/testdata.ts";

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

for (const name of ["tree.catar", "desync-tree.catar", "nodes.catar"]) {
  Deno.test(`the tables of ${name} are read, and built again to the byte`, () => {
    const tables = tablesIn(Deno.readFileSync(testdata(name)));
    strictEqual(tables.length > 0, true);
    for (const { bytes, entryOffset } of tables) {
      const children = parseGoodbye(bytes, entryOffset);
      deepStrictEqual(buildGoodbye(children.toReversed(), entryOffset), new Uint8Array(bytes));
    }
  });
}

Deno.test("children are found in tables of every size, and others are not", () => {
  for (let count = 0; count <= 70; count++) {
    const children = items(count);
    const table = parseGoodbye(buildGoodbye(children, count * 100 + 64), count * 100 + 64);
    for (let i = 0; i < count; i++) deepStrictEqual(findInGoodbye(table, nameOf(i)), [children[i]]);
    deepStrictEqual(findInGoodbye(table, nameOf(count)), []);
  }
});

Deno.test("children with the same hash are all found", () => {
  const same = [1, 2, 3, 4, 5].map((i) => ({ offset: i * 10, size: 10, hash: nameHash(nameOf(0)) }));
  const table = parseGoodbye(buildGoodbye([...items(9), ...same], 1000), 1000);
  strictEqual(findInGoodbye(table, nameOf(0)).length, 6);
});

Deno.test("tables that lie are refused", () => {
  const good = buildGoodbye(items(7), 764);
  const refused = (change: (view: DataView, bytes: Uint8Array) => void, says: RegExp) => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer), bytes);
    throws(() => parseGoodbye(bytes, 764), (error: Error & { code?: string }) => {
      strictEqual(error.code, "invalid-archive");
      return says.test(error.message);
    });
  };
  const tail = good.length - 24;
  refused((view) => view.setBigUint64(0, 16n, true), /start/);
  refused((view) => view.setBigUint64(8, 1n, true), /start/);
  refused((view) => view.setBigUint64(16, 765n, true), /outside/);
  refused((view) => view.setBigUint64(16, 2n ** 63n, true), /outside/);
  refused((view) => view.setBigUint64(24, 701n, true), /outside/);
  refused((view) => view.setBigUint64(32, 0n, true), /order/);
  refused((view) => view.setBigUint64(tail, 1n, true), /starts elsewhere/);
  refused((view) => view.setBigUint64(tail + 8, 1n, true), /another size/);
  refused((view) => view.setBigUint64(tail + 16, 1n, true), /end/);
  throws(() => parseGoodbye(good.subarray(0, -1), 764), /bytes/);
  throws(() => parseGoodbye(new Uint8Array(0), 0), /bytes/);
});

Deno.test("looking up in a table that is in no order ends", () => {
  const table = items(1000).map((item, i) => ({ ...item, hash: BigInt(i % 3) }));
  strictEqual(findInGoodbye(table, nameOf(1)).length, 0);
});

Deno.test("a sum over children does not depend on their order, and on everything else", () => {
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
