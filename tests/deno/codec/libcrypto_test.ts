import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { systemSha512256 } from "../../../src/deno/codec/libcrypto.ts";
import { toHex } from "../../../src/core/bytes.ts";
import { random } from "../../support/random.ts";
import { sha512256 } from "../../support/sha.ts";

// Outside of the tests, since it stays open.
const digest = systemSha512256();

Deno.test({
  name: "the system's library makes the digests that node:crypto makes, of any number of bytes at any place",
  ignore: digest === null,
  fn: () => {
    const rng = random();
    const bytes = rng.bytes(300_000);
    const lengths = Array.from({ length: 600 }, (_, i) => i);
    for (let i = 0; i < 50; i++) lengths.push(rng.below(bytes.length));
    for (const length of lengths) {
      const start = rng.below(bytes.length - length + 1);
      const part = bytes.subarray(start, start + length);
      strictEqual(toHex(digest!(part)), sha512256(part), `${length} bytes from ${start} on`);
    }
  },
});

Deno.test({
  name: "digests by the system's library own their memory",
  ignore: digest === null,
  fn: () => {
    const one = digest!(Uint8Array.of(1));
    const before = one.slice();
    digest!(Uint8Array.of(2));
    deepStrictEqual([one, one.buffer.byteLength], [before, 32]);
  },
});
