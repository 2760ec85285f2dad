/** Opens what is in S3 services with the certificates, proxies and keys of this machine. */
import { s3Opener } from "../../stores/s3/s3_opener.ts";
import type { Opener, SchemeContext } from "../../stores/scheme.ts";
import { HttpFetches } from "./http_fetches.ts";
import { S3KeyFinder } from "./s3_keys.ts";

/** The opener. Locations with the same options share their connections. */
export function openS3({ warn }: SchemeContext): Opener {
  const fetches = new HttpFetches(warn);
  // A store and an index are often of one file of keys.
  const warned = new Set<string>();
  const warnOnce = (text: string) => {
    if (!warned.has(text)) warn(text);
    warned.add(text);
  };
  const opener = s3Opener((_location, options) => {
    const keys = new S3KeyFinder(options.s3 ?? {}, warnOnce);
    return {
      fetch: fetches.for(options),
      idleTimeoutMs: options.idleTimeoutMs,
      credentials: () => keys.credentials(),
      region: keys.region(),
    };
  });
  return { ...opener, [Symbol.dispose]: () => fetches[Symbol.dispose]() };
}
