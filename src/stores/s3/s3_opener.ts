/** Opens what is in S3 services. */
import type { Opener } from "../scheme.ts";
import type { StoreOptions } from "../store_options.ts";
import { DEFAULT_RETRY } from "../wrappers/retry.ts";
import { s3Bytes } from "./s3_bytes.ts";
import type { S3Options } from "./s3_client.ts";
import { S3IndexStore } from "./s3_indexes.ts";
import { S3Store } from "./s3_store.ts";

/** How a location is requested with its options: by which fetch, with which keys. */
type RequestsFor = (location: string, options: StoreOptions) => S3Options;

/** The opener for `s3+http` and `s3+https`. */
export function s3Opener(requestsFor: RequestsFor): Opener {
  return {
    openChunks: (location, options) =>
      Promise.try(() => {
        const { maxChunkSize, encryption, retry = DEFAULT_RETRY } = options;
        const suffix = encryption?.key.suffix;
        return new S3Store(location, { ...requestsFor(location, options), maxChunkSize, suffix, retry });
      }),
    openIndexes: (store, options) => Promise.try(() => new S3IndexStore(store, requestsFor(store, options))),
    openBytes: (location, options) => Promise.try(() => s3Bytes(location, requestsFor(location, options))),
  };
}
