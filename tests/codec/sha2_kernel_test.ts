import { ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { DigestName } from "../../src/core/chunk.ts";
import { digestOf } from "../../src/codec/portable_digest.ts";
import { compileSha2 } from "../../src/codec/sha2_kernel.ts";
import { random } from "../support/random.ts";

const NAMES: readonly DigestName[] = ["sha256", "sha512-256"];

/** Around the ends of blocks, of their padding, and of what one call of the module takes. */
const PIECE = 3 * 65536;
const LENGTHS = [0, 1, 55, 56, 63, 64, 65, 111, 112, 119, 120, 127, 128, 129, 239, 240, 255, 256, 65536]
  .concat([PIECE - 129, PIECE - 17, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 112]);

Deno.test("WebAssembly gives the digests that OpenSSL gives, whatever the length", () => {
  const rnd = random();
  const bytes = rnd.bytes(2 * PIECE + 112);
  for (const name of NAMES) {
    const kernel = compileSha2(name);
    ok(kernel !== undefined, name);
    for (const length of LENGTHS) {
      const part = bytes.subarray(length % 7, length % 7 + Math.min(length, bytes.length - 7));
      strictEqual(kernel(part).toHex(), createHash(name).update(part).digest("hex"), `${name} of ${length}`);
    }
  }
});

Deno.test("without WebAssembly, digests are computed in JavaScript", () => {
  const { WebAssembly: ours } = globalThis;
  const digest = digestOf({});
  const noise = random().bytes(600);
  try {
    Reflect.deleteProperty(globalThis, "WebAssembly");
    for (const name of NAMES) {
      strictEqual(compileSha2(name), undefined);
      for (let length = 0; length < 300; length++) {
        const part = noise.subarray(length, 2 * length);
        strictEqual(
          digest(name, part).toHex(),
          createHash(name).update(part).digest("hex"),
          `${name}: ${length}`,
        );
      }
    }
  } finally {
    globalThis.WebAssembly = ours;
  }
});
