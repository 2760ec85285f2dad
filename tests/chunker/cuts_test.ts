import assert from "node:assert/strict";
import { CandidateList, divisor, LEAD_IN, scanCandidates } from "../../src/chunker/candidates.ts";
import { Cutter, guessCuts } from "../../src/chunker/cuts.ts";
import { cutPoints } from "../../src/chunker/find.ts";
import type { ChunkSizes } from "../../src/core/chunk.ts";
import { DEFAULT_CHUNK_SIZES, discriminator } from "../../src/chunker/params.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { Random, random } from "../support/random.ts";
import { amount } from "../support/thorough.ts";
import { cutsInParts, dataOfAllKinds, randomSizes, referenceCuts, sizes } from "./reference.ts";

/** Checks both ways of cutting against the plain rule, and what every index must hold. */
function checkCuts(bytes: Uint8Array, chunkSizes: ChunkSizes, rng: Random, what: string): void {
  const { min, avg, max } = chunkSizes;
  const about = `${what}, ${bytes.length} bytes, sizes ${min}:${avg}:${max}`;
  const expected = referenceCuts(bytes, chunkSizes);
  assert.deepEqual(cutPoints(bytes, chunkSizes), expected, `front to back: ${about}`);
  const largest = 1 + rng.below(1 + rng.below(2 * max));
  assert.deepEqual(
    cutsInParts(bytes, chunkSizes, () => 1 + rng.below(largest)),
    expected,
    `in parts of up to ${largest}: ${about}`,
  );
}

Deno.test("cuts are those of the plain rule, whatever the data, the sizes and the parts", () => {
  const rng = random();
  for (let round = 0; round < amount(40, 150); round++) {
    const chunkSizes = randomSizes(rng);
    for (const [kind, bytes] of Object.entries(dataOfAllKinds(rng, rng.below(8000)))) {
      checkCuts(bytes, chunkSizes, rng, kind);
    }
  }
});

Deno.test("cuts of a few megabytes, in parts of odd sizes", () => {
  const rng = random();
  const bytes = rng.bytes(2_000_003);
  bytes.fill(0, 500_000, 1_100_000);
  for (const chunkSizes of [DEFAULT_CHUNK_SIZES, sizes(1024, 4096, 16384), sizes(1000, 4097, 16385)]) {
    const expected = referenceCuts(bytes, chunkSizes);
    assert.deepEqual(cutPoints(bytes, chunkSizes), expected);
    for (const size of [100_003, 262_144, 999_999]) {
      assert.deepEqual(cutsInParts(bytes, chunkSizes, () => size), expected, `parts of ${size}`);
    }
  }
});

Deno.test("cuts are those that casync made of the same bytes", async () => {
  // Made by: casync make --chunk-size=MIN:AVG:MAX x.caibx file, of 1 MB from Random(20240229) with zeros in its middle.
  const bytes = new Random(20240229).bytes(1_000_000);
  bytes.fill(0, 400_000, 500_000);
  const made: [[number, number, number], number, string][] = [
    [[16384, 65536, 262144], 10, "34a57185aaa4dae1b7df8a3f9a8f2769d6268a20cf5c9cd16705ed8522e215a6"],
    [[1024, 4096, 16384], 223, "f84b3e2985f1916b029e95cc82824a49aab83e80e26f45a965db97f6afeefd4f"],
    [[47, 256, 1024], 3838, "c0c5ca12caca2d57574720486e1478ac7fb79915690b0e5ca13592a3a56a8ebd"],
    [[1, 200, 1000], 4697, "9a22d6b6855c8dd4669b6c09ac821638c320eedfd5f054c294035457991479a6"],
    [[100, 100, 400], 4846, "98ef3d3b5abaa0bf3f394a1927d6df28ad95997a49814c0cb46f3c9e188f3552"],
    [[60, 128, 512], 5997, "2de1b2ae83ca0ece0712fed72ec10003bae7294ae100c37765f597d7317ebf22"],
    [[4096, 4096, 4096], 245, "fd67e4d49726e4f5564486959a253ae97a4ce8e40e97c926465b021b3119d3fb"],
  ];
  for (const [[min, avg, max], count, digest] of made) {
    const cuts = cutPoints(bytes, sizes(min, avg, max));
    const text = new TextEncoder().encode(cuts.join("\n"));
    const found = new Uint8Array(await crypto.subtle.digest("SHA-256", text)).toHex();
    assert.deepEqual([cuts.length, found], [count, digest], `${min}:${avg}:${max}`);
  }
});

