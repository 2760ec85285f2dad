import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  concat,
  equalBytes,
  freeBytes,
  fromHex,
  nameBytes,
  nameText,
  readU64,
  toHex,
  viewOf,
  wholeBuffer,
  writeU64,
} from "../../src/core/bytes.ts";
import { random } from "../support/random.ts";
import { chunkPath, isChunkId, maxStoredSize, parseChunkId } from "../../src/core/chunk.ts";

Deno.test("numbers of 64 bits up to 2^53-1, and undefined beyond", () => {
  const bytes = new Uint8Array(13);
  const view = viewOf(bytes.subarray(5));
  for (const value of [0, 1, 255, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER]) {
    writeU64(view, 0, value);
    strictEqual(view.getBigUint64(0, true), BigInt(value));
    strictEqual(readU64(view, 0), value);
  }
  deepStrictEqual([...bytes.subarray(0, 5)], [0, 0, 0, 0, 0]);
  for (const value of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
    view.setBigUint64(0, value, true);
    strictEqual(readU64(view, 0), undefined);
  }
});

Deno.test("hexadecimal text, joined and compared bytes", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const text = Array.from(all, (byte) => byte.toString(16).padStart(2, "0")).join("");
  strictEqual(toHex(all), text);
  deepStrictEqual(fromHex(text), all);
  // Engines that cannot do it themselves.
  strictEqual(toHex(Object.assign(all.slice(), { toHex: undefined })), text);
  deepStrictEqual(concat([all.subarray(0, 3), new Uint8Array(0), all.subarray(3)]), all);
  strictEqual(concat([]).length, 0);
  strictEqual(equalBytes(all, all.slice()), true);
  strictEqual(equalBytes(all, all.with(255, 0)), false);
  strictEqual(equalBytes(all, all.subarray(1)), false);
});

Deno.test("freeing gives back large buffers only: small ones may be shared", () => {
  const [small, large] = [new Uint8Array(100), new Uint8Array(100_000)];
  freeBytes(small);
  freeBytes(large);
  deepStrictEqual([small.length, large.length], [100, 0]);
});

Deno.test("a buffer of which bytes from elsewhere are a part is not moved", () => {
  const all = new Uint8Array(100_000);
  deepStrictEqual(wholeBuffer(all), [all.buffer]);
  deepStrictEqual(wholeBuffer(all.subarray(0, 99_999)), []);
  deepStrictEqual(wholeBuffer(all.subarray(1)), []);
});

Deno.test("chunk ids and paths", () => {
  const id = "0123456789abcdef".repeat(4);
  strictEqual(parseChunkId(id.toUpperCase()), id);
  strictEqual(chunkPath(id, "compressed"), `0123/${id}.cacnk`);
  strictEqual(chunkPath(id, "plain"), `0123/${id}`);
  for (
    const bad of ["", id.slice(1), `${id}0`, id.replace("a", "g"), `${id}\n`, ` ${id.slice(1)}`, `../${id}`]
  ) {
    strictEqual(isChunkId(bad), false, bad);
    throws(() => parseChunkId(bad), { code: "invalid-id" });
  }
  strictEqual(isChunkId(id.toUpperCase()), false);
  strictEqual(maxStoredSize(64) > 64, true);
});

Deno.test("names are texts that give the same bytes back, be they UTF-8 or not", () => {
  for (const text of ["", "user.a", "ü €😀", "\ufeffx"]) {
    strictEqual(nameText(new TextEncoder().encode(text)), text);
    deepStrictEqual(nameBytes(text), new TextEncoder().encode(text));
  }
  const bytes = random();
  // Bytes that are likely to be the beginning or the middle of characters.
  const likely = [0x41, 0x80, 0xbf, 0xc3, 0xdf, 0xe2, 0x82, 0xac, 0xed, 0xb2, 0xf0, 0x9f, 0x98, 0xff];
  for (let i = 0; i < 2000; i++) {
    const name = Uint8Array.from(bytes.bytes(bytes.uint32() % 12), (byte) => likely[byte % likely.length]);
    const text = nameText(name);
    deepStrictEqual(nameBytes(text), name);
    // With every byte that is part of no character taken out, what is left is what others read.
    const rest = text.replaceAll(/\p{Cs}/gu, "");
    strictEqual(new TextDecoder().decode(name).replaceAll("\ufffd", ""), rest);
  }
  // As an extended header of a tar may have them: that took an exception for each byte.
  const many = new Uint8Array(2 ** 19).fill(0xff);
  strictEqual(nameText(many).length, many.length);
  deepStrictEqual(nameBytes(nameText(many)), many);
});
