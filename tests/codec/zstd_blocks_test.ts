/** zstd frames are checked before they are decompressed: both codecs refuse the same ones, and none keeps them busy. */

import { ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { portableCodec } from "../../src/codec/portable.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { joined } from "../support/data/joined.ts";
import { zstdFrame } from "../support/data/zstd.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { type Random, random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { amount, pairs, takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const LIMIT = 4_000_000;
const RAW = 0;
const COMPRESSED = 2;
const SOME = new Uint8Array(8).fill(97);
type Bytes = Uint8Array<ArrayBuffer>;

/** The content, or the code of the error. */
function decompressed(codec: typeof portableCodec, frame: Uint8Array, limit = LIMIT): Uint8Array | string {
  try {
    return codec.decompress("zstd", frame, limit);
  } catch (error) {
    ok(error instanceof DesyncError, String(error));
    return error.code;
  }
}

/** What both codecs make of it, which must be the same. */
function byBoth(frame: Uint8Array, what: string, limit = LIMIT): Uint8Array | string {
  const native = decompressed(nativeCodec, frame, limit);
  const portable = decompressed(portableCodec, frame, limit);
  const input = () => `${what}: ${Buffer.from(frame).toString("base64")}`;
  if (typeof native === "string" || typeof portable === "string") {
    const short = (result: Uint8Array | string) => typeof result === "string" ? result : "content";
    strictEqual(short(portable), short(native), input());
  } else sameBytes(portable, native, what);
  return portable;
}

/** A frame with a window of 128 KiB, of these blocks. */
function frameOf(...blocks: [kind: number, bytes: Bytes][]): Bytes {
  const pieces = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x38)];
  blocks.forEach(([kind, bytes], i) => {
    const header = bytes.length << 3 | kind << 1 | (i === blocks.length - 1 ? 1 : 0);
    pieces.push(Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16), bytes);
  });
  return joined(pieces);
}

/** Behind a few bytes that can be repeated: as many as the offsets to begin with need. */
function behindSome(...blocks: Bytes[]): Bytes {
  return frameOf(
    [RAW, SOME],
    ...blocks.map((block) => [COMPRESSED, block] as [number, Bytes]),
  );
}

/** `count` times the same: codes of literal lengths, offsets and match lengths, and all of their bits. */
function sequences(count: number, codes: [number, number, number], bits: Bytes = Uint8Array.of(1)): Bytes {
  const number = count >= 0x7f00
    ? [255, (count - 0x7f00) & 255, (count - 0x7f00) >> 8]
    : [128 + (count >> 8), count & 255];
  return joined([Uint8Array.of(...number, 0x54, ...codes), bits]);
}

/** So many literals, all of them the same byte. */
function repeatedLiterals(count: number): Bytes {
  const header = 1 | 3 << 2 | count << 4;
  return Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16, 98);
}

function ones(bytes: number): Bytes {
  return joined([new Uint8Array(bytes).fill(255), Uint8Array.of(1)]);
}

const noLiterals = Uint8Array.of(0);
/** Of code 31, the longest match whose length has no bits. */
const MATCH = 34;

Deno.test("both codecs take a block of exactly 128 KiB, and none that makes more", () => {
  const block = (literals: number) => joined([repeatedLiterals(literals), sequences(3855, [0, 0, 31])]);
  const content = byBoth(behindSome(block(128 * 1024 - 3855 * MATCH)), "128 KiB");
  sameBytes(
    content as Uint8Array,
    joined([new Uint8Array(8 + 3855 * MATCH).fill(97), Uint8Array.of(98, 98)]),
  );
  strictEqual(byBoth(behindSome(block(128 * 1024 - 3855 * MATCH + 1)), "a byte more"), "invalid-chunk");
});

/** The Huffman weights that never end: their only state needs no bits for the next. */
const endlessWeights = Uint8Array.of(0x52, 0x80, 0x01, 4, 0xf0, 0x03, 0x00, 0x04, 1, 0);

/** The literals 0, 1, 2, 3 by a tree of four codes of two bits each: of this weight, which should be 1. */
function fourLiterals(weight: number): Bytes {
  return Uint8Array.of(0x42, 0x40, 0x01, 0x82, weight * 0x11, weight << 4, 0x1b, 1, 0);
}