Deno.test("no bytes, no chunks", () => {
  for (const chunkSizes of [DEFAULT_CHUNK_SIZES, sizes(10, 10, 10)]) {
    assert.deepEqual(cutPoints(new Uint8Array(0), chunkSizes), []);
    assert.deepEqual(new Cutter(chunkSizes).finish(0), []);
  }
});

Deno.test("data shorter than the minimum, or just as long, is one chunk", () => {
  const rng = random();
  for (const length of [1, 47, 48, 49, 999, 1000]) {
    const bytes = rng.bytes(length);
    assert.deepEqual(cutPoints(bytes, sizes(1000, 4000, 16000)), [length]);
    assert.deepEqual(cutsInParts(bytes, sizes(1000, 4000, 16000), () => 7), [length]);
  }
});

Deno.test("data without candidates is cut at the maximum, and ends there without an empty chunk", () => {
  const zeros = new Uint8Array(48_001);
  const chunkSizes = sizes(1000, 4000, 16000);
  assert.deepEqual(cutPoints(zeros.subarray(0, 16_000), chunkSizes), [16_000]);
  assert.deepEqual(cutPoints(zeros.subarray(0, 16_001), chunkSizes), [16_000, 16_001]);
  assert.deepEqual(cutPoints(zeros.subarray(0, 48_000), chunkSizes), [16_000, 32_000, 48_000]);
  assert.deepEqual(cutsInParts(zeros, chunkSizes, () => 5000), [16_000, 32_000, 48_000, 48_001]);
});

Deno.test("a candidate at exactly the minimum is a cut (desync 1.0.4 passes over it)", () => {
  // 1:1:48 makes every position a candidate from 48 on; 60:60:1000 has d = 60.
  const rng = random();
  const chunkSizes = sizes(60, 60, 1000);
  let seen = 0;
  for (let i = 0; i < 2000; i++) {
    const bytes = rng.bytes(100);
    const [first] = referenceCuts(bytes, chunkSizes);
    if (first === 60) seen++;
    assert.equal(cutPoints(bytes, chunkSizes)[0], first);
    assert.equal(cutsInParts(bytes, chunkSizes, () => 60)[0], first);
  }
  assert.ok(seen > 5, `only ${seen} of 2000 were cut at the minimum`);
});

Deno.test("with a minimum below the window, the first test is made where one window fits", () => {
  const bytes = new Uint8Array(200); // d = 1: every position is a candidate
  for (const [min, max] of [[1, 48], [1, 1000], [47, 60]]) {
    const chunkSizes = sizes(min, min, max);
    const cuts = cutPoints(bytes, chunkSizes);
    if (min === 1) assert.deepEqual(cuts, [48, 96, 144, 192, 200]);
    assert.deepEqual(cutsInParts(bytes, chunkSizes, () => 1), cuts);
    assert.deepEqual(cuts, referenceCuts(bytes, chunkSizes));
  }
});

Deno.test("a fixed size does not look at the data", () => {
  const bytes = new Uint8Array(200);
  assert.deepEqual(cutPoints(bytes, sizes(60, 60, 60)), [60, 120, 180, 200]);
  assert.deepEqual(cutPoints(bytes, sizes(100, 100, 100)), [100, 200]);
  assert.deepEqual(cutPoints(bytes.subarray(0, 3), sizes(1, 1, 1)), [1, 2, 3]);
  const cutter = new Cutter(sizes(60, 60, 60));
  assert.equal(cutter.needsCandidates, false);
  assert.deepEqual(cutter.finish(200), [60, 120, 180, 200]);
  assert.deepEqual(cutsInParts(bytes, sizes(10, 10, 10), () => 33).length, 20);
});

