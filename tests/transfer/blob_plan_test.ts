import { deepStrictEqual } from "node:assert/strict";
import { ZeroChunk } from "../../src/codec/zero_chunk.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import type { Index } from "../../src/formats/index/index.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { BlobPlan } from "../../src/transfer/blob_plan.ts";
import { grouped } from "../../src/transfer/groups.ts";
import { indexBytes } from "../support/data/index_bytes.ts";
import { sha512256 } from "../support/sha.ts";

const [a, b, c] = ["a", "b", "c"].map((digit) => digit.repeat(64));
const zeros = sha512256(new Uint8Array(100));

/** The plan of an index without the chunk of zeros. */
function withoutZeros(index: Index): BlobPlan {
  return new BlobPlan(index, new ZeroChunk(index, nativeCodec));
}

/** An index with max 100 of chunks with these ids and lengths. */
function indexOf(...chunks: [id: string, length: number][]) {
  let end = 0;
  const items = chunks.map(([id, length]) => ({ id, end: end += length }));
  return parseIndex(indexBytes({ min: 1, avg: 50, max: 100, items }));
}

Deno.test("every chunk once, in the order of the blob, with all its places", () => {
  const plan = new BlobPlan(indexOf([a, 10], [b, 20], [a, 10], [c, 5], [b, 20], [a, 10]));
  deepStrictEqual([...plan.chunks()], [
    { id: a, size: 10, offsets: [0, 30, 65] },
    { id: b, size: 20, offsets: [10, 45] },
    { id: c, size: 5, offsets: [40] },
  ]);
  deepStrictEqual([...plan.ranges()], [{ offset: 0, length: 75 }]);
  deepStrictEqual([[...new BlobPlan(indexOf()).chunks()], [...new BlobPlan(indexOf()).ranges()]], [[], []]);
});

Deno.test("zeros of the largest size are omitted, at the start, in the middle and at the end", () => {
  const index = indexOf([zeros, 100], [a, 10], [zeros, 100], [zeros, 100], [b, 7], [a, 10], [zeros, 100]);
  const plan = withoutZeros(index);
  deepStrictEqual([...plan.chunks()].map(({ id, offsets }) => [id, offsets]), [[a, [100, 317]], [b, [310]]]);
  deepStrictEqual([...plan.ranges()], [{ offset: 100, length: 10 }, { offset: 310, length: 17 }]);
  deepStrictEqual([...withoutZeros(indexOf([zeros, 100])).ranges()], []);
});

Deno.test("the id of zeros with another size is not omitted: it cannot be right", () => {
  const plan = withoutZeros(indexOf([zeros, 60], [a, 10]));
  deepStrictEqual([...plan.chunks()].map(({ id }) => id), [zeros, a]);
  deepStrictEqual([...plan.ranges()], [{ offset: 0, length: 70 }]);
});

Deno.test("groups are bounded in number and in bytes, and hold at least one", () => {
  const sizes = (groups: Iterable<{ size: number }[]>) =>
    [...groups].map((group) => group.map(({ size }) => size));
  const chunks = [5, 5, 5, 5, 5, 50, 1, 1].map((size) => ({ size }));
  deepStrictEqual(sizes(grouped(chunks, 3, 1000)), [[5, 5, 5], [5, 5, 50], [1, 1]]);
  deepStrictEqual(sizes(grouped(chunks, 10, 11)), [[5, 5], [5, 5], [5], [50], [1, 1]]);
  deepStrictEqual(sizes(grouped([], 10, 11)), []);
});
