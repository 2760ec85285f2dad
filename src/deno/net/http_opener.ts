/** Opens what is behind web servers with the certificates, proxies and passwords of this machine. */
import { httpOpener } from "../../stores/http/http_opener.ts";
import type { Opener, SchemeContext } from "../../stores/scheme.ts";
import { HttpCredentials } from "./http_credentials.ts";
import { HttpFetches } from "./http_fetches.ts";

/** The opener. Locations with the same options share their connections. */
export function openHttp({ warn }: SchemeContext): Opener {
  const credentials = new HttpCredentials(warn);
  const fetches = new HttpFetches(warn);
  const opener = httpOpener((location, options) => ({
    fetch: fetches.for(options),
    idleTimeoutMs: options.idleTimeoutMs,
    headers: credentials.headersFor(location, options),
  }));
  return { ...opener, [Symbol.dispose]: () => fetches[Symbol.dispose]() };
}
