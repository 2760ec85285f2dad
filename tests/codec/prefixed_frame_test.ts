import { ok, throws } from "node:assert/strict";
import { decompressPrefixed } from "../../src/codec/prefixed_frame.ts";
import { portableCodec } from "../../src/codec/portable.ts";
import { rawZstdFrame } from "../../src/codec/zstd_frame.ts";
import { concat } from "../../src/core/bytes.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { Random, random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";

const CODECS = [portableCodec, nativeCodec];

/** What libzstd 1.5.4 made of content() at level 9 (ZSTD_CCtx_refPrefix, ZSTD_compress2). */
const FRAME = Uint8Array.fromHex("28b52ffd605b97950000180102030200358a4dcdf6e970861aee1108");

function prefix(): Uint8Array<ArrayBuffer> {
  return new Random(19).bytes(200_000);
}

/** Parts of the prefix from its very beginning on, moved, with a few bytes between them. */
function content(): Uint8Array<ArrayBuffer> {
  const old = prefix();
  return concat([
    old.subarray(0, 20_000),
    Uint8Array.of(1, 2, 3),
    old.subarray(190_000),
    old.subarray(0, 9000),
  ]);
}

Deno.test("a frame that libzstd made with a prefix is decompressed by every codec", () => {
  for (const codec of CODECS) {
    sameBytes(decompressPrefixed(codec, FRAME, [prefix()], content().length), content());
    const [a, b] = [prefix().subarray(0, 131_073), prefix().subarray(131_073)];
    sameBytes(decompressPrefixed(codec, FRAME, [a, new Uint8Array(0), b], content().length), content());
  }
});

Deno.test("a frame without a prefix is decompressed as any", () => {
  const bytes = random().bytes(300_000);
  for (const codec of CODECS) {
    sameBytes(decompressPrefixed(codec, rawZstdFrame(bytes), [], bytes.length), bytes);
    sameBytes(decompressPrefixed(codec, rawZstdFrame(new Uint8Array(0)), [], 0), new Uint8Array(0));
  }
});

Deno.test("a frame that says something else about itself is refused before anything is decompressed", () => {
  const size = content().length;
  const never = { ...portableCodec, decompress: () => ok(false, "nothing is to be decompressed") as never };
  const wrong: [Uint8Array, number][] = [
    [FRAME, size - 1],
    [FRAME, size + 1],
    [FRAME.subarray(0, FRAME.length - 1), size],
    [concat([FRAME, Uint8Array.of(0)]), size],
    [concat([FRAME, FRAME]), size],
    [new Uint8Array(0), 0],
    [Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), 1],
    // A skippable frame, one without its content's size, one with a checksum, with a dictionary, of a reserved kind.
    [Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0), 0],
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 1, 0, 0), 0],
    [FRAME.with(4, FRAME[4] | 4), size],
    [FRAME.with(4, FRAME[4] | 1), size],
    [FRAME.with(4, FRAME[4] | 8), size],
  ];
  for (const [frame, expected] of wrong) {
    throws(() => decompressPrefixed(never, frame, [prefix()], expected), isInvalid);
  }
});

Deno.test("a damaged frame, or another prefix, gives other bytes or an error, and never more than was announced", () => {
  const size = content().length;
  const generator = random();
  for (let turn = 0; turn < 300; turn++) {
    const frame = FRAME.slice();
    frame[generator.below(frame.length)] ^= 1 << generator.below(8);
    const length = generator.below(2) === 0 ? 200_000 : generator.below(200_000);
    for (const codec of CODECS) {
      try {
        const bytes = decompressPrefixed(codec, frame, [prefix().subarray(0, length)], size);
        ok(bytes.length === size);
      } catch (error) {
        isInvalid(error);
      }
    }
  }
});

function isInvalid(error: unknown): boolean {
  ok(error instanceof DesyncError, String(error));
  ok(error.code === "invalid-chunk", error.message);
  return true;
}
