import { strictEqual } from "node:assert/strict";
import { portableCodec } from "../../src/codec/portable.ts";
import { ZeroChunk } from "../../src/codec/zero_chunk.ts";
import { toHex } from "../../src/core/bytes.ts";
import type { DigestName } from "../../src/core/chunk.ts";

Deno.test("the chunk of zeros is the one with their digest, whatever the digest and the largest size", () => {
  const digests: readonly DigestName[] = ["sha512-256", "sha256"];
  for (const digest of digests) {
    for (const max of [256 * 1024, 64 * 1024, 100_000]) {
      const zeros = new ZeroChunk({ digest, sizes: { min: 1, avg: 2, max } }, portableCodec);
      const id = toHex(portableCodec.digest(digest, new Uint8Array(max)));
      strictEqual(zeros.is(id, max), true, `${digest} ${max}`);
      strictEqual(zeros.is(id, max - 1), false);
      strictEqual(zeros.is(toHex(portableCodec.digest(digest, new Uint8Array(max - 1))), max), false);
      strictEqual(zeros.bytes().length, max);
    }
  }
});
