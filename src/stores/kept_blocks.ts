/** Small reads of something far away fetch whole blocks, which are kept: those of an archive are often near each other. */
import { concat } from "../core/bytes.ts";

const BLOCK_BYTES = 32 * 1024;
const KEPT_BLOCKS = 64;

/** Fetches the bytes from `start` up to but without `end`, which are there. */
type FetchBlock = (start: number, end: number, signal?: AbortSignal) => Promise<Uint8Array>;

/** The blocks of a whole that were read last, 2 MB at most. */
export class KeptBlocks {
  readonly #size: number;
  readonly #fetch: FetchBlock;
  readonly #blocks = new Map<number, Uint8Array>();

  /** Bytes of the first block, of which a smaller whole has less. */
  static readonly firstBytes = BLOCK_BYTES;

  /** `size` is that of the whole in bytes, `first` the first block, if it is known already. */
  constructor(size: number, fetch: FetchBlock, first?: Uint8Array) {
    this.#size = size;
    this.#fetch = fetch;
    if (first !== undefined) this.#blocks.set(0, first);
  }

  /** The bytes from `offset` on, all of which have to be within the whole. */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let at = offset; at < offset + length;) {
      const number = Math.floor(at / BLOCK_BYTES);
      const block = await this.#block(number, signal);
      const from = at - number * BLOCK_BYTES;
      const piece = block.subarray(from, Math.min(block.length, from + offset + length - at));
      pieces.push(piece);
      at += piece.length;
    }
    return concat(pieces);
  }

  async #block(number: number, signal?: AbortSignal): Promise<Uint8Array> {
    const kept = this.#blocks.get(number);
    if (kept !== undefined) return kept;
    const start = number * BLOCK_BYTES;
    const block = await this.#fetch(start, Math.min(this.#size, start + BLOCK_BYTES), signal);
    if (this.#blocks.size >= KEPT_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value!);
    this.#blocks.set(number, block);
    return block;
  }
}
