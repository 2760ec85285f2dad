import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { rawZstdFrame } from "../../src/codec/zstd_frame.ts";
import { portableCodec } from "../../src/codec/portable.ts";
import { concat } from "../../src/core/bytes.ts";
import { DesyncError } from "../../src/core/errors.ts";
import {
  baseDigestOf,
  type Delta,
  isBaseOf,
  openDelta,
  readDeltaHead,
  serializeDeltaHead,
} from "../../src/delta/delta_file.ts";
import { longestFrame, type WrittenFrame } from "../../src/delta/frame_list.ts";
import { freshChunks, readIndexRecipe, writeIndexRecipe } from "../../src/delta/index_recipe.ts";
import { VarintReader, VarintWriter } from "../../src/delta/varints.ts";
import { type Index, serializeIndex } from "../../src/formats/index/index.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { indexBytes, sha256Flags } from "../support/data/index_bytes.ts";
import { memoryAccess } from "../support/data/memory_access.ts";
import { random } from "../support/random.ts";

/** Compresses nothing, so that every byte of a file is known. */
const codec = { ...portableCodec, compress: (bytes: Uint8Array) => rawZstdFrame(bytes) };

/** An index with chunks of these names and sizes: each name is an id that repeats it. */
function indexOf(chunks: readonly (readonly [name: number, size: number])[], flags?: bigint): Index {
  let end = 0;
  const items = chunks.map(([name, size]) => ({
    end: end += size,
    id: name.toString(16).padStart(2, "0").repeat(32),
  }));
  return parseIndex(indexBytes({ min: 1, avg: 100, max: 1000, flags, items }));
}

const OLD = indexOf([[1, 10], [2, 20], [3, 30], [4, 40]]);
/** A run of the old one, two new chunks, one of these again, a run that begins elsewhere, and a new one. */
const NEW = indexOf([[2, 20], [3, 30], [0xa, 300], [0xb, 5], [0xa, 300], [1, 10], [0xc, 7]]);
const FRAMES: readonly WrittenFrame[] = [
  { chunks: 2, codec: "prefixed", base: [{ first: 0, count: 1 }, { first: 2, count: 2 }], length: 40 },
  { chunks: 1, codec: "alone", base: [], length: 200 },
];
const LARGEST = { largestBase: 80, largestFrame: 305 };

function fileOf(target: Index, base: Index | undefined, frames: readonly WrittenFrame[]): Uint8Array {
  const bytes = frames.reduce((sum, { length }) => sum + length, 0);
  return concat([serializeDeltaHead(target, base, frames, LARGEST, codec), new Uint8Array(bytes)]);
}

async function open(file: Uint8Array, base: Index | undefined): Promise<Delta> {
  const head = await readDeltaHead(memoryAccess(file), codec);
  ok(base === undefined || isBaseOf(base, head, codec));
  return openDelta(head, base, codec);
}

function refused(error: unknown): boolean {
  ok(error instanceof DesyncError, String(error));
  ok(error.code === "invalid-delta" || error.code === "unsupported", error.message);
  ok(!error.message.includes("\n"));
  return true;
}

Deno.test("a delta file has the bytes that docs/delta.md describes", () => {
  const le = (value: number, width: number) =>
    Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** i) % 256);
  const id = (name: number) => new Uint8Array(32).fill(name);
  const recipe = concat([
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xb0), // flags of the index
    Uint8Array.of(1, 100, 0xe8, 0x07), // chunk sizes 1, 100, 1000
    Uint8Array.of(2 << 2 | 0, 2), // two chunks of the old one, its second and third: +1
    Uint8Array.of(2 << 2 | 1, 0xac, 0x02, 5), // two new ones of 300 and 5 bytes
    id(0xa),
    id(0xb),
    Uint8Array.of(1 << 2 | 2, 2), // the one that came two before
    Uint8Array.of(1 << 2 | 0, 5), // the first of the old one, where the fourth was expected: -3
    Uint8Array.of(1 << 2 | 1, 7),
    id(0xc),
  ]);
  const list = Uint8Array.of(2, 0, 2, 0, 1, 2, 2, 40, 1, 1, 0xc8, 0x01);
  const table = rawZstdFrame(concat([recipe, list]));
  const start = concat([
    new TextEncoder().encode("CADELTA\x01"),
    le(0, 8),
    portableCodec.digest("sha512-256", serializeIndex(OLD).subarray(64, 64 + 4 * 40)),
    portableCodec.digest("sha512-256", serializeIndex(NEW)),
    le(64 + 8 * 40, 8),
    le(4, 4),
    le(table.length, 4),
    le(recipe.length, 4),
    le(list.length, 4),
    le(240, 8),
    le(80, 4),
    le(305, 4),
    le(100, 8),
  ]);
  const digest = portableCodec.digest("sha512-256", concat([start, table]));
  deepStrictEqual(fileOf(NEW, OLD, FRAMES), concat([start, digest, table, new Uint8Array(240)]));
});

