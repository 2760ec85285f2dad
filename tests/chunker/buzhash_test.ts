import assert from "node:assert/strict";
import { BYTE_WORDS, hashWindow, LEAVING_WORDS } from "../../src/chunker/buzhash.ts";
import { random } from "../support/random.ts";

Deno.test("the table is casync's", async () => {
  assert.equal(BYTE_WORDS.length, 256);
  // Spot values, and a digest over all values in little-endian form.
  assert.equal(BYTE_WORDS[0] >>> 0, 0x458be752);
  assert.equal(BYTE_WORDS[255] >>> 0, 0xd95ddf11);
  const view = new DataView(new ArrayBuffer(1024));
  BYTE_WORDS.forEach((word, i) => view.setInt32(4 * i, word, true));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", view.buffer));
  assert.equal(digest.toHex(), "5b52080d38287da9d2e278466e3e0db7ec98e5e8b226f50612a56fa012b1f660");
});

Deno.test("the hash folds the window's words, turning by one bit for each", () => {
  const window = new Uint8Array(48);
  window[46] = 1;
  window[47] = 2;
  const zeros = BYTE_WORDS[0];
  let expected = 0;
  for (let i = 0; i < 46; i++) expected ^= turn(zeros, 47 - i);
  expected ^= turn(BYTE_WORDS[1], 1) ^ BYTE_WORDS[2];
  assert.equal(hashWindow(window, 48), expected);
});

Deno.test("the hash looks at 48 bytes and no others", () => {
  const bytes = random(1).bytes(100);
  const hash = hashWindow(bytes, 80);
  for (let i = 0; i < 100; i++) {
    const changed = bytes.slice();
    changed[i] ^= 1;
    assert.equal(hashWindow(changed, 80) !== hash, i >= 32 && i < 80, `byte ${i}`);
  }
});

Deno.test("rolling the hash gives what hashing from scratch gives", () => {
  const bytes = random(2).bytes(1000);
  let hash = hashWindow(bytes, 48);
  for (let end = 49; end <= bytes.length; end++) {
    hash = turn(hash, 1) ^ LEAVING_WORDS[bytes[end - 49]] ^ BYTE_WORDS[bytes[end - 1]];
    assert.equal(hash, hashWindow(bytes, end));
  }
});

function turn(word: number, bits: number): number {
  const by = bits % 32;
  return (word << by) | (word >>> (32 - by));
}
