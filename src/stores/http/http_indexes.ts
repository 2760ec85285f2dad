/** Indexes behind a web server. */
import { freeBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import type { Index } from "../../formats/index/index.ts";
import { IndexParser } from "../../formats/index/index_parser.ts";
import { type HttpOptions, httpRead } from "./http_client.ts";
import { type HttpLocation, parseHttpLocation } from "./http_location.ts";
import type { IndexStore } from "../index_store.ts";
import { urlOfIndex } from "../location.ts";

/** Reads indexes with GET. */
export class HttpIndexStore implements IndexStore {
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
}