const hostile: [what: string, frame: Uint8Array][] = [
  [
    "a block of 19,967 sequences that fuzzing found",
    Buffer.from(
      "UCpNGAIAAAABAii1L/0gAxkAAGFiYyi1L/0AWPUAAKB0aGUgc2FtZSBNGAICAAAAUCoQGc3/FF09TRgBAii1L/0gAxlhYg==",
      "base64",
    ),
  ],
  ["98,047 sequences without a bit", behindSome(joined([noLiterals, sequences(98_047, [0, 0, 31])]))],
  ["the longest matches", behindSome(joined([noLiterals, sequences(30_000, [0, 0, 52], ones(60_000))]))],
  [
    "many blocks of the longest matches",
    behindSome(
      ...Array.from({ length: 30 }, () => joined([noLiterals, sequences(30_000, [0, 0, 52], ones(60_000))])),
    ),
  ],
  [
    "the longest literals",
    behindSome(joined([repeatedLiterals(9), sequences(30_000, [35, 0, 0], ones(60_000))])),
  ],
  ["the longest of both", behindSome(joined([noLiterals, sequences(30_000, [35, 0, 52], ones(120_000))]))],
  ["Huffman weights that never end", behindSome(endlessWeights)],
  ["literals of 1 MiB", behindSome(joined([repeatedLiterals(0xfffff), Uint8Array.of(0)]))],
  ["a match before the start", frameOf([COMPRESSED, joined([noLiterals, sequences(1, [0, 0, 31])])])],
  [
    "an offset of 2^31",
    behindSome(joined([noLiterals, sequences(1, [0, 31, 31], Uint8Array.of(0, 0, 0, 128))])),
  ],
  ["an offset code that is none", behindSome(joined([noLiterals, sequences(1, [0, 32, 31])]))],
  ["a length code that is none", behindSome(joined([noLiterals, sequences(1, [36, 0, 31])]))],
  ["more bits than sequences", behindSome(joined([noLiterals, sequences(1, [0, 0, 31], Uint8Array.of(2))]))],
  ["fewer bits than sequences", behindSome(joined([noLiterals, sequences(1, [0, 0, 52], Uint8Array.of(2))]))],
  ["bits without an end", behindSome(joined([noLiterals, sequences(1, [0, 0, 31], Uint8Array.of(0))]))],
  ["tables of a block before that has none", behindSome(joined([noLiterals, Uint8Array.of(1, 0xfc, 1)]))],
  ["modes that are none", behindSome(joined([noLiterals, Uint8Array.of(1, 0x55, 0, 0, 31, 1)]))],
  ["a tree of a block before that has none", behindSome(Uint8Array.of(0x53, 0x80, 0x00, 1, 1, 0))],
  ["a tree of which no code has the most bits", behindSome(fourLiterals(5))],
  ["a block of an unknown kind", frameOf([3, Uint8Array.of(1, 2, 3)])],
  ["a block as it is of more than 128 KiB", frameOf([RAW, new Uint8Array(128 * 1024 + 1)])],
  ["something behind literals", behindSome(Uint8Array.of(8, 97, 0, 0))],
  ["a dictionary", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 0x38, 7, 9, 0, 0, 97)],
  ["a reserved bit", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 8, 0x38, 9, 0, 0, 97)],
  ["another size than it says", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 2, 9, 0, 0, 97)],
];

for (const [what, frame] of hostile) {
  Deno.test(`both codecs refuse at once: ${what}`, () => {
    strictEqual(byBoth(frame, what), "invalid-chunk");
  });
}

Deno.test("what the refused blocks are made of is good in itself", () => {
  const one = new Uint8Array(8 + 3 * MATCH).fill(97);
  sameBytes(byBoth(behindSome(joined([noLiterals, sequences(3, [0, 0, 31])])), "matches") as Uint8Array, one);
  const four = Uint8Array.of(...SOME, 0, 1, 2, 3);
  sameBytes(byBoth(behindSome(fourLiterals(1)), "four literals") as Uint8Array, four);
  const dictionary = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 3, 0x38, 0, 0, 0, 0, 9, 0, 0, 97);
  sameBytes(byBoth(dictionary, "the dictionary 0") as Uint8Array, Uint8Array.of(97));
});

Deno.test("many blocks of a byte do not make the history of 8 MiB move for each", () => {
  const bytes = random().bytes(65_000);
  const frame = frameOf(...Array.from(bytes, (byte) => [RAW, Uint8Array.of(byte)] as [number, Bytes]));
  frame[5] = 13 << 3;
  sameBytes(byBoth(frame, "blocks of a byte") as Uint8Array, bytes);
});

