import { deepStrictEqual, ok } from "node:assert/strict";
import { HOLE_BLOCK, splitZeros } from "../../../src/deno/output/zero_runs.ts";
import { random } from "../../support/random.ts";

type Run = [kind: "data" | "zeros", from: number, to: number];

function runsOf(bytes: Uint8Array, offset: number): Run[] {
  const runs: Run[] = [];
  splitZeros(
    bytes,
    offset,
    (from, to) => runs.push(["data", from, to]),
    (from, to) => runs.push(["zeros", from, to]),
  );
  return runs;
}

Deno.test("runs of zeros are whole blocks of the file, but at the ends of the bytes", () => {
  const [one, zeros] = [new Uint8Array(HOLE_BLOCK).fill(1), new Uint8Array(3 * HOLE_BLOCK)];
  deepStrictEqual(runsOf(new Uint8Array(0), 5), []);
  deepStrictEqual(runsOf(zeros, 0), [["zeros", 0, 3 * HOLE_BLOCK]]);
  deepStrictEqual(runsOf(zeros, 5), [["zeros", 0, 3 * HOLE_BLOCK]]);
  deepStrictEqual(runsOf(one, 7), [["data", 0, HOLE_BLOCK]]);
  const both = new Uint8Array([...one, ...zeros, ...one]);
  deepStrictEqual(runsOf(both, 0), [
    ["data", 0, HOLE_BLOCK],
    ["zeros", HOLE_BLOCK, 4 * HOLE_BLOCK],
    ["data", 4 * HOLE_BLOCK, 5 * HOLE_BLOCK],
  ]);
  // The zeros begin and end inside of blocks that hold something else.
  deepStrictEqual(runsOf(both, 100), [
    ["data", 0, 2 * HOLE_BLOCK - 100],
    ["zeros", 2 * HOLE_BLOCK - 100, 4 * HOLE_BLOCK - 100],
    ["data", 4 * HOLE_BLOCK - 100, 5 * HOLE_BLOCK],
  ]);
});

Deno.test("the runs of any bytes cover all of them in order, each with the right kind", () => {
  const source = random();
  for (let round = 0; round < 200; round++) {
    const bytes = new Uint8Array(source.below(40_000));
    for (let i = source.below(6); i > 0; i--) {
      const at = source.below(bytes.length + 1);
      bytes.set(source.bytes(Math.min(source.below(9_000), bytes.length - at)), at);
    }
    const offset = source.below(3) === 0 ? source.below(5) * HOLE_BLOCK : source.uint32() * 1000;
    let end = 0;
    let before = "";
    for (const [kind, from, to] of runsOf(bytes, offset)) {
      ok(from === end && to > from && kind !== before);
      [end, before] = [to, kind];
      const blocks = Math.ceil((offset + to) / HOLE_BLOCK);
      for (let block = Math.floor((offset + from) / HOLE_BLOCK); block < blocks; block++) {
        const start = Math.max(block * HOLE_BLOCK - offset, from);
        const part = bytes.subarray(start, Math.min((block + 1) * HOLE_BLOCK - offset, to));
        ok(part.some((byte) => byte !== 0) === (kind === "data"), `${kind} ${start}`);
      }
    }
    ok(end === bytes.length);
  }
});
