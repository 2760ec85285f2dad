/** Indexes (.caibx, .caidx). */
import { ok } from "node:assert/strict";
import { concat } from "../../src/core/bytes.ts";
import { type Index, ITEM_BYTES, ITEMS_AT, serializeIndex } from "../../src/formats/index/index.ts";
import { IndexParser, parseIndex } from "../../src/formats/index/index_parser.ts";
import { indexBytes } from "../../tests/support/data/index_bytes.ts";
import { testdataBytes } from "../seeds.ts";
import { assertSame } from "../same.ts";
import { inPieces, type Target } from "../target.ts";

function split(input: Uint8Array): Uint8Array[] {
  const pieces = [input.subarray(0, ITEMS_AT)];
  for (let at = ITEMS_AT; at < input.length; at += ITEM_BYTES) {
    pieces.push(input.subarray(at, at + ITEM_BYTES));
  }
  return pieces;
}

/** Makes the tail say how many items there are. */
function repair(input: Uint8Array): Uint8Array {
  const items = Math.floor(Math.max(0, input.length - ITEMS_AT) / ITEM_BYTES);
  const tail = indexBytes().subarray(ITEMS_AT);
  const bytes = concat([input.subarray(0, ITEMS_AT + ITEM_BYTES * Math.max(0, items - 1)), tail]);
  const size = bytes.length - 48;
  if (bytes.length >= ITEMS_AT + ITEM_BYTES) {
    new DataView(bytes.buffer).setBigUint64(bytes.length - 16, BigInt(size), true);
  }
  return bytes;
}

function parseSplit(input: Uint8Array): Index {
  const parser = new IndexParser();
  for (const piece of inPieces(input)) parser.push(piece);
  return parser.finish();
}

function outcomeOf(parse: () => Index): Index | unknown {
  try {
    return parse();
  } catch (error) {
    return error;
  }
}

export const index: Target = {
  name: "index",
  codes: ["invalid-index"],
  seeds: () => [
    testdataBytes("casync-small.caibx"),
    testdataBytes("casync-empty.caibx"),
    testdataBytes("tree.caidx"),
    indexBytes({ min: 1, avg: 2, max: 3, items: [{ end: 3 }, { end: 4 }, { end: 5, id: "ab".repeat(32) }] }),
  ],
  split,
  repair,
  check(input) {
    const whole = outcomeOf(() => parseIndex(input));
    const split = outcomeOf(() => parseSplit(input));
    if (whole instanceof Error) {
      // Where it ends is seen later in pieces, so that the words may differ.
      ok(split instanceof Error, "in pieces it is an index");
      throw whole;
    }
    const [parsed, other] = [whole as Index, split as Index];
    assertSame(serializeIndex(other), input);
    assertSame(serializeIndex(parsed), input);
    for (let i = 0; i < parsed.count; i++) {
      ok(parsed.length(i) >= 1 && parsed.length(i) <= parsed.sizes.max, "a chunk's length");
      ok(
        parsed.chunkAt(parsed.start(i)) === i && parsed.chunkAt(parsed.ends[i] - 1) === i,
        "a chunk's place",
      );
    }
    parsed.firstOccurrences();
    return `${parsed.digest} ${Math.min(parsed.count, 3)}`;
  },
};
