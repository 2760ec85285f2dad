/** Opens what is behind web servers with the certificates, proxies and passwords of this machine. */
import type { Fetch } from "../../stores/http/http_client.ts";
import { httpOpener } from "../../stores/http/http_opener.ts";
import { limitsFor } from "../../stores/wrappers/limiter.ts";
import type { Opener, SchemeContext } from "../../stores/scheme.ts";
import type { StoreOptions } from "../../stores/store_options.ts";
import { HttpCredentials } from "./http_credentials.ts";
import { makeHttpFetch } from "./http_fetch.ts";

/** The opener. Locations with the same options share their connections. */
export function openHttp({ warn }: SchemeContext): Opener {
  const credentials = new HttpCredentials(warn);
  const fetches = new Map<string, Fetch & Disposable>();
  const fetchFor = (options: StoreOptions): Fetch => {
    const { caCert, clientCert, clientKey, trustInsecure = false } = options;
    const connections = limitsFor(options).max;
    const key = JSON.stringify([caCert, clientCert, clientKey, trustInsecure, connections]);
    const made = fetches.get(key) ??
      makeHttpFetch({ caCert, clientCert, clientKey, trustInsecure, connections });
    fetches.set(key, made);
    return made;
  };
  const opener = httpOpener((location, options) => ({
    fetch: fetchFor(options),
    idleTimeoutMs: options.idleTimeoutMs,
    headers: credentials.headersFor(location, options),
  }));
  const close = () => fetches.forEach((fetch) => fetch[Symbol.dispose]());
  return { ...opener, [Symbol.dispose]: close };
}
