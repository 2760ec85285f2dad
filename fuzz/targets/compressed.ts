/** Compressed chunks: both codecs, with a limit that they keep. */
import { ok } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Codec, Compression } from "../../src/codec/codec.ts";
import { openChunk } from "../../src/codec/open_chunk.ts";
import { portableCodec } from "../../src/codec/portable.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { concat } from "../../src/core/bytes.ts";
import { assertSame } from "../same.ts";
import { type Target, words } from "../target.ts";

/** Smaller than what some inputs claim. */
const LIMIT = 64 * 1024;

function decompress(codec: Codec, compression: Compression, input: Uint8Array): Uint8Array | DesyncError {
  try {
    const bytes = codec.decompress(compression, input, LIMIT);
    ok(bytes.length <= LIMIT, `${bytes.length} bytes`);
    return bytes;
  } catch (error) {
    if (error instanceof DesyncError) return error;
    throw error;
  }
}

function target(compression: Compression, freeBytes: number, seeds: () => Uint8Array[]): Target {
  return {
    name: compression,
    codes: ["invalid-chunk", "unsupported"],
    freeBytes,
    seeds,
    words: [
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd),
      Uint8Array.of(0x50, 0x2a, 0x4d, 0x18),
      Uint8Array.of(0x1f, 0x8b, 8),
      Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0),
    ],
    check(input) {
      const native = decompress(nativeCodec, compression, input);
      const portable = decompress(portableCodec, compression, input);
      // Damage that a checksum alone shows is seen by one of them; the chunk's id shows it in any case.
      if (!(native instanceof DesyncError) && !(portable instanceof DesyncError)) {
        assertSame(portable, native);
      }
      if (portable instanceof DesyncError && native instanceof DesyncError) {
        if (native.message.length % 2 === 0) throw portable;
        throw native;
      }
      const expected = { id: "00".repeat(32), digest: "sha256" } as const;
      openChunk(nativeCodec, { form: "compressed", bytes: input }, { ...expected, size: 100 });
      return "opened";
    },
  };
}

const text = words("the same again and again, ".repeat(40))[0];

export const zstd: Target = target("zstd", 1024 * 1024, () => {
  const frame = nativeCodec.compress(text, 3);
  const skipped = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2);
  const raw = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 25, 0, 0, 97, 98, 99);
  const repeated = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 0xfb, 0xff, 0x07, 97);
  return [frame, raw, repeated, concat([skipped, raw, frame])];
});

export const gzip: Target = target("gzip", 4 * 1024 * 1024, () => {
  const member = new Uint8Array(gzipSync(text));
  const named = concat([
    member.subarray(0, 3),
    Uint8Array.of(8),
    member.subarray(4, 10),
    words("n\0")[0],
    member.subarray(10),
  ]);
  return [member, named, concat([member, new Uint8Array(gzipSync(words("x")[0]))])];
});

/** `text` as `xz -c` and `xz -c --check=crc32` compress it. */
const PACKED = [
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AQPACJdADoaCM522XbTk82UcOdak6MgJoB6+xDUX+rRNh4a9U39VQAAAACMtr5xCSy+WAABPpAIAAAA/72X6bHEZ/sCAAAAAARZWg==",
  "/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AQPACJdADoaCM522XbTk82UcOdak6MgJoB6+xDUX+rRNh4a9U39VQAAAABQgJKRAAE6kAgAAADp/wZyPjANiwIAAAAAAVla",
];

export const xz: Target = target("xz", 4 * 1024 * 1024, () => {
  const packed = PACKED.map((base64) => Uint8Array.fromBase64(base64));
  return [...packed, concat([packed[0], new Uint8Array(4), packed[1]])];
});
