import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DesyncError } from "../../../src/core/errors.ts";
import { BLOB_FLAGS, FLAG_SHA512_256, Index, serializeIndex } from "../../../src/formats/index/index.ts";
import { IndexParser, parseIndex } from "../../../src/formats/index/index_parser.ts";
import { indexBytes, type IndexFields, sha256Flags, sha512256Flags } from "../../support/data/index_bytes.ts";
import { Random, random } from "../../support/random.ts";
import { blob, smallBlob, testdata } from "../../support/testdata.ts";

const invalid = (reason: RegExp) => (error: unknown) => {
  ok(error instanceof DesyncError, String(error));
  strictEqual(error.code, "invalid-index");
  ok(reason.test(error.message), error.message);
  ok(!error.message.includes("\n"));
  return true;
};

const files: [name: string, chunks: number, size: number, digest: string, sizes: number[]][] = [
  ["casync-blob.caibx", 25, blob().length, "sha512-256", [16384, 65536, 262144]],
  ["desync-blob.caibx", 25, blob().length, "sha512-256", [16384, 65536, 262144]],
  ["casync-small.caibx", 12, smallBlob().length, "sha512-256", [4096, 16384, 65536]],
  ["casync-small-sha256.caibx", 12, smallBlob().length, "sha256", [4096, 16384, 65536]],
  ["desync-small-sha256.caibx", 12, smallBlob().length, "sha256", [4096, 16384, 65536]],
  ["casync-small-16-200-1000.caibx", 1431, smallBlob().length, "sha512-256", [16, 200, 1000]],
  ["casync-small-4096-fixed.caibx", 111, smallBlob().length, "sha512-256", [4096, 4096, 4096]],
  ["casync-one-byte.caibx", 1, 1, "sha512-256", [4096, 16384, 65536]],
  ["casync-empty.caibx", 0, 0, "sha512-256", [4096, 16384, 65536]],
  ["desync-empty.caibx", 0, 0, "sha512-256", [4096, 16384, 65536]],
  ["tree.caidx", 4, Deno.statSync(testdata("tree.catar")).size, "sha512-256", [4096, 16384, 65536]],
];
for (const [name, chunks, size, digest, sizes] of files) {
  Deno.test(`${name} is read, and written back byte for byte`, () => {
    const bytes = Deno.readFileSync(testdata(name));
    const index = parseIndex(bytes);
    deepStrictEqual([index.count, index.size, index.digest], [chunks, size, digest]);
    deepStrictEqual([index.sizes.min, index.sizes.avg, index.sizes.max], sizes);
    deepStrictEqual(serializeIndex(index), bytes);
    // From the middle of a larger buffer, at an offset that no number is aligned to.
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 13);
    deepStrictEqual(serializeIndex(parseIndex(larger.subarray(13, 13 + bytes.length))), bytes);
  });
}

Deno.test("every prefix of an index is refused", () => {
  const bytes = Deno.readFileSync(testdata("casync-small.caibx"));
  for (let length = 0; length < bytes.length; length++) {
    throws(() => parseIndex(bytes.subarray(0, length)), invalid(/./), `${length} bytes`);
  }
});

Deno.test("an index that comes in pieces of any size is the same", () => {
  const generator = random();
  for (const name of ["casync-small-16-200-1000.caibx", "casync-empty.caibx", "casync-one-byte.caibx"]) {
    const bytes = Deno.readFileSync(testdata(name));
    for (const most of [1, 39, 41, 300, 100_000]) {
      const parser = new IndexParser();
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.slice(at, at + generator.below(most) + 1);
        parser.push(piece);
        at += piece.length;
        piece.fill(0); // none of it is kept
      }
      deepStrictEqual(serializeIndex(parser.finish()), bytes);
    }
  }
});

Deno.test("what is not an index is refused as early as possible", () => {
  const bytes = Deno.readFileSync(testdata("casync-small.caibx"));
  const refused = (start: Uint8Array, next: Uint8Array, reason: RegExp) => {
    const parser = new IndexParser();
    for (const byte of start) parser.push(Uint8Array.of(byte));
    throws(() => parser.push(next), invalid(reason));
  };
  refused(new Uint8Array(15), new Uint8Array(1), /does not start like/);
  refused(bytes.subarray(0, 63), new Uint8Array(1), /no chunk table/);
  refused(bytes.subarray(0, 64 + 40), new Uint8Array(40), /does not end/);
  refused(bytes, new Uint8Array(1), /follow its end/);
});

Deno.test("bytes behind the end are refused, whatever they are", () => {
  const bytes = Deno.readFileSync(testdata("casync-small.caibx"));
  for (const more of [1, 39, 40, 80]) {
    const longer = new Uint8Array(bytes.length + more);
    longer.set(bytes);
    throws(() => parseIndex(longer), invalid(new RegExp(`${more} bytes follow`)));
  }
});

Deno.test("every flipped bit gives an index or invalid-index", () => {
  const bytes = Deno.readFileSync(testdata("casync-one-byte.caibx"));
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    try {
      deepStrictEqual(serializeIndex(parseIndex(flipped)), flipped);
    } catch (error) {
      invalid(/./)(error);
    }
  }
});

