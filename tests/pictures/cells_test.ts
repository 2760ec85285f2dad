import { deepStrictEqual, ok } from "node:assert/strict";
import { cellsOf } from "../../src/pictures/cells.ts";
import { random } from "../support/random.ts";

function row(runs: readonly [kind: number, length: number][], cells: number): string {
  const list = runs.map(([kind, length]) => ({ kind, length }));
  return cellsOf(list, ({ kind }) => kind, cells).join("");
}

Deno.test("each kind has as many cells as it has bytes, where they are", () => {
  deepStrictEqual(row([[0, 50], [1, 25], [0, 25]], 4), "0010");
  deepStrictEqual(row([[2, 3]], 5), "22222");
  deepStrictEqual(row([], 5), "");
  // Small parts add up: a tenth of the bytes, spread out, is a tenth of the cells.
  const spread = Array.from({ length: 100 }, (): [number, number][] => [[0, 9], [1, 1]]).flat();
  deepStrictEqual(row(spread, 50).replaceAll("0", "").length, 5);
});

Deno.test("no kind gains or loses more than a cell", () => {
  const numbers = random();
  for (let turn = 0; turn < 30; turn++) {
    const runs = Array.from({ length: 1 + numbers.below(300) }, () => {
      return { kind: numbers.below(3), length: 1 + numbers.below(1000) };
    });
    const cells = 10 + numbers.below(150);
    const size = runs.reduce((sum, { length }) => sum + length, 0);
    const found = cellsOf(runs, ({ kind }) => kind, cells);
    deepStrictEqual(found.length, cells);
    for (const kind of [0, 1, 2]) {
      const bytes = runs.reduce((sum, run) => run.kind === kind ? sum + run.length : sum, 0);
      const share = cells * bytes / size;
      const got = found.filter((other) => other === kind).length;
      ok(Math.abs(got - share) <= 1.5, `${got} cells for ${share}`);
    }
  }
});
