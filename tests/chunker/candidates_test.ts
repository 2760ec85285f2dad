import assert from "node:assert/strict";
import { BYTE_WORDS, hashWindow } from "../../src/chunker/buzhash.ts";
import { CandidateList, divisor, LEAD_IN, scanCandidates } from "../../src/chunker/candidates.ts";
import { random } from "../support/random.ts";
import { allowsCut, dataOfAllKinds } from "./reference.ts";

function candidates(bytes: Uint8Array, d: number, from = 0, to = bytes.length): number[] {
  const list = new CandidateList();
  assert.equal(scanCandidates(bytes, from, to, divisor(d), list), to);
  return [...list.positions];
}

function plainCandidates(bytes: Uint8Array, d: number, from = 0, to = bytes.length): number[] {
  const found = [];
  for (let end = from + 1; end <= to; end++) if (allowsCut(bytes, end, d)) found.push(end - from);
  return found;
}

Deno.test("candidates are those of the plain rule, for odd and even discriminators and all kinds of data", () => {
  const rng = random();
  const divisors = [1, 2, 3, 4, 5, 6, 7, 8, 12, 47, 48, 96, 100, 255, 256, 384, 1000, 1024, 3071, 3072];
  for (let i = 0; i < 40; i++) divisors.push(1 + rng.below(2 ** (1 + rng.below(12))));
  for (const d of divisors) {
    for (const [kind, bytes] of Object.entries(dataOfAllKinds(rng, 3000 + rng.below(10)))) {
      assert.deepEqual(candidates(bytes, d), plainCandidates(bytes, d), `d = ${d}, ${kind}`);
    }
  }
});

Deno.test("candidates are rare but not missed with large discriminators", () => {
  const rng = random();
  for (const d of [49535, 49536, 65280, 65536, 65537, 98304]) {
    const bytes = rng.bytes(1_000_000);
    assert.deepEqual(candidates(bytes, d), plainCandidates(bytes, d), `d = ${d}`);
  }
});

Deno.test("the test by multiplication is exact at its edges", () => {
  const rng = random();
  // Up to 2^27, the largest chunk, and beyond.
  const divisors = [1, 2, 3, 6, 49535, 49536, 2 ** 27 - 1, 2 ** 27, 2 ** 27 - 2 ** 13, 2 ** 30, 2 ** 31 - 1];
  for (let i = 0; i < 2000; i++) divisors.push(1 + rng.below(2 ** (1 + rng.below(31)) - 1));
  for (const d of divisors) {
    const { factor, threshold } = divisor(d);
    const passes = (x: number): boolean => Math.imul(x, factor) >>> 0 <= threshold;
    const largest = Math.floor(0xffffffff / d);
    for (const q of [0, 1, 2, largest - 1, largest, rng.below(largest + 1)]) {
      if (q >= 0 && q <= largest) assert.ok(passes(q * d), `${q} * ${d} is held back`);
    }
    // A filter that let everything through would be right, but slow.
    let passed = 0;
    for (let i = 0; i < 200; i++) if (passes(rng.uint32())) passed++;
    assert.ok(passed <= 200 / Math.sqrt(d) * 3 + 10, `${passed} of 200 pass for ${d}`);
  }
});

/** 48 bytes whose hash is the largest: 44 zeros and four bytes that are found by meeting in the middle. */
function windowOfLargestHash(): Uint8Array<ArrayBuffer> {
  const turn = (word: number, bits: number): number =>
    bits === 0 ? word : (word << bits) | (word >>> (32 - bits));
  const window = new Uint8Array(48);
  for (let salt = 0; salt < 256; salt++) {
    window.fill(0, 44);
    window[0] = salt;
    // What the last four bytes have to add, on top of what they add as zeros.
    const missing = ~hashWindow(window, 48) ^ turn(BYTE_WORDS[0], 3) ^ turn(BYTE_WORDS[0], 2) ^
      turn(BYTE_WORDS[0], 1) ^ BYTE_WORDS[0];
    const pairs = new Map<number, number>();
    for (let i = 0; i < 65536; i++) pairs.set(turn(BYTE_WORDS[i >> 8], 3) ^ turn(BYTE_WORDS[i & 255], 2), i);
    for (let i = 0; i < 65536; i++) {
      const other = pairs.get(missing ^ turn(BYTE_WORDS[i >> 8], 1) ^ BYTE_WORDS[i & 255]);
      if (other === undefined) continue;
      window.set([other >> 8, other & 255, i >> 8, i & 255], 44);
      return window;
    }
  }
  throw new Error("no such window was found");
}

Deno.test("the largest hash, where adding one wraps to zero, is a candidate for powers of two alone", () => {
  const window = windowOfLargestHash();
  assert.equal(hashWindow(window, 48), -1);
  for (const before of [0, 5]) { // the first position, which is hashed anew, and one that is rolled to
    const bytes = new Uint8Array(before + 60);
    bytes.set(window, before);
    for (const d of [1, 2, 1024, 2 ** 27, 3, 6, 100, 49535, 49536, 2 ** 27 - 1]) {
      const powerOfTwo = (d & (d - 1)) === 0;
      assert.equal(
        candidates(bytes, d).includes(before + 48),
        powerOfTwo,
        `d = ${d}, ${before} bytes before`,
      );
    }
  }
});

Deno.test("a part is scanned without knowing more than its lead-in", () => {
  const rng = random();
  const bytes = rng.bytes(2000);
  const whole = candidates(bytes, 7);
  for (let i = 0; i < 300; i++) {
    const start = rng.below(i < 100 ? 100 : bytes.length);
    const end = start + rng.below(Math.min(bytes.length - start, 1 + rng.below(200)) + 1);
    const leadIn = Math.min(start, LEAD_IN);
    const found = candidates(bytes.slice(start - leadIn, end), 7, leadIn);
    const expected = whole.filter((position) => position > start && position <= end);
    assert.deepEqual(found.map((position) => start + position), expected, `part ${start} to ${end}`);
  }
});

Deno.test("nothing is a candidate with fewer than 48 bytes before it", () => {
  const bytes = new Uint8Array(60);
  assert.deepEqual(candidates(bytes.subarray(0, 47), 1), []);
  assert.deepEqual(candidates(bytes.subarray(0, 48), 1), [48]);
  assert.deepEqual(candidates(bytes, 1, 0, 50), [48, 49, 50]);
  assert.deepEqual(candidates(bytes, 1, 50, 50), []);
  assert.deepEqual(candidates(bytes, 1, 49, 51), [1, 2]);
});

Deno.test("a scan pauses when its list is full, and can be resumed", () => {
  const rng = random();
  const bytes = rng.bytes(1000);
  for (const d of [1, 2, 7, 50]) {
    for (const capacity of [1, 2, 7, 300]) {
      const list = new CandidateList(capacity);
      const found: number[] = [];
      for (let from = 0; from < bytes.length;) {
        list.clear();
        const to = scanCandidates(bytes, from, bytes.length, divisor(d), list);
        assert.ok(list.length <= capacity && list.positions.buffer.byteLength <= 4 * capacity);
        for (const position of list.positions) found.push(from + position);
        from = to;
      }
      assert.deepEqual(found, plainCandidates(bytes, d), `d = ${d}, capacity ${capacity}`);
    }
  }
});
