import { strictEqual } from "node:assert/strict";
import { SIPHASH_KEY_BYTES, SipKey } from "../../../src/formats/archive/siphash.ts";
import { sipHashSlowly } from "../../support/data/archive_bytes.ts";
import { random } from "../../support/random.ts";

const paperKey = Uint8Array.from({ length: SIPHASH_KEY_BYTES }, (_, i) => i);

Deno.test("SipHash of the paper's example", () => {
  strictEqual(new SipKey(paperKey).hash(Uint8Array.from({ length: 15 }, (_, i) => i)), 0xa129ca6149be45e5n);
});

Deno.test("SipHash of every length is that of the plain definition", () => {
  const generator = random(7);
  for (let length = 0; length <= 300; length++) {
    const [key, bytes] = [generator.bytes(16), generator.bytes(length)];
    const view = new DataView(key.buffer);
    const words = [view.getBigUint64(0, true), view.getBigUint64(8, true)];
    strictEqual(new SipKey(key).hash(bytes), sipHashSlowly(bytes, words), `${length} bytes`);
  }
});
