/**
 * What the blocks of a frame of zstd make, known before anything is decompressed: the decoder in JavaScript
 * (`npm:fzstd`) believes all that a block says, and a few bytes could keep it busy for minutes, or for ever.
 *
 * Literals are counted and Huffman trees are checked, sequences are decoded and not carried out. What is left to the
 * decoder takes no longer than the frame and its content are large.
 *
 * Source: RFC 8878, sections 3.1.1.2 and 3.1.1.3.
 */
import { SPARE_BYTES } from "./fse_table.ts";
import { BLOCK_BYTES } from "./zstd_frame.ts";
import { readLiterals } from "./zstd_literals.ts";
import { readSequences, SequenceHistory } from "./zstd_sequences.ts";

const RAW = 0;
const REPEATED = 1;
const COMPRESSED = 2;

/**
 * Bytes that the blocks make, `undefined` as soon as that is more than `limit`. They begin at byte `at` of `bytes` and
 * have been found complete before; at least `SPARE_BYTES` follow them. Throws a plain error when something is damaged.
 */
export function contentOfBlocks(
  bytes: Uint8Array,
  at: number,
  windowSize: number,
  limit: number,
): number | undefined {
  const blockMax = Math.min(windowSize, BLOCK_BYTES);
  const history = new SequenceHistory();
  let hasTree = false;
  let made = 0;
  for (let last = false; !last;) {
    const header = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    last = (header & 1) !== 0;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    if (size > blockMax) throw new Error("a block is too large");
    at += 3;
    if (kind === RAW || kind === REPEATED) made += size;
    else if (kind === COMPRESSED) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, size + SPARE_BYTES);
      const literals = readLiterals(view, size, hasTree);
      hasTree = literals.hasTree;
      const room = { literals: literals.count, blockMax, before: made };
      made += readSequences(view, literals.end, size, room, history);
    } else throw new Error("a block is of an unknown kind");
    if (made > limit) return undefined;
    at += kind === REPEATED ? 1 : size;
  }
  return made;
}
