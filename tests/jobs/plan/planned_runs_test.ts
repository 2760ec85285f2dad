import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type KindRun, runsOf } from "../../../src/jobs/plan/planned_runs.ts";
import { random } from "../../support/random.ts";

function chunks(lengths: readonly number[]): Float64Array {
  let end = 0;
  return Float64Array.from(lengths, (length) => end += length);
}

function bytesByKind(runs: readonly KindRun[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { kind, length } of runs) sums.set(kind, (sums.get(kind) ?? 0) + length);
  return sums;
}

Deno.test("neighbours of one kind are one run", () => {
  deepStrictEqual(runsOf(chunks([5, 7, 1, 2]), [0, 0, 3, 0]), {
    runs: [
      { offset: 0, length: 12, kind: 0 },
      { offset: 12, length: 1, kind: 3 },
      { offset: 13, length: 2, kind: 0 },
    ],
    precision: 0,
  });
  deepStrictEqual(runsOf(chunks([]), []), { runs: [], precision: 0 });
});

Deno.test("too many runs are sorted within spans, and no byte is lost or moved further than a span", () => {
  const numbers = random();
  const lengths = Array.from({ length: 3000 }, () => 1 + numbers.below(100));
  const kinds = lengths.map(() => numbers.below(4));
  const ends = chunks(lengths);
  const exact = runsOf(ends, kinds, Infinity);
  const { runs, precision } = runsOf(ends, kinds, 50);
  strictEqual(exact.precision, 0);
  strictEqual(precision, Math.ceil(ends[ends.length - 1] / 50));
  ok(runs.length <= 4 * 50);
  let end = 0;
  for (const { offset, length } of runs) {
    strictEqual(offset, end);
    end += length;
  }
  strictEqual(end, ends[ends.length - 1]);
  deepStrictEqual([...bytesByKind(runs)].sort(), [...bytesByKind(exact.runs)].sort());
  // Up to the end of any span each kind has what it has in truth.
  const upTo = (all: readonly KindRun[], kind: number, at: number) =>
    all.reduce(
      (sum, run) => run.kind === kind ? sum + Math.max(0, Math.min(run.length, at - run.offset)) : sum,
      0,
    );
  for (let at = precision; at < end; at += 7 * precision) {
    for (const kind of [0, 1, 2, 3]) strictEqual(upTo(runs, kind, at), upTo(exact.runs, kind, at));
  }
});
