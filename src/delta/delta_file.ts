/** A delta file: how a new version's chunks are made of an old one's. docs/delta.md describes every byte. */
import type { Codec } from "../codec/codec.ts";
import { concat, equalBytes, toHex } from "../core/bytes.ts";
import { DesyncError } from "../core/errors.ts";
import { type Index, ITEM_BYTES, ITEMS_AT, serializeIndex } from "../formats/index/index.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import {
  checkDeltaDigest,
  DELTA_HEADER_BYTES,
  deltaBytes,
  type DeltaHeader,
  framesAt,
  parseDeltaHeader,
  serializeDeltaHeader,
} from "./delta_header.ts";
import { type DeltaFrame, readFrameList, writeFrameList, type WrittenFrame } from "./frame_list.ts";
import { invalidDelta } from "./invalid_delta.ts";
import { readIndexRecipe, writeIndexRecipe } from "./index_recipe.ts";

/** A table is made once and read often. */
const TABLE_LEVEL = 19;
const DIGEST_BYTES = 32;
/** What is read at first: usually most of the table, and as much as sources at URLs read in any case. */
const START_BYTES = 32 * 1024;

/** The header and the table of a file, the digest of which is right. */
export interface DeltaHead {
  readonly header: DeltaHeader;
  /** As it is in the file. */
  readonly table: Uint8Array;
  /** The first bytes of the file, which may have some of the frames, too. */
  readonly start: Uint8Array;
  /** Bytes that were read, and in how many reads. */
  readonly fetchedBytes: number;
  readonly requests: number;
}

/** A delta file whose old version is known. */
export interface Delta {
  readonly header: DeltaHeader;
  /** The old version; `undefined` for a file that needs none. */
  readonly base: Index | undefined;
  /** The new version. */
  readonly target: Index;
  /** In the order of the file. */
  readonly frames: readonly DeltaFrame[];
}

/** The digest by which a delta knows its old version: of its chunks' ends and ids, as the index file has them. */
export function baseDigestOf(index: Index, codec: Codec): Uint8Array {
  const table = serializeIndex(index).subarray(ITEMS_AT, ITEMS_AT + index.count * ITEM_BYTES);
  return codec.digest(index.digest, table);
}

/** Digits of the old version's digest in the name of a delta. */
const NAME_DIGITS = 16;

/**
 * What the name of a delta has behind that of the new index, where it is found without being named: the first digits of the
 * old version's digest.
 */
export function deltaSuffix(base: Index, codec: Codec): string {
  return `.${toHex(baseDigestOf(base, codec)).slice(0, NAME_DIGITS)}.cadelta`;
}

/** The digest by which it knows its new version: of the index file. */
export function targetDigestOf(index: Index, codec: Codec): Uint8Array {
  return codec.digest(index.digest, serializeIndex(index));
}

/** Reads the header and the table. Throws `invalid-delta`, `unsupported`, and what reading throws. */
export async function readDeltaHead(
  access: RandomAccess,
  codec: Codec,
  options: { readonly signal?: AbortSignal } = {},
): Promise<DeltaHead> {
  const start = access.whole ?? await access.read(0, Math.min(START_BYTES, access.size), options);
  const header = parseDeltaHeader(start);
  if (access.size !== deltaBytes(header)) {
    throw invalidDelta(`it has ${access.size} bytes instead of ${deltaBytes(header)}`);
  }
  const end = framesAt(header);
  const parts: Uint8Array[] = [start.subarray(DELTA_HEADER_BYTES, end)];
  let fetchedBytes = start.length;
  if (end > start.length) {
    for await (const piece of access.pieces(start.length, end, options)) {
      parts.push(piece);
      fetchedBytes += piece.length;
    }
  }
  const table = concat(parts);
  checkDeltaDigest(start, table, (bytes) => codec.digest(header.digest, bytes));
  return { header, table, start, fetchedBytes, requests: end > start.length ? 2 : 1 };
}

/** Whether the delta is for this old version. */
export function isBaseOf(index: Index, { header }: Pick<DeltaHead, "header">, codec: Codec): boolean {
  return index.count === header.baseCount && index.size === header.baseSize &&
    index.digest === header.digest &&
    equalBytes(baseDigestOf(index, codec), header.baseDigest);
}

/**
 * The delta, with its old version, which has to be the right one ({@linkcode isBaseOf}). Throws `invalid-delta` where it
 * contradicts itself, and when the index that it makes is not the one whose digest it has.
 */
export function openDelta(
  { header, table }: Pick<DeltaHead, "header" | "table">,
  base: Index | undefined,
  codec: Codec,
): Delta {
  const { recipeBytes, listBytes, targetCount, digest } = header;
  let raw: Uint8Array;
  try {
    raw = codec.decompress("zstd", table, recipeBytes + listBytes);
  } catch (error) {
    throw error instanceof DesyncError && error.code === "invalid-chunk"
      ? invalidDelta(`its table is damaged: ${error.reason}`)
      : error;
  }
  if (raw.length !== recipeBytes + listBytes) throw invalidDelta("its table has another length");
  const made = readIndexRecipe(raw.subarray(0, recipeBytes), base, targetCount, digest);
  const frames = readFrameList(raw.subarray(recipeBytes), header, made, base);
  if (!equalBytes(targetDigestOf(made.index, codec), header.targetDigest)) {
    throw invalidDelta("it does not make the index that it is for");
  }
  return { header, base, target: made.index, frames };
}

/** The codec with which a table is made. */
type TableCodec = Codec & { compress(bytes: Uint8Array, level: number): Uint8Array };

/** All but the frames of a delta file. */
export function serializeDeltaHead(
  target: Index,
  base: Index | undefined,
  frames: readonly WrittenFrame[],
  largest: Pick<DeltaHeader, "largestBase" | "largestFrame">,
  codec: TableCodec,
): Uint8Array<ArrayBuffer> {
  const recipe = writeIndexRecipe(target, base);
  const list = writeFrameList(frames);
  const table = codec.compress(concat([recipe, list]), TABLE_LEVEL);
  const header: DeltaHeader = {
    digest: target.digest,
    baseDigest: base === undefined ? new Uint8Array(DIGEST_BYTES) : baseDigestOf(base, codec),
    targetDigest: targetDigestOf(target, codec),
    baseCount: base?.count ?? 0,
    baseSize: base?.size ?? 0,
    targetCount: target.count,
    tableBytes: table.length,
    recipeBytes: recipe.length,
    listBytes: list.length,
    framesBytes: frames.reduce((sum, { length }) => sum + length, 0),
    ...largest,
  };
  return concat([
    serializeDeltaHeader(header, table, (bytes) => codec.digest(target.digest, bytes)),
    table,
  ]);
}
