/** The ciphers of chunks. That both programs read each other's is shown in tests/interop/encryption_test.ts. */
import { deepStrictEqual, notDeepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { CHUNK_CIPHERS, type ChunkCipherName } from "../../../src/core/chunk_key.ts";
import { fromHex } from "../../../src/core/bytes.ts";
import { extendNonce } from "../../../src/deno/codec/extended_nonce.ts";
import { chunkCipher } from "../../../src/deno/codec/native_cipher.ts";
import { Random } from "../../support/random.ts";
import { canEncrypt } from "../../support/data/ciphers.ts";
import { sameBytes } from "../../support/same_bytes.ts";

Deno.test("HChaCha20 is that of its draft (2.2.1)", () => {
  const key = fromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const nonce = fromHex("000000090000004a00000000314159270102030405060708");
  const extended = extendNonce(key, nonce);
  sameBytes(extended.key, fromHex("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"));
  sameBytes(extended.nonce, fromHex("000000000102030405060708"));
});

/** The key of desync's own tests, and an uncompressed chunk that desync 1.0.4 made with it. */
const KEY = fromHex("6368616e676520746869732070617373776f726420746f206120736563726574");
const TEXT = new TextEncoder().encode("hello, encrypted chunk\n");
const SEALED: Record<ChunkCipherName, string> = {
  "xchacha20-poly1305": "57198ccb5e54aa0056e16fd0cab93c5a6bd08c25303082473b91510621902d5c" +
    "68dd054c1325f429cdd30610c552b9e692ecc671f62e22bbdfc9e06ca88c63",
  "aes-256-gcm": "f45f399924de2c499278e00ee69646932af5644c2c6a313a899e4c5834c574bc" +
    "0b43338f9b968e62a52aee0edc2814c9c9c712",
};

for (const name of CHUNK_CIPHERS) {
  Deno.test(`${name}: a chunk of desync's is opened, under its name`, { ignore: !canEncrypt(name) }, () => {
    const cipher = chunkCipher(name, KEY);
    strictEqual(cipher.key.suffix, `.${name}-50d64035`);
    sameBytes(cipher.open(fromHex(SEALED[name])), TEXT);
  });

  Deno.test(`${name}: what was sealed is opened, and nothing else is`, { ignore: !canEncrypt(name) }, () => {
    const random = new Random(31);
    const cipher = chunkCipher(name, random.bytes(32));
    for (const length of [0, 1, 16, 1000, 70_000]) {
      const bytes = random.bytes(length);
      const [one, other] = [cipher.seal(bytes), cipher.seal(bytes)];
      strictEqual(one.length, length + cipher.overhead);
      notDeepStrictEqual(one, other);
      const opened = cipher.open(one);
      sameBytes(opened, bytes);
      // Node's own kind of bytes has slices that are no copies.
      strictEqual(opened.constructor, Uint8Array);
      const changed = one.slice();
      changed[random.below(one.length)] ^= 1 << random.below(8);
      const wrong = { code: "invalid-chunk", message: /^it cannot be decrypted: / };
      throws(() => cipher.open(changed), wrong);
      throws(() => cipher.open(one.subarray(0, -1)), wrong);
      throws(() => cipher.open(one.subarray(0, cipher.overhead - 1)), wrong);
      throws(() => cipher.open(new Uint8Array(0)), wrong);
      throws(() => chunkCipher(name, random.bytes(32)).open(one), wrong);
    }
  });

  Deno.test(`${name}: a key has 32 bytes, and is the caller's`, { ignore: !canEncrypt(name) }, () => {
    throws(() => chunkCipher(name, new Uint8Array(31)), { code: "usage", message: /31 bytes/ });
    const key = new Random(33).bytes(32);
    const cipher = chunkCipher(name, key);
    const sealed = cipher.seal(TEXT);
    key.fill(0);
    sameBytes(cipher.open(sealed), TEXT);
  });
}

Deno.test("the names of one key's ciphers end with the same id", () => {
  const ids = CHUNK_CIPHERS.map((name) => chunkCipher(name, KEY).key.suffix.replace(name, ""));
  deepStrictEqual(new Set(ids).size, 1);
});
