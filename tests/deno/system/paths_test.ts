import { strictEqual } from "node:assert/strict";
import * as path from "node:path";
import * as own from "../../../src/deno/system/paths.ts";
import { random as someRandom } from "../../support/random.ts";

Deno.test("paths are taken apart and put together as node:path does it", () => {
  const random = someRandom();
  const words = ["/", "/", "/", ".", "..", "a", "b.c", "", " ", "ä", "\\", "..."];
  const some = () =>
    Array.from({ length: random.below(7) }, () => words[random.below(words.length)]).join("");
  for (let i = 0; i < 5000; i++) {
    const [one, other] = [some(), some()];
    const what = JSON.stringify([one, other]);
    strictEqual(own.dirname(one), path.dirname(one), what);
    strictEqual(own.basename(one), path.basename(one), what);
    strictEqual(own.join(one, other), path.join(one, other), what);
    strictEqual(own.resolve(one), path.resolve(one), what);
    strictEqual(own.isAbsolute(one), path.isAbsolute(one), what);
  }
  strictEqual(own.PATH_DELIMITER, path.delimiter);
});