Deno.test("a delta file is read as it was written", async () => {
  const { target, frames, base } = await open(fileOf(NEW, OLD, FRAMES), OLD);
  deepStrictEqual(serializeIndex(target), serializeIndex(NEW));
  strictEqual(base, OLD);
  const at = frames[0].offset;
  deepStrictEqual(frames, [
    { ...FRAMES[0], chunks: [2, 3], size: 305, baseSize: 80, offset: at },
    { ...FRAMES[1], chunks: [6], size: 7, baseSize: 0, offset: at + 40 },
  ]);
});

Deno.test("a pack has all chunks and needs no old version", async () => {
  const frames: WrittenFrame[] = [
    { chunks: 2, codec: "alone", base: [], length: 10 },
    { chunks: 2, codec: "elsewhere", base: [], length: 0 },
    { chunks: 2, codec: "alone", base: [], length: 1 },
  ];
  const { target, frames: read } = await open(fileOf(NEW, undefined, frames), undefined);
  deepStrictEqual(serializeIndex(target), serializeIndex(NEW));
  deepStrictEqual(read.map(({ chunks }) => chunks), [[0, 1], [2, 3], [5, 6]]);
});

Deno.test("indexes of the other digest, of nothing, and of the same chunks have deltas", async () => {
  const pairs: [Index, Index][] = [
    [indexOf([[1, 10]], sha256Flags), indexOf([[2, 10], [1, 10]], sha256Flags)],
    [indexOf([]), indexOf([])],
    [NEW, indexOf([])],
    [NEW, NEW],
  ];
  for (const [old, target] of pairs) {
    const frames = freshChunks(target, old).length === 0
      ? []
      : [{ chunks: 1, codec: "alone", base: [], length: 3 }] as const;
    deepStrictEqual(
      serializeIndex((await open(fileOf(target, old, frames), old)).target),
      serializeIndex(target),
    );
  }
});

Deno.test("an old version is known by its chunks and their places", async () => {
  const head = await readDeltaHead(memoryAccess(fileOf(NEW, OLD, FRAMES)), codec);
  ok(isBaseOf(OLD, head, codec));
  const sized = parseIndex(serializeIndex(OLD));
  ok(isBaseOf(sized, head, codec));
  for (const other of [NEW, indexOf([[1, 10], [2, 21], [3, 30], [4, 40]]), indexOf([])]) {
    ok(!isBaseOf(other, head, codec));
  }
  ok(baseDigestOf(OLD, codec).length === 32);
});

Deno.test("any indexes are made of each other, by recipes no longer than what is new", () => {
  const generator = random();
  for (let turn = 0; turn < 200; turn++) {
    const names = generator.below(12) + 1;
    const some = () =>
      indexOf(Array.from({ length: generator.below(40) }, () => {
        const name = generator.below(names);
        return [name, name * 7 + 1] as const;
      }));
    const [old, target] = [some(), some()];
    const base = generator.below(4) === 0 ? undefined : old;
    const recipe = writeIndexRecipe(target, base);
    const { index, fresh } = readIndexRecipe(recipe, base, target.count, target.digest);
    deepStrictEqual(serializeIndex(index), serializeIndex(target));
    deepStrictEqual(fresh, freshChunks(target, base));
    ok(recipe.length <= 16 + 34 * fresh.length + 4 * target.count, `${recipe.length}`);
  }
});

Deno.test("a file that is cut anywhere is refused", async () => {
  const file = fileOf(NEW, OLD, FRAMES);
  for (let length = 0; length < file.length; length++) {
    await rejects(open(file.subarray(0, length), OLD), refused, `${length} bytes`);
  }
  await rejects(open(concat([file, Uint8Array.of(0)]), OLD), refused);
});

Deno.test("a flipped bit in the header or the table is noticed", async () => {
  const file = fileOf(NEW, OLD, FRAMES);
  for (let bit = 0; bit < 8 * (file.length - 240); bit++) {
    const flipped = file.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    await rejects(open(flipped, OLD), refused, `bit ${bit}`);
  }
});

