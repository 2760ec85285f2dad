/** A file behind a web server. */
import type { ByteSource, RandomAccess } from "../byte_source.ts";
import { HttpAccess } from "./http_access.ts";
import type { HttpOptions } from "./http_client.ts";
import { httpStream } from "./http_ranges.ts";
import type { HttpLocation } from "./http_location.ts";

/** Reads it with GET, and parts of it where the server gives parts. */
export class HttpBytes implements ByteSource {
  readonly #location: HttpLocation;
  readonly #options: HttpOptions;

  constructor(location: HttpLocation, options: HttpOptions) {
    this.#location = location;
    this.#options = options;
  }

  stream(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<Uint8Array> {
    const { url, redacted } = this.#location;
    return httpStream(url, redacted, this.#options, options.signal);
  }

  access(options: { readonly signal?: AbortSignal } = {}): Promise<RandomAccess | null> {
    return HttpAccess.open(this.#location, this.#options, options.signal);
  }
}
