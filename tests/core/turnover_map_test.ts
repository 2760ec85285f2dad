import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { TurnoverMap } from "../../src/core/turnover_map.ts";

Deno.test("a map whose entries come and go has the same entries as any map", () => {
  const map = new TurnoverMap<number, string>();
  const expected = new Map<number, string>();
  // Few and many at a time, which come and go in turns, and some that stay.
  for (const most of [1, 10, 300, 3]) {
    for (let i = 0; i < 2000; i++) {
      map.set(i, `${most} ${i}`);
      expected.set(i, `${most} ${i}`);
      if (i < most || i % 97 === 0) continue;
      strictEqual(map.delete(i - most), expected.delete(i - most));
      strictEqual(map.get(i - most), undefined);
      strictEqual(map.has(i), true);
      strictEqual(map.size, expected.size);
    }
    deepStrictEqual(map.values(), [...expected.values()]);
  }
  strictEqual(map.delete(-1), false);
  map.clear();
  deepStrictEqual([map.size, map.values(), map.has(1)], [0, [], false]);
});
