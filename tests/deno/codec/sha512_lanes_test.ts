/** Digests of several pieces at a time are those that node:crypto makes. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { lanesOf, sha512256Lanes } from "../../../src/deno/codec/lanes/sha512_lanes.ts";
import { vectors } from "../../../src/deno/codec/lanes/processor.ts";
import { systemSha512256 } from "../../../src/deno/codec/libcrypto.ts";
import { toHex } from "../../../src/core/bytes.ts";
import { random } from "../../support/random.ts";
import { sha512256 } from "../../support/sha.ts";

// Outside of the tests, since it stays open.
const has = vectors();
const reference = systemSha512256();
const plain = has?.wide && reference ? lanesOf(false, reference) : null;
const ternary = has?.ternary && reference ? lanesOf(true, reference) : null;
const probed = reference && sha512256Lanes(reference);
const broken = reference && sha512256Lanes((bytes) => {
  const digest = reference(bytes);
  if (bytes.length === 4000) digest[31] ^= 1;
  return digest;
});

for (const [name, digestAll] of [["AVX2", plain], ["AVX-512VL", ternary]] as const) {
  Deno.test({
    name: `by lanes with ${name}: pieces of any length, any number of them, at any place`,
    ignore: digestAll === null,
    fn: () => {
      const rng = random();
      const bytes = rng.bytes(300_000);
      const groups = Array.from({ length: 40 }, (_, i) => i); // so many pieces
      for (const count of groups) {
        for (const longest of [0, 1, 127, 128, 300, 5000, 100_000]) {
          const pieces = Array.from({ length: count }, () => {
            const length = rng.below(longest + 1);
            const start = rng.below(bytes.length - length + 1);
            return bytes.subarray(start, start + length);
          });
          const digests = digestAll!(pieces).map(toHex);
          deepStrictEqual(digests, pieces.map(sha512256), `${count} pieces of up to ${longest}`);
        }
      }
      const all = Array.from({ length: 600 }, (_, i) => bytes.subarray(i, 2 * i));
      deepStrictEqual(digestAll!(all).map(toHex), all.map(sha512256));
    },
  });
}

Deno.test({
  name: "small arrays that V8 keeps in its own heap are hashed right, and own digests come back",
  ignore: probed === null,
  fn: () => {
    for (let i = 0; i < 2000; i++) {
      const pieces = Array.from({ length: 5 }, (_, j) => new Uint8Array(60).fill(i + j));
      const digests = probed!(pieces);
      deepStrictEqual(digests.map(toHex), pieces.map(sha512256));
      strictEqual(digests[0].buffer.byteLength, 32);
    }
  },
});

Deno.test("lanes are there where the processor has the vectors, unless a digest is wrong", {
  ignore: reference === null,
}, () => {
  strictEqual(probed !== null, has?.wide === true);
  strictEqual(broken, null);
});
