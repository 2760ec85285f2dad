/**
 * xz, as casync compresses with it: decompressed by JavaScript, for neither Deno nor browsers have it, and packages have it
 * as WebAssembly that works asynchronously, or without a limit.
 */
import { equalBytes, viewOf } from "../../core/bytes.ts";
import { crc32, crc64 } from "./crc.ts";
import { lzma2Chunks } from "./lzma2_chunks.ts";
import { LzmaDecoder } from "./lzma_decoder.ts";
import { CHECKS, type XzBlock, xzBlocks } from "./xz_blocks.ts";

/** The SHA-256 of bytes. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/**
 * The uncompressed bytes of all streams. Throws `invalid-chunk` for more than `limit` bytes, before it allocates any;
 * `unsupported` for filters besides LZMA2; a plain error when something is damaged.
 */
export function unxz(bytes: Uint8Array, limit: number, sha256: Sha256): Uint8Array {
  const blocks = xzBlocks(bytes, limit);
  const output = new Uint8Array(blocks.reduce((size, block) => size + block.size, 0));
  const decoder = new LzmaDecoder(output);
  let at = 0;
  for (const block of blocks) {
    decode(bytes, block, decoder, output, at);
    const content = output.subarray(at, at + block.size);
    if (!isRight(block, content, sha256)) throw new Error("its checksum is wrong");
    at += block.size;
  }
  return output;
}

function decode(
  bytes: Uint8Array,
  block: XzBlock,
  decoder: LzmaDecoder,
  output: Uint8Array,
  to: number,
): void {
  for (const chunk of lzma2Chunks(bytes, block.at)) {
    if (chunk.resetsDictionary) decoder.resetDictionary(to);
    if (chunk.properties !== undefined) decoder.setProperties(chunk.properties);
    if (chunk.resetsState) decoder.resetState();
    if (chunk.isLzma) decoder.decode(bytes, chunk.at, chunk.end, to, to + chunk.size);
    else output.set(bytes.subarray(chunk.at, chunk.end), to);
    to += chunk.size;
  }
}

/** Whether the content has its check. Those that are not defined are not looked at: the chunk's id is a better one. */
function isRight({ check, sum }: XzBlock, content: Uint8Array, sha256: Sha256): boolean {
  const view = viewOf(sum);
  if (check === CHECKS.crc32) return view.getUint32(0, true) === crc32(content);
  if (check === CHECKS.sha256) return equalBytes(sum, sha256(content));
  if (check !== CHECKS.crc64) return true;
  const [low, high] = crc64(content);
  return view.getUint32(0, true) === low && view.getUint32(4, true) === high;
}
