import assert from "node:assert/strict";
import {
  checkChunkSizes,
  DEFAULT_CHUNK_SIZES,
  discriminator,
  isFixedSize,
} from "../../src/chunker/params.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { sizes } from "./reference.ts";

const MiB = 1024 * 1024;

Deno.test("default sizes are casync's", () => {
  assert.deepEqual({ ...DEFAULT_CHUNK_SIZES }, { min: 16384, avg: 65536, max: 262144 });
  checkChunkSizes(DEFAULT_CHUNK_SIZES);
});

// Each line was tried with `casync make --chunk-size=MIN:AVG:MAX`.
const accepted = [
  [1, 1, 1],
  [10, 10, 10],
  [47, 47, 47],
  [48, 48, 48],
  [1, 1, 48],
  [1, 48, 48],
  [47, 47, 48],
  [64, 64, 65536],
  [1, 64, 128 * MiB],
  [128 * MiB, 128 * MiB, 128 * MiB],
];
for (const [min, avg, max] of accepted) {
  Deno.test(`sizes ${min}:${avg}:${max} are accepted`, () => checkChunkSizes(sizes(min, avg, max)));
}

const refused: [number, number, number, RegExp][] = [
  [0, 4, 100, /minimum \(0\) is below 1 byte/],
  [-5, 4, 100, /minimum \(-5\) is below 1 byte/],
  [5, 4, 100, /average \(4\) is below the minimum \(5\)/],
  [5, 100, 50, /maximum \(50\) is below the average \(100\)/],
  [30, 40, 44, /maximum \(44\) is below the 48 bytes/],
  [1, 1, 47, /maximum \(47\) is below the 48 bytes/],
  [46, 47, 47, /maximum \(47\) is below the 48 bytes/],
  [1, 64, 128 * MiB + 1, /above 128 MiB/],
  [128 * MiB + 1, 128 * MiB + 1, 128 * MiB + 1, /above 128 MiB/],
  [1.5, 64, 100, /minimum \(1.5\) is not a whole number/],
  [1, NaN, 100, /average \(NaN\) is not a whole number/],
  [1, 64, Infinity, /maximum \(Infinity\) is not a whole number/],
];
for (const [min, avg, max, message] of refused) {
  Deno.test(`sizes ${min}:${avg}:${max} are refused`, () => {
    assert.throws(
      () => checkChunkSizes(sizes(min, avg, max)),
      (error) => error instanceof DesyncError && error.code === "usage" && message.test(error.message),
    );
  });
}

Deno.test("sizes are fixed only when all three are the same", () => {
  assert.equal(isFixedSize(sizes(48, 48, 48)), true);
  assert.equal(isFixedSize(sizes(47, 48, 48)), false);
  assert.equal(isFixedSize(sizes(48, 48, 49)), false);
});

Deno.test("discriminator of the default sizes", () => {
  assert.equal(discriminator(DEFAULT_CHUNK_SIZES), 49535);
});

Deno.test("discriminator is kept between the minimum and the maximum", () => {
  assert.equal(discriminator(sizes(1, 1, 48)), 1); // 0.75 otherwise
  assert.equal(discriminator(sizes(1000, 1000, 1001)), 1000); // 750 otherwise
  assert.equal(discriminator(sizes(1, 8 * MiB, 16 * MiB)), 16 * MiB); // 63 MB otherwise
});

Deno.test("discriminator is the maximum where the formula turns negative", () => {
  assert.equal(discriminator(sizes(1, 12 * MiB, 16 * MiB)), 16 * MiB);
});
