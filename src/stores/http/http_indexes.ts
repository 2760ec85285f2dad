/** Indexes behind a web server. */
import { freeBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { type Index, serializeIndex } from "../../formats/index/index.ts";
import { IndexParser } from "../../formats/index/index_parser.ts";
import { type HttpOptions, httpRead, httpSize } from "./http_client.ts";
import { type HttpLocation, parseHttpLocation } from "./http_location.ts";
import { StatusError } from "./http_errors.ts";
import { httpPut } from "./http_put.ts";
import { checkIndexName, type WritableIndexStore } from "../index_store.ts";
import { urlOfIndex } from "../location.ts";

/** Reads indexes with GET, and writes them with PUT. */
export class HttpIndexStore implements WritableIndexStore {
  readonly #location: string;
  readonly #optionsFor: (location: HttpLocation) => HttpOptions;

  /** `location` is the URL below which the names are; a query in it is sent with each of them. */
  constructor(location: string, optionsFor: (location: HttpLocation) => HttpOptions) {
    this.#location = location;
    this.#optionsFor = optionsFor;
  }

  /** What arrives is checked as it comes: what is not an index may have no end. */
  async read(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<Index> {
    const location = parseHttpLocation(urlOfIndex(this.#location, name));
    const parser = new IndexParser();
    const take = (piece: Uint8Array) => {
      parser.push(piece);
      freeBytes(piece);
    };
    const { url, redacted } = location;
    if (await httpRead(url, redacted, this.#optionsFor(location), take, options.signal)) {
      return parser.finish();
    }
    throw new DesyncError("missing-file", {
      action: "read the index",
      subject: redacted,
      reason: "HTTP status 404",
    });
  }

  /** Asks for it, which shows whether the server is there, and whether it knows the user. Only writing shows the rest. */
  async check(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const location = this.#target(name);
    const { url, redacted } = location;
    try {
      await httpSize(url, redacted, this.#optionsFor(location), options.signal);
    } catch (error) {
      // What a server says of reading it, if not who asks, need not hold for writing.
      if (error instanceof StatusError && error.status !== 401 && error.status < 500) return;
      throw error instanceof DesyncError ? error.with({ action: "write" }) : error;
    }
  }

  /** In one request: web servers replace a file when they have all of it. */
  async write(name: string, index: Index, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const location = this.#target(name);
    const { url, redacted } = location;
    await httpPut(url, redacted, serializeIndex(index), this.#optionsFor(location), options.signal);
  }

  #target(name: string): HttpLocation {
    const location = parseHttpLocation(urlOfIndex(this.#location, name));
    checkIndexName(name, location.redacted);
    return location;
  }
}
