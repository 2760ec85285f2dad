/** fetch as many small files want it: HTTP/1.1, many connections that stay open, certificates and proxies. */
import type { Fetch } from "../stores/http_client.ts";
import { urlWithoutSecrets } from "../stores/http_secrets.ts";
import { messageOf } from "../errors.ts";
import { readCertificates, systemCertificates, type TlsOptions } from "./certificates.ts";
import { environment, withoutVariables } from "./permitted.ts";
import { type Proxy, PROXY_VARIABLES, proxyFor } from "./proxies.ts";

const MOST_REDIRECTS = 20;
const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * A fetch with up to `connections` open connections to a host. HTTP/2 is several times slower in Deno. Redirects are
 * followed here: each may lead to another proxy, and to a host that is not to see the first one's passwords.
 */
export function makeHttpFetch(tls: TlsOptions, connections: number): Fetch {
  const clientFor = makeClients(tls, connections);
  return async (start, init) => {
    let url = start;
    let headers = init.headers;
    for (let hops = 0;; hops++) {
      const response = await fetchOnce(url, hops, {
        ...init,
        headers,
        redirect: "manual",
        client: clientFor(url),
      });
      const location = REDIRECTS.includes(response.status) ? response.headers.get("location") : null;
      if (location === null) return response;
      await response.body?.cancel();
      if (hops === MOST_REDIRECTS) throw new TypeError("too many redirects");
      const next = redirectTarget(location, url);
      if (next.origin !== url.origin) {
        const others = new Headers(headers);
        others.delete("authorization");
        headers = others;
      }
      url = next;
    }
  };
}

async function fetchOnce(
  url: URL,
  hops: number,
  init: RequestInit & { client: Deno.HttpClient },
): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (hops === 0 || !(error instanceof TypeError)) throw error;
    const cause = error.cause ?? error;
    throw new TypeError(`redirected to ${urlWithoutSecrets(url.href)}: ${messageOf(cause)}`);
  }
}

function redirectTarget(location: string, from: URL): URL {
  if (!URL.canParse(location, from)) throw new TypeError("the server redirects to what is not a URL");
  const url = new URL(location, from);
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  throw new TypeError(
    `the server redirects to ${urlWithoutSecrets(url.href)}, which is neither http nor https`,
  );
}

/** Which client makes a request: one for each proxy, and for TLS, as the system's certificates take time to read. */
function makeClients(tls: TlsOptions, connections: number): (url: URL) => Deno.HttpClient {
  const { caCerts, own } = readCertificates(tls);
  let trusted: string[] | undefined;
  const make = (secure: boolean, proxy: Proxy | undefined): Deno.HttpClient => {
    if (secure) trusted ??= [...caCerts, ...systemCertificates()];
    const options = {
      http2: false,
      poolMaxIdlePerHost: connections,
      caCerts: secure ? trusted : caCerts,
      ...own,
      ...(proxy === undefined ? {} : { proxy }),
    };
    // Deno looks at these variables too, and understands them otherwise.
    return withoutVariables(PROXY_VARIABLES, () => Deno.createHttpClient(options));
  };
  const clients = new Map<string, Deno.HttpClient>();
  const byOrigin = new Map<string, Deno.HttpClient>();
  return (url) => {
    const known = byOrigin.get(url.origin);
    if (known !== undefined) return known;
    const proxy = proxyFor(url, environment);
    const secure = url.protocol === "https:" || proxy?.url.startsWith("https:") === true;
    const key = JSON.stringify([secure, proxy]);
    const client = clients.get(key) ?? make(secure, proxy);
    clients.set(key, client);
    byOrigin.set(url.origin, client);
    return client;
  };
}
