/**
 * The first bytes of a delta file; docs/delta.md has the table. All that is believed is checked: the lengths against each
 * other and against what a reader will take, the rest by the digest over all of it.
 */
import { equalBytes, readU64, viewOf, writeU64 } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import { ITEM_BYTES, ITEMS_AT } from "../formats/index/index.ts";
import { invalidDelta } from "./invalid_delta.ts";

/** "CADELTA" and the version. */
const MAGIC = Uint8Array.of(0x43, 0x41, 0x44, 0x45, 0x4c, 0x54, 0x41, 1);
/** Only the version differs. */
const MAGIC_BYTES = 7;

/** Bytes of the header. The table follows it, then the frames. */
export const DELTA_HEADER_BYTES = 160;
/** Where the digest is, of what stands before it and of the table behind it. */
const DIGEST_AT = 128;
const DIGEST_BYTES = 32;
const FLAG_SHA256 = 1n;

/** A reader holds so much of old chunks, or of new ones, for a frame, and refuses more. */
export const MOST_FRAME_BYTES: number = 16 * 1024 * 1024;
/** Chunks that a target may have beside some for each of the base: it may repeat a chunk as often as it says. */
const SPARE_CHUNKS = 2 ** 21;
const CHUNKS_PER_BASE_CHUNK = 4;
/** Bytes of the recipe and of the list of frames at most, for each chunk of the target, and besides. */
const RECIPE_BYTES_PER_CHUNK = 48;
const LIST_BYTES_PER_CHUNK = 512;
const SPARE_BYTES = 64;

/** What the header says. */
export interface DeltaHeader {
  /** The digest of both versions' chunk ids, and of the file itself. */
  readonly digest: DigestName;
  /** Of the old version's chunks and their places; zeros where there is none. */
  readonly baseDigest: Uint8Array;
  /** Of the new version's index file. */
  readonly targetDigest: Uint8Array;
  /** Chunks of the old version. */
  readonly baseCount: number;
  /** Bytes of the old version. */
  readonly baseSize: number;
  /** Chunks of the new version. */
  readonly targetCount: number;
  /** Bytes of the table as it is in the file. */
  readonly tableBytes: number;
  /** Bytes of its two parts, decompressed: how the new index is made, and the list of the frames. */
  readonly recipeBytes: number;
  readonly listBytes: number;
  /** Bytes of all frames. */
  readonly framesBytes: number;
  /** Bytes of old chunks that a frame needs at most, and of new ones that a frame makes. */
  readonly largestBase: number;
  readonly largestFrame: number;
}

/** Where the frames begin. */
export function framesAt({ tableBytes }: DeltaHeader): number {
  return DELTA_HEADER_BYTES + tableBytes;
}

/** Bytes of the whole file. */
export function deltaBytes(header: DeltaHeader): number {
  return framesAt(header) + header.framesBytes;
}

/** Whether these are the first bytes of a delta file, of whatever version. */
export function startsLikeDelta(bytes: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, MAGIC_BYTES), MAGIC.subarray(0, MAGIC_BYTES));
}

/**
 * The header in the first bytes of a file. Throws `invalid-delta` for anything else, `unsupported` for what a later version
 * of this program may read. The digest is checked by {@linkcode checkDeltaDigest}.
 */
export function parseDeltaHeader(bytes: Uint8Array): DeltaHeader {
  if (!startsLikeDelta(bytes)) throw invalidDelta("it does not start like one");
  if (bytes.length < DELTA_HEADER_BYTES) throw invalidDelta("it ends inside its header");
  const view = viewOf(bytes);
  if (bytes[MAGIC_BYTES] !== MAGIC[MAGIC_BYTES]) throw unsupported(`version ${bytes[MAGIC_BYTES]}`);
  const flags = view.getBigUint64(8, true);
  if ((flags & ~FLAG_SHA256) !== 0n) throw unsupported(`flags 0x${flags.toString(16)}`);
  const indexBytes = readU64(view, 80) ?? Infinity;
  const targetCount = (indexBytes - ITEMS_AT - ITEM_BYTES) / ITEM_BYTES;
  if (!Number.isInteger(targetCount) || targetCount < 0) throw invalidDelta("no index has so many bytes");
  const header: DeltaHeader = {
    digest: flags === FLAG_SHA256 ? "sha256" : "sha512-256",
    baseDigest: new Uint8Array(bytes.subarray(16, 48)),
    targetDigest: new Uint8Array(bytes.subarray(48, 80)),
    targetCount,
    baseCount: view.getUint32(88, true),
    tableBytes: view.getUint32(92, true),
    recipeBytes: view.getUint32(96, true),
    listBytes: view.getUint32(100, true),
    framesBytes: readU64(view, 104) ?? Infinity,
    largestBase: view.getUint32(112, true),
    largestFrame: view.getUint32(116, true),
    baseSize: readU64(view, 120) ?? Infinity,
  };
  checkLimits(header);
  return header;
}

