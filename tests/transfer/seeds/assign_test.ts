import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Index } from "../../../src/formats/index/index.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { assign, type Assignment } from "../../../src/transfer/seeds/assign.ts";
import { indexBytes, sha256Flags } from "../../support/data/index_bytes.ts";
import { random } from "../../support/random.ts";

/** An index of chunks of these kinds. Chunks of one kind have one length; kinds are counted from 0. */
function indexOf(kinds: readonly number[], flags?: bigint): Index {
  let end = 0;
  const items = kinds.map((kind) => ({
    id: kind.toString(16).padStart(64, "0"),
    end: end += 10 + (kind * 7) % 50,
  }));
  return parseIndex(
    indexBytes({ min: 1, avg: 50, max: 100, items, ...flags === undefined ? {} : { flags } }),
  );
}

/** For each chunk where it comes from, as `seed:chunk number`, `-` for none. */
function chosen(index: Index, seeds: readonly Index[], assignment: Assignment): string[] {
  return Array.from({ length: index.count }, (_, i) => {
    if (!assignment.has(i)) return "-";
    const [{ seed, offset }] = assignment.places(i);
    return `${seed}:${seeds[seed].chunkAt(offset)}`;
  });
}

function assigned(target: number[], ...seeds: number[][]): string[] {
  const [index, indexes] = [indexOf(target), seeds.map((seed) => indexOf(seed))];
  return chosen(index, indexes, assign(index, indexes));
}

Deno.test("the longest run is taken, in whichever seed, and what none has is nowhere", () => {
  deepStrictEqual(assigned([1, 2, 3]), ["-", "-", "-"]);
  deepStrictEqual(assigned([]), []);
  deepStrictEqual(assigned([1, 2, 3, 9], [1, 2, 7], [8, 1, 2, 3]), ["1:1", "1:2", "1:3", "-"]);
  deepStrictEqual(assigned([1, 2, 3], [1], [2, 3]), ["0:0", "1:0", "1:1"]);
  // No run goes from one seed into the next.
  deepStrictEqual(assigned([1, 2, 3], [1], [2, 3], [4, 1, 2]), ["2:1", "2:2", "1:1"]);
  // A chunk that is there several times is taken where the run goes on.
  deepStrictEqual(assigned([5, 1, 5, 2], [5, 1, 9, 5, 2]), ["0:0", "0:1", "0:3", "0:4"]);
  // Of equal ones, that which has not moved, then the first.
  deepStrictEqual(assigned([1, 9, 2], [1, 9, 2]), ["0:0", "0:1", "0:2"]);
  deepStrictEqual(assigned([1, 8, 3, 2], [1, 9, 2, 2]), ["0:0", "-", "-", "0:3"]);
  deepStrictEqual(assigned([1, 8, 2], [2, 1, 15, 2]), ["0:1", "-", "0:0"]);
  deepStrictEqual(assigned([1, 58, 2], [2, 1, 8, 2]), ["0:1", "-", "0:3"]);
});

Deno.test("every chunk of a seed is found, at a place that has it, and no run could be longer", () => {
  const generator = random();
  for (let turn = 0; turn < 300; turn++) {
    const kinds = 8 + generator.below(30);
    const some = (most: number) =>
      Array.from({ length: generator.below(most) }, () => generator.below(kinds));
    const base = some(60);
    const changed = () => base.flatMap((kind) => generator.below(6) === 0 ? some(4) : [kind]);
    const target = changed();
    const seeds = Array.from({ length: generator.below(4) }, changed);
    const index = indexOf(target);
    const indexes = seeds.map((seed) => indexOf(seed));
    const assignment = assign(index, indexes);
    for (const [i, kind] of target.entries()) {
      strictEqual(assignment.has(i), seeds.some((seed) => seed.includes(kind)));
      const places = assignment.places(i);
      for (const { seed, offset } of places) {
        const chunk = indexes[seed].chunkAt(offset);
        deepStrictEqual([indexes[seed].start(chunk), seeds[seed][chunk]], [offset, kind]);
      }
      strictEqual(new Set(places.map(({ seed }) => seed)).size, places.length);
      const having = seeds.filter((seed) => seed.includes(kind)).length;
      ok(places.length <= having && places.length >= Math.min(1, having), String(places.length));
    }
    checkRuns(target, seeds, index, indexes, assignment);
  }
});

function checkRuns(
  target: number[],
  seeds: number[][],
  index: Index,
  indexes: Index[],
  assignment: Assignment,
): void {
  let next = 0;
  for (const { seed, first, end, from, to, length } of assignment.runs()) {
    for (; next < first; next++) ok(!assignment.has(next));
    strictEqual(to, index.start(first));
    strictEqual(length, index.ends[end - 1] - to);
    const chunk = indexes[seed].chunkAt(from);
    deepStrictEqual(target.slice(first, end), seeds[seed].slice(chunk, chunk + end - first));
    strictEqual(indexes[seed].start(chunk), from);
    // Its beginning was a free choice: none of all is longer, unless this one goes on at the end of the one before.
    const longest = Math.max(
      ...seeds.flatMap((other) => other.map((_, at) => common(target, first, other, at))),
    );
    ok(end - first >= longest, `${end - first} chunks from ${first} on, ${longest} would do`);
    next = end;
  }
  for (; next < target.length; next++) ok(!assignment.has(next));
}

function common(a: number[], i: number, b: number[], k: number): number {
  let length = 0;
  while (i + length < a.length && k + length < b.length && a[i + length] === b[k + length]) length++;
  return length;
}

Deno.test("a run ends before a chunk that is left out", () => {
  const index = indexOf([1, 2, 3, 4]);
  const runs = [...assign(index, [index]).runs((chunk) => chunk === 1)];
  deepStrictEqual(runs.map(({ first, end }) => [first, end]), [[0, 1], [2, 4]]);
});

Deno.test("what an index says of a chunk's size has to agree, and the digest", () => {
  const index = indexOf([1, 2]);
  const lying = parseIndex(indexBytes({
    min: 1,
    avg: 50,
    max: 100,
    items: [{ id: index.id(0), end: 16 }, { id: index.id(1), end: 16 + index.length(1) }],
  }));
  deepStrictEqual(chosen(index, [lying], assign(index, [lying])), ["-", "0:1"]);
  const other = indexOf([1, 2], sha256Flags);
  deepStrictEqual(chosen(index, [other], assign(index, [other])), ["-", "-"]);
});

Deno.test("a chunk that repeats very often does not take long", () => {
  const index = indexOf([...new Array(20_000).fill(1), 2, ...new Array(20_000).fill(1)]);
  const seed = indexOf([...new Array(30_000).fill(1), 2, ...new Array(30_000).fill(1)]);
  const assignment = assign(index, [seed]);
  strictEqual(Array.from({ length: index.count }, (_, i) => assignment.has(i)).includes(false), false);
});
