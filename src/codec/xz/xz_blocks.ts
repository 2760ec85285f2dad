/**
 * The container of xz: what its blocks make and where they are, known before anything is decompressed.
 *
 * A stream, behind which more may follow, with zeros (in fours) between:
 *
 *     0   magic fd 37 7a 58 5a 00
 *     6   flags: 0; kind of check (bits 3-0)
 *     8   CRC32 of the flags
 *     12  blocks
 *     …   index: 0, number of blocks, for each its size (with header and check) and that of its content; zeros up to a
 *         multiple of 4; CRC32 of all that
 *     …   footer: CRC32 of what follows up to the magic; size of the index / 4 - 1 (4 bytes); flags; magic 59 5a
 *
 * A block:
 *
 *     0   size of the header / 4 - 1
 *     1   flags: bit 7 size of the content, 6 size of the data, 1-0 number of filters - 1
 *     2   size of the data, of the content (where the flags say so); for each filter its id, size of its properties, and
 *         these; zeros; CRC32 of the header
 *     …   data; zeros up to a multiple of 4; check
 *
 * Numbers have 7 bits in each byte, the lowest first; bit 7 says that more follow.
 *
 * Source: The .xz File Format 1.1.0.
 */
import { DesyncError } from "../../core/errors.ts";
import { checkFrames, tooLarge } from "../limits.ts";
import { crc32 } from "./crc.ts";
import { lzma2Chunks } from "./lzma2_chunks.ts";
import { XzReader } from "./xz_reader.ts";

/** One block. */
export interface XzBlock {
  /** Where its data, which are LZMA2, begin. */
  readonly at: number;
  /** Bytes of its content. */
  readonly size: number;
  /** Bytes of all of it but the zeros behind its data. */
  readonly unpaddedSize: number;
  /** Which check follows: one of {@linkcode CHECKS}, or another one. */
  readonly check: number;
  /** Its bytes. */
  readonly sum: Uint8Array;
}

/** The checks that the format defines, by their numbers. */
export const CHECKS = { none: 0, crc32: 1, crc64: 4, sha256: 10 } as const;

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const END_MAGIC = [0x59, 0x5a];
/** Bytes of each check, also of those that are not defined. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const SUM_BYTES = 4;
/** Sizes of headers and indexes count these. */
const UNIT_BYTES = 4;

const HAS_DATA_SIZE = 0x40;
const HAS_CONTENT_SIZE = 0x80;
const KNOWN_FLAGS = HAS_DATA_SIZE | HAS_CONTENT_SIZE | 0x03;
const LZMA2 = 0x21;
/** The number of the largest dictionary. */
const LARGEST_DICTIONARY = 40;

/**
 * Streams, blocks and resets of the decoder cost time, also when nothing is in them: a reset as much as to decode about so
 * many bytes.
 */
const BYTES_PER_PART = 512;

/**
 * The blocks of all streams, which have to be the whole of the bytes. Throws `invalid-chunk` when they make more than
 * `limit` bytes, `unsupported` when there is a filter besides LZMA2, and a plain error when something is damaged.
 */
export function xzBlocks(bytes: Uint8Array, limit: number): XzBlock[] {
  const reader = new XzReader(bytes);
  const blocks: XzBlock[] = [];
  const costs = new Costs(limit);
  do {
    readStream(reader, blocks, costs);
    while (!reader.isAtEnd && reader.peek() === 0) if (reader.uint32() !== 0) throw noPadding();
  } while (!reader.isAtEnd);
  return blocks;
}

/** What decoding is going to take. */
class Costs {
  readonly #limit: number;
  #size = 0;
  #parts = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  addPart(): void {
    checkFrames(++this.#parts, this.#size, BYTES_PER_PART);
  }

