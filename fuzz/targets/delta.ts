/** Delta files: the header, the table and the frames; and frames with a prefix by themselves. */
import { ok } from "node:assert/strict";
import { compressionOf } from "../../src/codec/codec.ts";
import { portableCodec } from "../../src/codec/portable.ts";
import { decompressPrefixed } from "../../src/codec/prefixed_frame.ts";
import { rawZstdFrame } from "../../src/codec/zstd_frame.ts";
import { concat, viewOf } from "../../src/core/bytes.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { baseDigestOf, openDelta, readDeltaHead, serializeDeltaHead } from "../../src/delta/delta_file.ts";
import { DELTA_HEADER_BYTES, framesAt } from "../../src/delta/delta_header.ts";
import type { WrittenFrame } from "../../src/delta/frame_list.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { type Index, serializeIndex } from "../../src/formats/index/index.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { indexBytes } from "../../tests/support/data/index_bytes.ts";
import { memoryAccess } from "../../tests/support/data/memory_access.ts";
import { assertSame } from "../same.ts";
import type { Target } from "../target.ts";

/** Compresses nothing, so that the table can be mutated. */
const codec = { ...portableCodec, compress: (bytes: Uint8Array) => rawZstdFrame(bytes) };
const DIGEST_AT = 128;
/** Chunks of a new version at most, where it is put right: a table may claim millions, which takes their time. */
const MOST_CHUNKS = 2000;

function indexOf(names: readonly number[]): Index {
  const items = names.map((name, i) => ({
    end: 10 * (i + 1),
    id: name.toString(16).padStart(2, "0").repeat(32),
  }));
  return parseIndex(indexBytes({ min: 1, avg: 100, max: 1000, items }));
}

const OLD = indexOf([1, 2, 3, 4, 5]);

function fileOf(target: Index, base: Index | undefined, frames: readonly WrittenFrame[]): Uint8Array {
  const content = frames.flatMap(({ length }) =>
    length === 0 ? [] : [rawZstdFrame(new Uint8Array(length - 13))]
  );
  const largest = { largestBase: 50, largestFrame: 50 };
  return concat([serializeDeltaHead(target, base, frames, largest, codec), ...content]);
}

export const delta: Target = {
  name: "delta",
  codes: ["invalid-delta", "unsupported"],
  freeBytes: 8 * 1024 * 1024,
  seeds: () => [
    fileOf(indexOf([2, 3, 9, 8, 9, 1, 7]), OLD, [
      { chunks: 2, codec: "prefixed", base: [{ first: 0, count: 1 }, { first: 2, count: 2 }], length: 33 },
      { chunks: 1, codec: "alone", base: [], length: 23 },
    ]),
    fileOf(indexOf([6, 7, 6, 8]), undefined, [
      { chunks: 1, codec: "elsewhere", base: [], length: 0 },
      { chunks: 2, codec: "alone", base: [], length: 33 },
    ]),
    fileOf(OLD, OLD, []),
  ],
  repair(input) {
    if (input.length < DELTA_HEADER_BYTES) return input;
    const view = viewOf(input);
    const tableBytes = Math.min(view.getUint32(92, true), input.length - DELTA_HEADER_BYTES);
    const table = input.subarray(DELTA_HEADER_BYTES, DELTA_HEADER_BYTES + tableBytes);
    view.setUint32(92, tableBytes, true);
    view.setBigUint64(104, BigInt(input.length - DELTA_HEADER_BYTES - tableBytes), true);
    view.setBigUint64(80, BigInt(104 + 40 * ((view.getUint32(80, true) >>> 3) % MOST_CHUNKS)), true);
    if (compressionOf(table) === "zstd" && table.length > 13) {
      const raw = table.length - 13;
      const recipe = view.getUint32(96, true) % (raw + 1);
      view.setUint32(96, recipe, true);
      view.setUint32(100, raw - recipe, true);
    }
    if (view.getUint32(88, true) === OLD.count) {
      input.set(baseDigestOf(OLD, codec), 16);
      view.setBigUint64(120, BigInt(OLD.size), true);
    }
    input.set(portableCodec.digest("sha512-256", concat([input.subarray(0, DIGEST_AT), table])), DIGEST_AT);
    return input;
  },
  async check(input) {
    const access = memoryAccess(input);
    const head = await readDeltaHead(access, portableCodec);
    const { target, frames } = openDelta(head, OLD, portableCodec);
    assertSame(serializeIndex(parseIndex(serializeIndex(target))), serializeIndex(target));
    let at = framesAt(head.header);
    for (const { offset, length, chunks, base, size, codec } of frames) {
      ok(offset === at && chunks.length > 0, "frames follow each other");
      ok(
        chunks.every((chunk) => chunk < target.count) &&
          base.every(({ first, count }) => first + count <= OLD.count),
      );
      at += length;
      if (codec === "elsewhere") continue;
      const prefix = base.map(({ count }) => new Uint8Array(10 * count));
      try {
        const bytes = decompressPrefixed(
          portableCodec,
          input.subarray(offset, offset + length),
          prefix,
          size,
        );
        ok(bytes.length === size);
      } catch (error) {
        if (!(error instanceof DesyncError) || error.code !== "invalid-chunk") throw error;
      }
    }
    ok(at === input.length);
    return `${Math.min(frames.length, 3)}`;
  },
};

const PREFIX = Uint8Array.from({ length: 3000 }, (_, i) => (i * i) >> 4);

/** What libzstd 1.5.4 made of some parts of PREFIX, with it as the prefix, at levels 3 and 19. */
const FRAMES: readonly string[] = [
  "28b52ffd60a5037d0100e8736f6d657468696e67206e65772c20616e64206d6f7265206f66206974040077813305f1ae8502cd84bd71b72a80",
  "28b52ffd60a5038d0100f000736f6d657468696e67206e65772c20616e64206d6f7265206f66206974040077a5828278d741059a093be3ee547805",
];

/** The content's size, where the frame says that it is a small one. */
function sizeOf(frame: Uint8Array): number {
  return frame.length < 9 ? 0 : [frame[5], viewOf(frame).getUint16(5, true) + 256][frame[4] >> 6] ?? 0;
}

export const prefixed: Target = {
  name: "prefixed",
  codes: ["invalid-chunk"],
  freeBytes: 2 * 1024 * 1024,
  seeds: () => [...FRAMES.map((hex) => Uint8Array.fromHex(hex)), rawZstdFrame(PREFIX.subarray(0, 50))],
  check(input) {
    const outcomes = [portableCodec, nativeCodec].map((codec) => {
      try {
        return decompressPrefixed(
          codec,
          input,
          [PREFIX.subarray(0, 1000), PREFIX.subarray(1000)],
          sizeOf(input),
        );
      } catch (error) {
        if (error instanceof DesyncError) return error;
        throw error;
      }
    });
    const [portable, native] = outcomes;
    if (portable instanceof DesyncError) throw portable;
    if (native instanceof DesyncError) throw native;
    ok(portable.length === sizeOf(input));
    assertSame(portable, native);
    return "made";
  },
};
