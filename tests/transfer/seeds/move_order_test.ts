import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  type Move,
  type MoveLimits,
  type MoveOrder,
  orderMoves,
} from "../../../src/transfer/seeds/move_order.ts";
import { amount, takingTurns } from "../../support/thorough.ts";
import { type Random, random } from "../../support/random.ts";

const inTurn = takingTurns(2, import.meta.url);

/** Cells of a file: each has the number of the chunk that it is a part of, and which part. */
type Cells = string[];

function place(cells: Cells, at: number, move: number, size: number): void {
  for (let i = 0; i < size; i++) cells[at + i] = `${move}.${i}`;
}

/** Does the moves in that order on a file that has all chunks where they are. Fails when one is not there any more. */
function play(moves: readonly Move[], { steps, dropped }: MoveOrder, limits: MoveLimits): void {
  const cells: Cells = [];
  for (const [i, { from, size }] of moves.entries()) place(cells, from, i, size);
  const memory = new Map<number, Cells>();
  const done = new Set(dropped);
  strictEqual(done.size, dropped.length);
  const largest = Math.max(0, ...moves.map(({ size }) => size));
  for (const { read, write } of steps) {
    for (const i of read) {
      const { from, size } = moves[i];
      const found = cells.slice(from, from + size);
      deepStrictEqual(found, Array.from({ length: size }, (_, part) => `${i}.${part}`), `move ${i} is gone`);
      memory.set(i, found);
    }
    const bytes = (numbers: Iterable<number>) => [...numbers].reduce((sum, i) => sum + moves[i].size, 0);
    ok(bytes(memory.keys()) <= limits.held + limits.step + 2 * largest, "too much in memory");
    for (const i of write) {
      const found = memory.get(i)!;
      for (const at of moves[i].to) place(cells, at, i, found.length);
      memory.delete(i);
      ok(!done.has(i), `move ${i} is done twice`);
      done.add(i);
    }
    ok(read.length + write.length > 0);
    ok(bytes(memory.keys()) <= limits.held + largest, "too much is held");
  }
  strictEqual(done.size, moves.length);
  for (const [i, { to, size }] of moves.entries()) {
    if (dropped.includes(i)) continue;
    for (const at of to) strictEqual(cells[at], `${i}.0`, `move ${i} of ${size} was overwritten`);
  }
}

/** Moves of chunks that lie one after the other, to where they are after a change. */
function ordered(sizes: readonly number[], order: readonly number[], shift = 0): Move[] {
  const to = new Map<number, number[]>();
  let end = shift;
  for (const i of order) {
    to.set(i, [...to.get(i) ?? [], end]);
    end += sizes[i];
  }
  let from = 0;
  return sizes.flatMap((size, i) => {
    const move = { from, size, to: to.get(i) ?? [] };
    from += size;
    return move.to.length === 0 || move.to.includes(move.from) ? [] : [move];
  });
}

function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function sizesOf(count: number, most: number, random: Random): number[] {
  return Array.from({ length: count }, () => 1 + random.below(most));
}

const numbers = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => from + i);
const NOTHING_HELD: MoveLimits = { step: 1, held: 0 };

Deno.test("nothing to move takes no steps", () => {
  deepStrictEqual(orderMoves([], NOTHING_HELD), { steps: [], dropped: [] });
});

Deno.test("what was shifted is moved without memory, whichever way and however far", () => {
  const noise = random();
  for (const shift of [1, 7, 40, 1000, -1, -7, -40]) {
    const sizes = sizesOf(200, 20, noise);
    const moves = shift > 0
      ? ordered(sizes, numbers(0, 200), shift)
      : ordered([-shift, ...sizes], numbers(1, 201));
    const order = orderMoves(moves, NOTHING_HELD);
    deepStrictEqual(order.dropped, []);
    play(moves, order, NOTHING_HELD);
  }
});

Deno.test("parts that change places are kept in memory a few chunks at a time", () => {
  const noise = random(1);
  for (const [first, second] of [[50, 50], [30, 70], [1, 99], [99, 1]]) {
    const sizes = sizesOf(100, 20, noise);
    const moves = ordered(sizes, [...numbers(first, first + second), ...numbers(0, first)]);
    const limits = { step: 1, held: 200 };
    const order = orderMoves(moves, limits);
    deepStrictEqual(order.dropped, [], `${first} and ${second}`);
    play(moves, order, limits);
  }
});

Deno.test("a circle that does not fit in memory is broken by giving up one chunk", () => {
  const moves = ordered(Array(100).fill(5), [...numbers(1, 100), 0]);
  const order = orderMoves(moves, NOTHING_HELD);
  strictEqual(order.dropped.length, 1);
  play(moves, order, NOTHING_HELD);
});

Deno.test("any order of any chunks, some twice and some nowhere, with any memory", () => {
  const noise = random();
  for (let turn = 0; turn < amount(300, 5000); turn++) {
    const count = 1 + noise.below(60);
    const sizes = sizesOf(count, [1, 4, 50][turn % 3], noise);
    const order = shuffled(count, noise).flatMap((i) => [[], [i], [i], [i, i]][noise.below(4)]);
    const moves = ordered(sizes, order, noise.below(3) * noise.below(40));
    const limits = { step: 1 + noise.below(100), held: noise.below(4) * noise.below(80) };
    play(moves, orderMoves(moves, limits), limits);
  }
});

Deno.test("with enough memory nothing is given up", () => {
  const noise = random();
  for (let turn = 0; turn < amount(30, 300); turn++) {
    const sizes = sizesOf(80, 30, noise);
    const moves = ordered(sizes, shuffled(80, noise));
    const limits = { step: 50, held: 80 * 30 };
    const order = orderMoves(moves, limits);
    deepStrictEqual(order.dropped, []);
    play(moves, order, limits);
  }
});

inTurn()("a hundred thousand moves are ordered in time that grows with their number", () => {
  const noise = random();
  const sizes = sizesOf(100_000, 30, noise);
  const order = orderMoves(ordered(sizes, numbers(0, sizes.length), 500), { step: 5000, held: 5000 });
  deepStrictEqual(order.dropped, []);
  ok(
    orderMoves(ordered(sizes, shuffled(sizes.length, noise)), { step: 5000, held: 50_000 }).steps.length > 10,
  );
});
