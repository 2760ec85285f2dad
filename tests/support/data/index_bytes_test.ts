import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { indexBytes, type IndexItem, sha512256Flags } from "./index_bytes.ts";
import { repository } from "../process.ts";
import { sha512256 } from "../sha.ts";

Deno.test("built by hand, the indexes of the empty and the one-byte blob are casync's", () => {
  const sizes = { flags: sha512256Flags, min: 4096, avg: 16384, max: 65536 };
  const cases: [string, IndexItem[]][] = [
    ["empty", []],
    ["one-byte", [{ end: 1, id: sha512256(new TextEncoder().encode("A")) }]],
  ];
  for (const [name, items] of cases) {
    const expected = Deno.readFileSync(join(repository, "testdata", `casync-${name}.caibx`));
    deepStrictEqual(indexBytes({ ...sizes, items }), expected, name);
  }
});

Deno.test("any field of an index can be set", () => {
  const bytes = indexBytes({
    flags: 0x1122334455667788n,
    tailMagic: 5n,
    items: [{ end: 3 }],
    trailing: new Uint8Array(2),
  });
  const view = new DataView(bytes.buffer);
  strictEqual(bytes.length, 48 + 16 + 40 + 40 + 2);
  strictEqual(view.getBigUint64(16, true), 0x1122334455667788n);
  strictEqual(view.getBigUint64(64 + 40 + 32, true), 5n);
  strictEqual(indexBytes({ noTail: true }).length, 64);
});
