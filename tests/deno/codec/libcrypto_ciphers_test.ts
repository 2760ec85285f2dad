import { notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { CHUNK_CIPHERS } from "../../../src/core/chunk_key.ts";
import { systemAead } from "../../../src/deno/codec/libcrypto_ciphers.ts";
import { canEncrypt } from "../../support/data/ciphers.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";

const TAG_BYTES = 16;
const NODE_NAMES = { "xchacha20-poly1305": "chacha20-poly1305", "aes-256-gcm": "aes-256-gcm" } as const;

for (const cipher of CHUNK_CIPHERS) {
  // Outside of the tests, since it stays open.
  const aead = systemAead(cipher);
  const name = NODE_NAMES[cipher] as "aes-256-gcm";
  const options = { authTagLength: TAG_BYTES };

  Deno.test({
    name: `${cipher} by the system's library: node:crypto opens what it seals, and the other way round`,
    ignore: aead === null || !canEncrypt(cipher),
    fn: () => {
      const rng = random();
      const lengths = [
        0,
        1,
        15,
        16,
        17,
        63,
        64,
        65,
        255,
        256,
        70_000,
        ...Array.from({ length: 20 }, () => rng.below(5000)),
      ];
      for (const length of lengths) {
        const [key, nonce, bytes] = [rng.bytes(32), rng.bytes(12), rng.bytes(length)];
        const start = rng.below(40);
        const sealed = new Uint8Array(start + length + TAG_BYTES + 1).fill(0xee);
        aead!.seal(key, nonce, bytes, sealed.subarray(start, -1));
        ok(
          sealed.every((byte, i) => byte === 0xee || i >= start && i < sealed.length - 1),
          "nothing around it",
        );
        const own = sealed.slice(start, -1);

        const opening = createDecipheriv(name, key, nonce, options);
        opening.setAuthTag(own.subarray(length));
        sameBytes(Uint8Array.from([...opening.update(own.subarray(0, length)), ...opening.final()]), bytes);
        const sealing = createCipheriv(name, key, nonce, options);
        sameBytes(
          Uint8Array.from([...sealing.update(bytes), ...sealing.final(), ...sealing.getAuthTag()]),
          own,
        );

        const changed = own.slice();
        changed[rng.below(changed.length)] ^= 1 << rng.below(8);
        strictEqual(aead!.open(key, nonce, changed), undefined, `${length} bytes`);
        strictEqual(aead!.open(key, rng.bytes(12), own.slice()), undefined);
        strictEqual(aead!.open(rng.bytes(32), nonce, own.slice()), undefined);
        const opened = aead!.open(key, nonce, own);
        notStrictEqual(opened, undefined);
        sameBytes(opened!, bytes);
      }
    },
  });
}
