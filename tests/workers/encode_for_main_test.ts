import { strictEqual } from "node:assert/strict";
import { hashChunk, openChunk } from "../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { chunkCipher } from "../../src/deno/codec/native_cipher.ts";
import { encodeForMain } from "../../src/workers/encode_for_main.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";

Deno.test("what waits on the main thread holds no more memory than the chunk takes, and is its own", () => {
  const random = new Random(61);
  const bytes = random.bytes(70_000).map((byte) => byte & 3);
  const expected = { digest: "sha512-256", id: hashChunk(nativeCodec, "sha512-256", bytes).id } as const;
  for (const form of ["compressed", "plain", "as it came"] as const) {
    for (const encryption of [undefined, chunkCipher("aes-256-gcm", random.bytes(32)).key]) {
      const chunk = hashChunk(nativeCodec, "sha512-256", bytes.slice());
      const { stored } = encodeForMain({ kind: "main", encoding: { form, level: 3 }, encryption }, chunk);
      strictEqual(stored.bytes.buffer.byteLength, stored.bytes.length);
      sameBytes(chunk.bytes, bytes);
      chunk.bytes.fill(0);
      sameBytes(openChunk(nativeCodec, stored, expected).bytes, bytes);
    }
  }
});
