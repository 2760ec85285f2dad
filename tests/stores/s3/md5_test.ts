import { strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { toHex } from "../../../src/core/bytes.ts";
import { md5 } from "../../../src/stores/s3/md5.ts";
import { Random } from "../../support/random.ts";

/** RFC 1321, A.5. */
const suite: [text: string, digest: string][] = [
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["a", "0cc175b9c0f1b6a831c399e269772661"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
  ["12345678901234567890".repeat(4), "57edf4a22be3c955ac49da2e2107b67a"],
];
Deno.test("MD5 of the RFC's suite, and of all lengths around a block, as node has it", () => {
  for (const [text, digest] of suite) strictEqual(toHex(md5(new TextEncoder().encode(text))), digest);
  const random = new Random(1);
  for (let length = 0; length < 200; length++) {
    const bytes = random.bytes(length);
    strictEqual(toHex(md5(bytes)), createHash("md5").update(bytes).digest("hex"), `${length} bytes`);
  }
});
