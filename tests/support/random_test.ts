import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { Random } from "./random.ts";

Deno.test("the same seed gives the same bytes, another seed others", () => {
  deepStrictEqual(new Random(7).bytes(1001), new Random(7).bytes(1001));
  notDeepStrictEqual(new Random(7).bytes(64), new Random(8).bytes(64));
  strictEqual(new Random(7).bytes(1001).length, 1001);
});

Deno.test("random bytes do not compress, and numbers stay below their limit", () => {
  const bytes = new Random(3).bytes(200_000);
  ok(gzipSync(bytes).length > bytes.length);
  const generator = new Random(4);
  const seen = new Set(Array.from({ length: 1000 }, () => generator.below(10)));
  deepStrictEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
