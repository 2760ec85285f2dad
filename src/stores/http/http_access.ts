/** What is at a URL, read in parts, where the server gives parts. */
import type { RandomAccess } from "../byte_source.ts";
import type { HttpOptions } from "./http_client.ts";
import { checkSameWhole, httpPart, httpStream, type HttpWhole } from "./http_ranges.ts";
import { unreadable } from "./http_errors.ts";
import type { HttpLocation } from "./http_location.ts";
import { concat } from "../../core/bytes.ts";

/** Small reads fetch whole blocks, which are kept: those of an archive are often near each other. */
const BLOCK_BYTES = 32 * 1024;
const KEPT_BLOCKS = 64;

/** Reads parts of what is at a URL. It has to stay what it is meanwhile. */
export class HttpAccess implements RandomAccess {
  readonly size: number;
  readonly #location: HttpLocation;
  readonly #options: HttpOptions;
  readonly #whole: HttpWhole;
  readonly #blocks = new Map<number, Uint8Array>();

  private constructor(location: HttpLocation, options: HttpOptions, whole: HttpWhole) {
    this.#location = location;
    this.#options = options;
    this.#whole = whole;
    this.size = whole.size;
  }

  /** `null` when the server gives no parts. Throws `store`, `timeout`, `interrupted`. */
  static async open(
    location: HttpLocation,
    options: HttpOptions,
    signal?: AbortSignal,
  ): Promise<HttpAccess | null> {
    const own = { ...options, headers: { ...location.headers, ...options.headers } };
    const { url, redacted } = location;
    const head = await httpPart(url, redacted, { first: BLOCK_BYTES }, own, signal);
    if (head === null) return null;
    const access = new HttpAccess(location, own, head.whole);
    access.#blocks.set(0, head.bytes);
    return access;
  }

  /** The bytes from `offset` on. Throws `store` when there are not so many, or it changed. */
  async read(offset: number, length: number, options: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    if (offset + length > this.size) {
      const reason = `it ends at byte ${this.size}, before byte ${offset + length}`;
      throw unreadable(this.#location.redacted, reason);
    }
    const pieces: Uint8Array[] = [];
    for (let at = offset; at < offset + length;) {
      const number = Math.floor(at / BLOCK_BYTES);
      const block = await this.#block(number, options.signal);
      const from = at - number * BLOCK_BYTES;
      const piece = block.subarray(from, Math.min(block.length, from + offset + length - at));
      pieces.push(piece);
      at += piece.length;
    }
    return concat(pieces);
  }

  /** The bytes from `start` up to but without `end`. */
  pieces(
    start: number,
    end: number,
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const { url, redacted } = this.#location;
    return httpStream(url, redacted, this.#options, options.signal, { start, end, whole: this.#whole });
  }

  async #block(number: number, signal?: AbortSignal): Promise<Uint8Array> {
    const kept = this.#blocks.get(number);
    if (kept !== undefined) return kept;
    const start = number * BLOCK_BYTES;
    const end = Math.min(this.size, start + BLOCK_BYTES);
    const { url, redacted } = this.#location;
    const part = await httpPart(url, redacted, { start, end }, this.#options, signal);
    checkSameWhole(part?.whole ?? null, this.#whole, redacted);
    if (this.#blocks.size >= KEPT_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value!);
    this.#blocks.set(number, part!.bytes);
    return part!.bytes;
  }
}