function checkLimits(header: DeltaHeader): void {
  const { targetCount, baseCount, baseSize, tableBytes, recipeBytes, listBytes, framesBytes } = header;
  if (targetCount > SPARE_CHUNKS + CHUNKS_PER_BASE_CHUNK * baseCount) {
    throw unsupported(`an index of ${targetCount} chunks`);
  }
  const most = (perChunk: number) => SPARE_BYTES + perChunk * targetCount;
  if (recipeBytes > most(RECIPE_BYTES_PER_CHUNK) || listBytes > most(LIST_BYTES_PER_CHUNK)) {
    throw invalidDelta("its table is larger than any can be");
  }
  // What does not compress becomes a little longer.
  const raw = recipeBytes + listBytes;
  if (tableBytes > raw + raw / 256 + SPARE_BYTES) {
    throw invalidDelta("its table is larger than what is in it");
  }
  if (baseSize > Number.MAX_SAFE_INTEGER) throw invalidDelta("its old version is too large");
  if (framesBytes > Number.MAX_SAFE_INTEGER - 2 ** 33) throw invalidDelta("its frames are too long");
  for (const bytes of [header.largestBase, header.largestFrame]) {
    if (bytes > MOST_FRAME_BYTES) throw unsupported(`frames that take ${bytes} bytes`);
  }
}

/** Checks what was read of a file. `digest` makes the digest of the header's name. Throws `invalid-delta`. */
export function checkDeltaDigest(
  header: Uint8Array,
  table: Uint8Array,
  digest: (bytes: Uint8Array) => Uint8Array,
): void {
  const found = digestOf(header.subarray(0, DELTA_HEADER_BYTES), table, digest);
  if (!equalBytes(found, header.subarray(DIGEST_AT, DIGEST_AT + DIGEST_BYTES))) {
    throw invalidDelta("its header or its table is damaged");
  }
}

/** The bytes of the header of a file with this table. */
export function serializeDeltaHeader(
  header: DeltaHeader,
  table: Uint8Array,
  digest: (bytes: Uint8Array) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  checkLimits(header);
  const bytes = new Uint8Array(DELTA_HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(MAGIC);
  view.setBigUint64(8, header.digest === "sha256" ? FLAG_SHA256 : 0n, true);
  bytes.set(header.baseDigest, 16);
  bytes.set(header.targetDigest, 48);
  writeU64(view, 80, ITEMS_AT + (header.targetCount + 1) * ITEM_BYTES);
  view.setUint32(88, header.baseCount, true);
  view.setUint32(92, header.tableBytes, true);
  view.setUint32(96, header.recipeBytes, true);
  view.setUint32(100, header.listBytes, true);
  writeU64(view, 104, header.framesBytes);
  view.setUint32(112, header.largestBase, true);
  view.setUint32(116, header.largestFrame, true);
  writeU64(view, 120, header.baseSize);
  bytes.set(digestOf(bytes, table, digest), DIGEST_AT);
  return bytes;
}

function digestOf(
  header: Uint8Array,
  table: Uint8Array,
  digest: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(DIGEST_AT + table.length);
  bytes.set(header.subarray(0, DIGEST_AT));
  bytes.set(table, DIGEST_AT);
  return digest(bytes);
}

function unsupported(what: string): DesyncError {
  return new DesyncError("unsupported", {
    reason: `it is a delta file with ${what}, which this version does not read`,
  });
}