/** Content of several kinds, and of sizes around those of blocks. */
function contents(source: Random): [kind: string, bytes: Bytes][] {
  const words = Array.from(
    { length: 400 },
    () => Buffer.from(source.bytes(3 + source.below(6))).toString("base64"),
  );
  let text = "";
  while (text.length < 500_000) text += `${words[source.below(1 + source.below(words.length))]} `;
  const period = source.bytes(1 + source.below(3000));
  const repeats = joined(Array.from({ length: Math.ceil(400_000 / period.length) }, () => period));
  const few = source.bytes(300_000).map((byte) => byte & 3);
  return [
    ["text", new TextEncoder().encode(text)],
    ["noise", source.bytes(200_000)],
    ["zeros", new Uint8Array(400_000)],
    ["repeats", repeats],
    ["four bytes", few],
    ["all of them", joined([few, source.bytes(5000), repeats, new Uint8Array(70_000), few])],
    ["little", new TextEncoder().encode(text.slice(0, source.below(400)))],
  ];
}

inTurn()({
  name: "both codecs take all that the zstd program makes",
  ignore: !peers.zstd,
  fn: async () => {
    const source = random();
    const options = [
      ["--fast=5"],
      ["-1", "--check"],
      ["-3", "--no-check", "--no-content-size"],
      ["-6", "--long=22"],
      ["-12", "-B200KB", "-T2"],
      ["-19"],
      ["--ultra", "-22"],
      ["-9", "--zstd=wlog=10"],
      ["-5", "--zstd=wlog=17", "--no-compress-literals"],
    ];
    for (const [[kind, bytes], words] of pairs(contents(source), options)) {
      const { stdoutBytes } = await run(
        peers.zstd,
        ["-q", "-c", `--stream-size=${bytes.length}`, ...words],
        { stdin: bytes },
      );
      const what = `${kind} ${words.join(" ")}`;
      sameBytes(decompressed(portableCodec, stdoutBytes) as Uint8Array, bytes, what);
      const twice = joined([stdoutBytes, stdoutBytes]);
      sameBytes(byBoth(twice, what) as Uint8Array, joined([bytes, bytes]), what);
    }
  },
});

/** Noise, and parts of it again: its literals cannot be compressed, its sequences are as good as any. */
function repeatedNoise(source: Random): Bytes {
  const noise = source.bytes(3000);
  const pieces = [noise.subarray(0, 1000)];
  for (let i = 0; i < 100; i++) {
    const from = source.below(2900);
    pieces.push(noise.subarray(from, from + 3 + source.below(60)), source.bytes(source.below(4)));
  }
  return joined(pieces);
}

/** With a few bits or bytes changed, most of them near the start: there is most of what can be wrong. */
function changed(frame: Uint8Array, source: Random): Bytes {
  const bytes = Uint8Array.from(frame);
  for (let changes = source.below(3); changes >= 0; changes--) {
    const at = source.below(source.below(2) === 0 ? bytes.length : Math.min(40, bytes.length));
    if (source.below(2) === 0) bytes[at] ^= 1 << source.below(8);
    else bytes[at] = source.below(256);
  }
  return bytes;
}

/** The fuzzer tries more of both codecs. */
const CHANGES = amount(150, 2_500);

Deno.test("both codecs refuse the same damaged frames, and make the same of others", () => {
  const source = random();
  let good = 0;
  for (let i = 0; i < 4; i++) {
    const bytes = repeatedNoise(source);
    for (const frame of [zstdFrame(bytes), nativeCodec.compress(bytes, 19)]) {
      for (let j = 0; j < CHANGES; j++) {
        if (typeof byBoth(changed(frame, source), "repeated noise", 64 * 1024) !== "string") good++;
      }
    }
  }
  ok(good > 0);
});

Deno.test("the portable codec refuses no damaged frame that still makes the same, and makes nothing else of any", () => {
  const source = random();
  for (const [kind, bytes] of contents(source)) {
    const from = source.below(bytes.length >> 1);
    const part = bytes.subarray(from, from + 100 + source.below(4000));
    for (const frame of [zstdFrame(part), nativeCodec.compress(part, 19)]) {
      for (let i = 0; i < CHANGES; i++) {
        const bad = changed(frame, source);
        const native = decompressed(nativeCodec, bad, 64 * 1024);
        const portable = decompressed(portableCodec, bad, 64 * 1024);
        const input = `${kind}: ${Buffer.from(bad).toString("base64")}`;
        // Bits that are left in Huffman streams are damage for it, and not always for zstd.
        if (typeof portable === "string") {
          ok(typeof native === "string" || Buffer.compare(native, part) !== 0, input);
        } else {
          ok(typeof native !== "string", input);
          sameBytes(portable, native, input);
        }
      }
    }
  }
});