Deno.test("cuts come as soon as they are decided", () => {
  const cutter = new Cutter(sizes(100, 400, 1000));
  assert.equal(cutter.needsCandidates, true);
  assert.deepEqual(cutter.push({ start: 0, end: 300, positions: Uint32Array.of(99, 100, 250) }), [100, 250]);
  assert.deepEqual(cutter.push({ start: 300, end: 1249, positions: Uint32Array.of(49) }), []);
  assert.deepEqual(cutter.push({ start: 1249, end: 1250, positions: Uint32Array.of() }), [1250]);
  assert.deepEqual(cutter.push({ start: 1250, end: 2600, positions: Uint32Array.of(1000) }), [2250]);
  assert.deepEqual(cutter.finish(2600), [2600]);
});

Deno.test("positions beyond four gigabytes are exact", () => {
  const far = 2 ** 40;
  const cutter = new Cutter(sizes(128 << 20, 128 << 20, 128 << 20));
  assert.equal(cutter.push({ start: 0, end: far, positions: new Uint32Array(0) }).length, far / (128 << 20));
  assert.deepEqual(cutter.finish(far + 1), [far + 1]);
});

Deno.test("parts out of order, missing, or beyond the end are refused", () => {
  const none = new Uint32Array(0);
  const isUsage = (error: unknown): boolean => error instanceof DesyncError && error.code === "usage";
  const cutter = new Cutter(DEFAULT_CHUNK_SIZES);
  cutter.push({ start: 0, end: 1000, positions: none });
  assert.throws(() => cutter.push({ start: 1001, end: 2000, positions: none }), isUsage);
  assert.throws(() => cutter.push({ start: 0, end: 2000, positions: none }), isUsage);
  assert.throws(() => cutter.push({ start: 1000, end: 999, positions: none }), isUsage);
  assert.throws(() => cutter.finish(1001), isUsage);
  assert.throws(() => cutter.finish(999), isUsage);
  assert.deepEqual(cutter.finish(1000), [1000]);
});

Deno.test("invalid sizes are refused before anything is cut", () => {
  const wrong = sizes(30, 40, 44);
  assert.throws(() => new Cutter(wrong), DesyncError);
  assert.throws(() => cutPoints(new Uint8Array(0), wrong), DesyncError);
});

Deno.test("guessed chunks are cut by the rule, and are those of the blob from a common cut on", () => {
  const rng = random();
  let met = 0;
  for (let round = 0; round < amount(40, 150); round++) {
    const chunkSizes = randomSizes(rng);
    if (chunkSizes.min === chunkSizes.max) continue; // nothing is scanned then
    for (const [kind, bytes] of Object.entries(dataOfAllKinds(rng, 1 + rng.below(8000)))) {
      const start = rng.below(4) === 0 ? 0 : rng.below(bytes.length);
      const end = start + rng.below(bytes.length - start + 1);
      const list = new CandidateList();
      const leadIn = Math.min(start, LEAD_IN);
      const prepared = divisor(discriminator(chunkSizes));
      scanCandidates(bytes.subarray(start - leadIn, end), leadIn, leadIn + end - start, prepared, list);
      const guessed = guessCuts({ start, end, positions: list.positions }, chunkSizes)
        .map((position) => start + position);
      const about = `${kind}, ${start} to ${end} of ${bytes.length}, ${JSON.stringify(chunkSizes)}`;
      if (guessed.length === 0) {
        assert.ok(start > 0 && list.length === 0, about);
        continue;
      }
      const [first, ...others] = guessed;
      assert.equal(first, start === 0 ? 0 : start + list.positions[0], about);
      const byRule = referenceCuts(bytes.subarray(first), chunkSizes).map((cut) => first + cut);
      assert.deepEqual(others, byRule.filter((cut) => cut < end || others.includes(cut)), about);

      const cuts = referenceCuts(bytes, chunkSizes);
      const common = guessed.find((cut) => cuts.includes(cut));
      if (common === undefined) continue;
      const inBlob = cuts.filter((cut) => cut >= common && cut < end);
      assert.deepEqual(guessed.filter((cut) => cut >= common && cut < end), inBlob, about);
      if (first !== 0 && inBlob.length > 1) met++;
    }
  }
  assert.ok(met > 10, `only ${met} guesses met the cuts of the blob`);
});