  addContent(size: number): void {
    this.#size += size;
    if (this.#size > this.#limit) throw tooLarge(this.#limit);
  }
}

function readStream(reader: XzReader, blocks: XzBlock[], costs: Costs): void {
  costs.addPart();
  reader.expect(MAGIC);
  const flagsAt = reader.at;
  const flags = [reader.byte(), reader.byte()];
  reader.sumFrom(flagsAt);
  const check = flags[1];
  if (flags[0] !== 0 || check >= CHECK_BYTES.length) throw unknownHeader();
  const first = blocks.length;
  while (reader.peek() !== 0) blocks.push(readBlock(reader, check, costs));
  const indexAt = reader.at;
  readIndex(reader, blocks, first);
  const indexSize = reader.at - indexAt;
  const sum = reader.uint32();
  const footerAt = reader.at;
  const isRight = (reader.uint32() + 1) * UNIT_BYTES === indexSize;
  reader.expect(flags);
  if (!isRight || crc32(reader.bytes.subarray(footerAt, reader.at)) !== sum) {
    throw new Error("its footer is wrong");
  }
  reader.expect(END_MAGIC);
}

function readBlock(reader: XzReader, check: number, costs: Costs): XzBlock {
  costs.addPart();
  const start = reader.at;
  const headerEnd = start + (reader.byte() + 1) * UNIT_BYTES;
  const sizes = readBlockHeader(reader, start, headerEnd);
  const at = reader.at;
  const size = measure(reader, costs);
  const dataSize = reader.at - at;
  if (dataSize !== (sizes.data ?? dataSize) || size !== (sizes.content ?? size)) throw wrongSizes();
  reader.padding();
  const sum = reader.take(CHECK_BYTES[check]);
  return { at, size, unpaddedSize: at - start + dataSize + sum.length, check, sum };
}

/** The sizes that a block's header has, if any. */
function readBlockHeader(
  reader: XzReader,
  start: number,
  end: number,
): { data: number | undefined; content: number | undefined } {
  // The sum first: what is not supported must not be what is damaged.
  reader.take(end - SUM_BYTES - reader.at);
  reader.sumFrom(start);
  const header = new XzReader(reader.bytes.subarray(0, end - SUM_BYTES));
  header.moveTo(start + 1);
  const flags = header.byte();
  if ((flags & ~KNOWN_FLAGS) !== 0) throw unknownHeader();
  const data = (flags & HAS_DATA_SIZE) === 0 ? undefined : header.number();
  const content = (flags & HAS_CONTENT_SIZE) === 0 ? undefined : header.number();
  const filter = header.number();
  if (filter !== LZMA2) {
    const reason = `it is compressed with xz and the filter 0x${filter.toString(16)}, which is not supported`;
    throw new DesyncError("unsupported", { reason, hint: "LZMA2 alone is" });
  }
  // The last of several would be LZMA2, and the first cannot be.
  if (header.number() !== 1 || header.byte() > LARGEST_DICTIONARY) throw unknownHeader();
  while (!header.isAtEnd) if (header.byte() !== 0) throw noPadding();
  return { data, content };
}

/** Bytes that the LZMA2 data make which begin here. */
function measure(reader: XzReader, costs: Costs): number {
  const chunks = lzma2Chunks(reader.bytes, reader.at);
  let size = 0;
  let isFirst = true;
  let next = chunks.next();
  for (; next.done !== true; next = chunks.next()) {
    const chunk = next.value;
    // The block itself was counted.
    if (chunk.resetsState && !isFirst) costs.addPart();
    isFirst = false;
    size += chunk.size;
    costs.addContent(chunk.size);
  }
  reader.moveTo(next.value);
  return size;
}

/** Compares the index with the blocks from number `first` on. */
function readIndex(reader: XzReader, blocks: readonly XzBlock[], first: number): void {
  const start = reader.at;
  reader.byte();
  if (reader.number() !== blocks.length - first) throw wrongSizes();
  for (let i = first; i < blocks.length; i++) {
    const { unpaddedSize, size } = blocks[i];
    if (reader.number() !== unpaddedSize || reader.number() !== size) throw wrongSizes();
  }
  reader.padding();
  reader.sumFrom(start);
}

function unknownHeader(): Error {
  return new Error("its header is of an unknown kind");
}

function wrongSizes(): Error {
  return new Error("the sizes in its headers are wrong");
}

function noPadding(): Error {
  return new Error("its padding is not zeros");
}