Deno.test("claims that contradict each other are refused, whatever digest is right", async () => {
  const wrong: [RegExp, readonly WrittenFrame[], Partial<typeof LARGEST>?][] = [
    [/no chunks|too early/, []],
    [/ends too early/, FRAMES.slice(0, 1)],
    [/follows its list/, [...FRAMES, FRAMES[1]]],
    [/has no chunks/, [{ ...FRAMES[0], chunks: 0 }]],
    [/too large/, [{ ...FRAMES[0], chunks: 4 }]],
    [/no old chunks/, [{ ...FRAMES[0], base: [] }, FRAMES[1]]],
    [/not there/, [{ ...FRAMES[0], base: [{ first: 3, count: 2 }] }, FRAMES[1]]],
    [/not there/, [{ ...FRAMES[0], base: [{ first: -1, count: 2 }] }, FRAMES[1]]],
    [/out of order/, [{ ...FRAMES[0], base: [{ first: 2, count: 1 }, { first: 1, count: 1 }] }, FRAMES[1]]],
    [/is empty/, [{ ...FRAMES[0], length: 0 }, FRAMES[1]]],
    [/longer than/, [{ ...FRAMES[0], length: longestFrame(305) + 1 }, FRAMES[1]]],
    [/makes more/, FRAMES, { largestFrame: 304 }],
    [/needs more/, FRAMES, { largestBase: 79 }],
  ];
  for (const [reason, frames, largest] of wrong) {
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    const head = serializeDeltaHead(NEW, OLD, frames, { ...LARGEST, ...largest }, codec);
    await rejects(open(concat([head, new Uint8Array(bytes)]), OLD), (error) => {
      ok(refused(error) && error instanceof Error && reason.test(error.message), `${reason}: ${error}`);
      return true;
    });
  }
});

Deno.test("a recipe that leads nowhere is refused, and a claim of chunks costs nothing", () => {
  const start = (write: (writer: VarintWriter) => void) => {
    const writer = new VarintWriter();
    writer.bytes(serializeIndex(OLD).subarray(16, 24));
    for (const size of [1, 100, 1000]) writer.number(size);
    write(writer);
    return writer.build();
  };
  const wrong: [RegExp, number, (writer: VarintWriter) => void][] = [
    [/too many chunks, or none/, 5, (w) => w.number(0)],
    [/too many chunks, or none/, 5, (w) => w.number(6 << 2)],
    [/outside the old version/, 5, (w) => (w.number(2 << 2), w.signed(3))],
    [/outside the old version/, 5, (w) => (w.number(2 << 2), w.signed(-1))],
    [/ends too early/, 2 ** 31, (w) => w.number(2 ** 33 - 3)],
    [/repeats what is not there/, 5, (w) => (w.number(1 << 2 | 2), w.number(1))],
    [/unknown kind/, 5, (w) => w.number(1 << 2 | 3)],
    [/impossible size/, 1, (w) => (w.number(1 << 2 | 1), w.number(0), w.bytes(new Uint8Array(32)))],
    [/number is too large/, 1, (w) => (w.number(1 << 2 | 1), w.number(1001))],
    [/follows its index/, 1, (w) => (w.number(1 << 2), w.signed(0), w.number(1))],
  ];
  for (const [reason, count, write] of wrong) {
    let error: unknown;
    try {
      readIndexRecipe(start(write), OLD, count, "sha512-256");
    } catch (thrown) {
      error = thrown;
    }
    ok(refused(error) && error instanceof Error && reason.test(error.message), `${reason}: ${error}`);
  }
});

Deno.test("numbers are read as they were written, in one form only", () => {
  const numbers = [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER];
  const writer = new VarintWriter();
  for (const number of numbers) writer.number(number);
  for (const number of [0, -1, 1, -64, 64, 2 ** 40, -(2 ** 40)]) writer.signed(number);
  const reader = new VarintReader(writer.build());
  for (const number of numbers) strictEqual(reader.number(), number);
  for (const number of [0, -1, 1, -64, 64, 2 ** 40, -(2 ** 40)]) strictEqual(reader.signed(), number);
  ok(reader.isAtEnd);
  for (const bytes of [[], [0x80], [0x80, 0], [0x81, 0x80, 0], Array(8).fill(0xff), Array(300).fill(0x80)]) {
    let error: unknown;
    try {
      new VarintReader(Uint8Array.from(bytes)).number();
    } catch (thrown) {
      error = thrown;
    }
    refused(error);
  }
});
