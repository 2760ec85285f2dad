/** Compares bytes; deepStrictEqual needs minutes to show how two large arrays differ. */

import { fail } from "node:assert/strict";
import { Buffer } from "node:buffer";

/** Fails unless both hold the same bytes, and says where they first differ. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = "the bytes"): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const end = Math.min(actual.length, expected.length);
  for (let at = 0; at < end; at++) {
    if (actual[at] !== expected[at]) {
      fail(`${what}: byte ${at} is ${actual[at]} instead of ${expected[at]}`);
    }
  }
  if (actual.length !== expected.length) {
    fail(`${what}: ${actual.length} of them instead of ${expected.length}`);
  }
}
