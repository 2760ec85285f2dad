/** What is at a URL, read in parts, where the server gives parts. */
import type { RandomAccess } from "../byte_source.ts";
import { KeptBlocks } from "../kept_blocks.ts";
import type { HttpOptions } from "./http_client.ts";
import { checkSameWhole, httpPart, httpStream, type HttpWhole } from "./http_ranges.ts";
import { unreadable } from "./http_errors.ts";
import type { HttpLocation } from "./http_location.ts";

/** Reads parts of what is at a URL. It has to stay what it is meanwhile. */
export class HttpAccess implements RandomAccess {
  readonly size: number;
  readonly #location: HttpLocation;
  readonly #options: HttpOptions;
  readonly #whole: HttpWhole;
  readonly #blocks: KeptBlocks;

  private constructor(location: HttpLocation, options: HttpOptions, whole: HttpWhole, first: Uint8Array) {
    this.#location = location;
    this.#options = options;
    this.#whole = whole;
    this.size = whole.size;
    this.#blocks = new KeptBlocks(whole.size, (start, end, signal) => this.#part(start, end, signal), first);
  }

  /** `null` when the server gives no parts. Throws `store`, `timeout`, `interrupted`. */
  static async open(
    location: HttpLocation,
    options: HttpOptions,
    signal?: AbortSignal,
  ): Promise<HttpAccess | null> {
    const own = { ...options, headers: { ...location.headers, ...options.headers } };
    const { url, redacted } = location;
    const head = await httpPart(url, redacted, { first: KeptBlocks.firstBytes }, own, signal);
    return head && new HttpAccess(location, own, head.whole, head.bytes);
  }

  /** The bytes from `offset` on. Throws `store` when there are not so many, or it changed. */
  async read(offset: number, length: number, options: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    if (offset + length > this.size) {
      const reason = `it ends at byte ${this.size}, before byte ${offset + length}`;
      throw unreadable(this.#location.redacted, reason);
    }
    return await this.#blocks.read(offset, length, options.signal);
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

  async #part(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    const { url, redacted } = this.#location;
    const part = await httpPart(url, redacted, { start, end }, this.#options, signal);
    checkSameWhole(part?.whole ?? null, this.#whole, redacted);
    return part!.bytes;
  }
}
