import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Guesswork } from "../../src/transfer/guesses.ts";
import type { GuessedChunks } from "../../src/transfer/messages.ts";

const MEGABYTE = 2 ** 20;

/** Guesses with these ends; the id of each consists of its number. */
function guessed(chunks: readonly (readonly [start: number, end: number])[], hashedBytes = 0): GuessedChunks {
  return {
    starts: chunks.map(([start]) => start),
    ends: chunks.map(([, end]) => end),
    ids: Uint8Array.from({ length: 32 * chunks.length }, (_, i) => Math.floor(i / 32)),
    hashedBytes,
  };
}

Deno.test("a guess is used only for exactly the chunk that was guessed", () => {
  const guesses = new Guesswork().look(1000, guessed([[5, 10], [10, 30], [40, 60], [60, 70]]));
  const numberOf = (start: number, end: number) => guesses.idOf(1000 + start, 1000 + end)?.[0];
  // It began before the part, then before the first guess.
  deepStrictEqual([numberOf(-20, 3), numberOf(3, 10)], [undefined, undefined]);
  deepStrictEqual([numberOf(10, 30), numberOf(30, 40)], [1, undefined]);
  // It begins like one and ends elsewhere.
  deepStrictEqual([numberOf(40, 50), numberOf(50, 60)], [undefined, undefined]);
  deepStrictEqual([numberOf(60, 70), numberOf(70, 80)], [3, undefined]);
});

Deno.test("guessing stops when most guesses were wrong, not before", () => {
  const right = new Guesswork();
  for (let i = 0; i < 100; i++) {
    const part = right.look(i * MEGABYTE, guessed([[0, MEGABYTE]], MEGABYTE));
    ok(part.idOf(i * MEGABYTE, (i + 1) * MEGABYTE) !== undefined);
    ok(right.pays);
  }
  const wrong = new Guesswork();
  let parts = 0;
  for (; wrong.pays; parts++) wrong.look(parts * MEGABYTE, guessed([[0, MEGABYTE]], MEGABYTE));
  ok(parts > 1 && parts < 40, `${parts} parts`);
  strictEqual(wrong.pays, false);
});