const fields: [name: string, fields: IndexFields, reason: RegExp][] = [
  ["header size", { indexSize: 47 }, /does not start like/],
  ["header type", { indexType: 1n }, /does not start like/],
  ["table size", { tableSize: 1000 }, /no chunk table/],
  ["table type", { tableType: 2n }, /no chunk table/],
  ["min 0", { min: 0 }, /out of range/],
  ["max above 128 MiB", { max: 128 * 1024 * 1024 + 1 }, /out of range/],
  ["max beyond 2^53", { max: 1n << 60n }, /out of range/],
  ["avg beyond 2^53", { avg: 1n << 60n }, /out of range/],
  ["min above avg", { min: 65537 }, /out of order/],
  ["avg above max", { avg: 262145 }, /out of order/],
  ["an end that goes back", { items: [{ end: 9 }, { end: 8 }] }, /chunk 1 ends at 8, not after .*9/],
  ["an empty chunk", { items: [{ end: 9 }, { end: 9 }] }, /chunk 1 ends at 9/],
  ["a chunk above max", { items: [{ end: 262_144 }, { end: 524_289 }] }, /chunk 1 has 262145 bytes/],
  ["an end beyond 2^53", { items: [{ end: 1n << 53n }] }, /chunk 0 ends beyond/],
  ["an end of which only the high half is set", { items: [{ end: 1n << 32n }] }, /chunk 0 has 4294967296/],
  ["tail zero", { tailZero2: 1 }, /does not end as it should/],
  ["tail offset", { tailIndexOffset: 49 }, /starts elsewhere/],
  ["tail size", { tailTableSize: 57 }, /claims 57 bytes and has 56/],
  ["tail size beyond 2^53", { tailTableSize: 1n << 63n }, /claims too many bytes/],
  ["tail marker", { tailMagic: 0n }, /does not end as it should/],
  ["tail's first word", { tailZero1: 5 }, /inside its chunk table/],
];
for (const [name, field, reason] of fields) {
  Deno.test(`an index with a wrong ${name} is refused`, () => {
    throws(() => parseIndex(indexBytes(field)), invalid(reason));
  });
}

Deno.test("sizes at their limits are taken, and unknown flags kept", () => {
  const max = 128 * 1024 * 1024;
  const index = parseIndex(
    indexBytes({ min: 1, avg: 1, max, flags: 0xffff_ffff_ffff_ffffn, items: [{ end: max }] }),
  );
  deepStrictEqual([index.flags, index.size, index.length(0)], [0xffff_ffff_ffff_ffffn, max, max]);
  strictEqual(parseIndex(indexBytes({ flags: sha256Flags })).digest, "sha256");
  strictEqual(parseIndex(indexBytes({ flags: sha512256Flags })).digest, "sha512-256");
  strictEqual(BLOB_FLAGS | FLAG_SHA512_256, sha512256Flags);
});

/** An index of chunks with these lengths and, for ids, these numbers. */
function made(lengths: number[], ids: number[] = lengths.map((_, i) => i)): Index {
  const header = { flags: BLOB_FLAGS, sizes: { min: 1, avg: 100, max: 100_000 } };
  let end = 0;
  const bytes = new Uint8Array(32 * ids.length);
  ids.forEach((id, i) => new DataView(bytes.buffer).setUint32(32 * i + 28, id));
  return new Index(header, Float64Array.from(lengths, (length) => end += length), bytes);
}

Deno.test("chunkAt finds the chunk of every byte", () => {
  const generator = new Random(1);
  const lengths = Array.from({ length: 100 }, () => 1 + generator.below(9));
  const index = made(lengths);
  let offset = 0;
  for (const [chunk, length] of lengths.entries()) {
    strictEqual(index.start(chunk), offset);
    for (let i = 0; i < length; i++) strictEqual(index.chunkAt(offset++), chunk);
  }
  strictEqual(offset, index.size);
  strictEqual(made([5]).chunkAt(4), 0);
});

Deno.test("firstOccurrences: each chunk's first, also among very many repeats and alike ids", () => {
  deepStrictEqual([...made([]).firstOccurrences()], []);
  deepStrictEqual([...made([1, 2, 1, 3, 2, 1], [7, 8, 7, 9, 8, 7]).firstOccurrences()], [0, 1, 0, 3, 1, 0]);
  const generator = new Random(2);
  // All ids begin with the same words, so they all want the same place in any table.
  const ids = Array.from({ length: 3000 }, () => generator.below(500));
  const seen = new Map<number, number>();
  const expected = ids.map((id, i) => seen.get(id) ?? (seen.set(id, i), i));
  deepStrictEqual([...made(ids.map(() => 10), ids).firstOccurrences()], expected);
  const { flags, sizes, ends, ids: bytes } = made([1, 1, 1], [4, 5, 4]);
  const inNodesBuffer = Buffer.from(bytes); // a part of a larger one
  deepStrictEqual([...new Index({ flags, sizes }, ends, inNodesBuffer).firstOccurrences()], [0, 1, 0]);
  const many = made(new Array(200_000).fill(3), new Array(200_000).fill(1));
  ok(many.firstOccurrences().every((first) => first === 0));
});

Deno.test("a chunk that has two lengths contradicts itself", () => {
  throws(() => made([10, 11], [1, 1]).firstOccurrences(), invalid(/10 bytes at one place and 11 at another/));
});
