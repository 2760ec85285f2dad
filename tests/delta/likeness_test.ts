import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concat } from "../../src/core/bytes.ts";
import { Likeness } from "../../src/delta/likeness.ts";
import { baseOfFrame, plannedFrames } from "../../src/delta/planned_frames.ts";
import { sketch } from "../../src/delta/sketch.ts";
import { Index } from "../../src/formats/index/index.ts";
import { Random, random } from "../support/random.ts";

const BITS = 4;

Deno.test("the same bytes have the same samples wherever they lie, about as many as were wanted", () => {
  const generator = random();
  const [before, bytes] = [generator.bytes(777), generator.bytes(200_000)];
  const samples = [...sketch(bytes, BITS)];
  ok(Math.abs(samples.length - 200_000 / 16) < 2000, String(samples.length));
  const moved = [...sketch(concat([before, bytes]), BITS)];
  deepStrictEqual(moved.slice(-samples.length), samples);
  deepStrictEqual(sketch(bytes.subarray(0, 31), BITS), new Uint32Array(0));
  // Of runs of the same byte every shingle is sampled, or none.
  const runs = Array.from({ length: 256 }, (_, byte) => sketch(new Uint8Array(50_001).fill(byte), 1).length);
  ok(Math.max(...runs) === 1 && Math.min(...runs) === 0, "a repeated sample is left out");
  const alone = [...sketch(bytes.subarray(50_000, 50_400), 1)];
  const all = [...sketch(bytes, 1)].join();
  ok(alone.length > 100 && all.includes(alone.join()), "wherever the bytes are read four at a time");
});

Deno.test("samples are the same in every run", () => {
  deepStrictEqual([...sketch(new Random(7).bytes(500), 6)], EXPECTED);
});
// deno-fmt-ignore
const EXPECTED: number[] = [
  3595838794, 2024388756, 2935227435, 989499071, 1293133305, 111735454, 318839651,
];

Deno.test("a chunk is like those that have its bytes, the best first, and like no others", () => {
  const generator = random();
  const parts = Array.from({ length: 40 }, () => generator.bytes(8000));
  const likeness = new Likeness();
  for (const part of parts) likeness.add(sketch(part, BITS));
  const chunk = concat([
    parts[7].subarray(0, 7000),
    parts[30],
    generator.bytes(5000),
    parts[31].subarray(0, 2000),
  ]);
  deepStrictEqual(likeness.choose(sketch(chunk, BITS)), [30, 7, 31]);
  deepStrictEqual(likeness.choose(sketch(generator.bytes(9000), BITS)), []);
  deepStrictEqual(new Likeness().choose(sketch(chunk, BITS)), []);
  // All of five: four are enough.
  strictEqual(likeness.choose(sketch(concat(parts.slice(10, 15)), BITS)).length, 4);
});

Deno.test("of chunks that have the same bytes the first is taken, and bytes that all have say nothing", () => {
  const generator = random();
  const [common, own] = [generator.bytes(8000), generator.bytes(8000)];
  const likeness = new Likeness();
  for (let i = 0; i < 50; i++) likeness.add(sketch(common, BITS));
  likeness.add(sketch(own, BITS));
  likeness.add(sketch(own, BITS));
  deepStrictEqual(likeness.choose(sketch(concat([common, own]), BITS)), [50]);
});

Deno.test("frames have few chunks that are neighbours, and no more old bytes than zstd finds its way in", () => {
  const lengths = [...Array(6).fill(100_000), 1_500_000, 600_000, 20_000_000, 1];
  let end = 0;
  const ends = Float64Array.from(lengths, (length) => end += length);
  const index = new Index(
    { flags: 0n, sizes: { min: 1, avg: 100, max: 20_000_000 } },
    ends,
    new Uint8Array(32 * lengths.length),
  );
  const fresh = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  deepStrictEqual([...plannedFrames(index, fresh)], [[0, 1, 2, 3, 4, 5], [6], [7], [8], [9]]);
  deepStrictEqual([...plannedFrames(index, Int32Array.of(1, 3, 4))], [[1], [3, 4]]);
  const small = new Index(
    { flags: 0n, sizes: index.sizes },
    Float64Array.from({ length: 9 }, (_, i) => i + 1),
    new Uint8Array(32 * 9),
  );
  deepStrictEqual(
    [...plannedFrames(small, Int32Array.from({ length: 9 }, (_, i) => i))].map((f) => f.length),
    [8, 1],
  );
  deepStrictEqual([...plannedFrames(index, new Int32Array(0))], []);
  deepStrictEqual(baseOfFrame(index, [[5, 6, 7], [6, 0]], 9), [0, 5, 6, 7]);
  deepStrictEqual(baseOfFrame(index, [[5, 6, 7], [6, 0]], 3), [0, 5, 6]);
  deepStrictEqual(baseOfFrame(index, [[8], [1]], 9), [1]);
});
