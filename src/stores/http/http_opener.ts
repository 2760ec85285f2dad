/** Opens what is behind web servers. */
import { HttpStore } from "./http_store.ts";
import { HttpBytes } from "./http_bytes.ts";
import type { HttpOptions } from "./http_client.ts";
import { HttpIndexStore } from "./http_indexes.ts";
import { type HttpLocation, parseHttpLocation } from "./http_location.ts";
import type { Opener } from "../scheme.ts";
import type { StoreOptions } from "../store_options.ts";

/** How a location is requested with its options: by which fetch, with which headers. */
type RequestsFor = (location: HttpLocation, options: StoreOptions) => HttpOptions;

/** The opener for http and https. */
export function httpOpener(requestsFor: RequestsFor): Opener {
  return {
    openChunks: (location, options) =>
      Promise.try(() => {
        const requests = requestsFor(parseHttpLocation(location), options);
        const { maxChunkSize, encryption } = options;
        return new HttpStore(location, { ...requests, maxChunkSize, suffix: encryption?.key.suffix });
      }),
    openIndexes: (store, options) =>
      Promise.resolve(new HttpIndexStore(store, (location) => requestsFor(location, options))),
    openBytes: (location, options) =>
      Promise.try(() => {
        const parsed = parseHttpLocation(location);
        return new HttpBytes(parsed, requestsFor(parsed, options));
      }),
  };
}
