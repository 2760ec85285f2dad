import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { runAny } from "./process.ts";
import { givenTurn, pairs, share, turnsOf } from "./thorough.ts";

const letters = ["a", "b", "c", "d", "e"];

Deno.test("a share of cases has the first and the last, each once, and turns reach all of them", () => {
  deepStrictEqual(share(letters, 2, 0, false), ["a", "e"]);
  deepStrictEqual(share(letters, 3, 0, false), ["a", "c", "e"]);
  deepStrictEqual(share(letters, 3, 1, false), ["b", "d", "a"]);
  deepStrictEqual(share(letters, 9, 1, false), letters);
  deepStrictEqual([0, 1, 2, 3, 4, 5].flatMap((turn) => share(letters, 1, turn, false)), [...letters, "a"]);
  for (let count = 0; count <= 5; count++) {
    strictEqual(new Set(share(letters, count, 3, false)).size, count);
  }
});

Deno.test("pairs have every value of both lists", () => {
  deepStrictEqual(pairs(letters, [1, 2], false), [["a", 1], ["b", 2], ["c", 1], ["d", 2], ["e", 1]]);
  deepStrictEqual(pairs([1, 2], ["a", "b", "c"], false), [[1, "a"], [2, "b"], [1, "c"]]);
  deepStrictEqual(pairs([1], [], false), []);
});

Deno.test("DESYNC_TEST_THOROUGH=1 is every case, and nothing else is", async () => {
  const source = JSON.stringify(new URL("thorough.ts", import.meta.url).href);
  const script = `const { amount, pairs, share } = await import(${source});
    console.log(amount(1, 7), share([1, 2, 3], 1).length, pairs([1, 2], [3, 4]).length);`;
  for (const [value, counts] of [["1", "7 3 4"], ["0", "1 1 2"]]) {
    const env = { DESYNC_TEST_THOROUGH: value };
    const { stdout, stderr } = await runAny(Deno.execPath(), ["eval", script], { env });
    strictEqual(stdout.trim(), counts, stderr);
  }
});

const tried = (every: number, turn: number | undefined) => {
  const hasTurn = turnsOf(every, turn);
  return ["a", "b", "c", "d", "e"].filter(() => hasTurn());
};

Deno.test("of tests that take turns each is tried once in as many runs as there are turns", () => {
  deepStrictEqual([4, 5, 6].map((turn) => tried(3, turn)), [["b", "e"], ["c"], ["a", "d"]]);
});

Deno.test("without a turn all are tried", () => {
  deepStrictEqual(tried(3, undefined), ["a", "b", "c", "d", "e"]);
});

Deno.test("a turn that is not a number is an error, not the turn of no test", () => {
  deepStrictEqual([givenTurn("0"), givenTurn("17")], [0, 17]);
  for (const text of ["", "-1", "1.5", "all", "1e3"]) {
    throws(() => givenTurn(text), /give a whole number/, text);
  }
});
