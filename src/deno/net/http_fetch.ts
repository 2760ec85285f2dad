/** fetch as many small files want it: HTTP/1.1, many connections that stay open, certificates and proxies. */
import type { HttpAnswer } from "../../stores/http/http_answer.ts";
import type { Fetch } from "../../stores/http/http_client.ts";
import { DEFAULT_LIMITS } from "../../stores/wrappers/limiter.ts";
import { urlWithoutSecrets } from "../../stores/redact.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { type Certificates, readCertificates, systemCertificates, type TlsOptions } from "./certificates.ts";
import { makeHttp1Fetch } from "./http1/http1_fetch.ts";
import { trustsOnlyNamed } from "./trust.ts";
import { errorCode } from "../system/error_code.ts";
import { environment, withoutVariables } from "../system/permitted.ts";
import { type Proxy, PROXY_VARIABLES, proxyFor } from "./proxies.ts";

/** What {@linkcode makeHttpFetch} may be given. */
export interface HttpFetchOptions extends TlsOptions {
  /** Open connections to a host at most. Default: as many as there are concurrent requests at most. */
  readonly connections?: number;
}

const MOST_REDIRECTS = 20;
const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * A fetch for many small files. HTTP/1.1 with connections that stay open: HTTP/2 is several times slower in Deno. It trusts
 * what the system trusts, and goes through the proxies that the environment names. Redirects are followed here: each may
 * lead to another proxy, and to a host that must not see the first one's passwords and the user's certificate. None leads
 * from https to http, where any host could answer. Disposing of it closes its connections.
 *
 * Throws {@linkcode DesyncError}: `missing-file` or `io` for a file that cannot be used, `usage` for a certificate without
 * its key.
 *
 * @example A store on a web server that is fetched so
 * ```ts
 * import { HttpStore } from "@desync/desync";
 * import { makeHttpFetch } from "@desync/desync/deno";
 *
 * const empty = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response(null, { status: 404 }));
 * using fetch = makeHttpFetch({ connections: 32 });
 * await using store = new HttpStore(`http://127.0.0.1:${empty.addr.port}/`, { fetch });
 * if (await store.get("ab".repeat(32)) !== null) throw new Error("it is empty");
 * await empty.shutdown();
 * ```
 */
export function makeHttpFetch(options: HttpFetchOptions = {}): Fetch & Disposable {
  const { connections = DEFAULT_LIMITS.max, ...tls } = options;
  const open = new DisposableStack();
  const fetchFor = makeFetches(tls, connections, open);
  /** Servers whose answers come from elsewhere, or by another request. */
  const redirecting = new Set<string>();
  const followed = async (start: URL, init: RequestInit): Promise<HttpAnswer> => {
    let url = start;
    let headers = init.headers;
    for (let hops = 0;; hops++) {
      const fetch = fetchFor(url, url.protocol === "https:" && url.origin === start.origin);
      const response = await fetchOnce(fetch, url, hops, { ...init, headers, redirect: "manual" });
      const location = REDIRECTS.includes(response.status) ? response.headers.get("location") : null;
      if (location === null || init.redirect === "manual") return response;
      redirecting.add(url.origin);
      // What is there would be read, not written.
      if (response.status === 303 && init.body !== undefined) return response;
      await response.body?.cancel();
      if (hops === MOST_REDIRECTS) throw new TypeError("too many redirects");
      const next = redirectTarget(location, url);
      if (next.origin !== url.origin) {
        const others = new Headers(headers);
        for (const name of ["authorization", "cookie"]) others.delete(name);
        headers = others;
      }
      url = next;
    }
  };
  return Object.assign(followed, {
    near: (url: URL, headers: Readonly<Record<string, string>>) =>
      redirecting.has(url.origin) ? undefined : fetchFor(url, false).near?.(url, headers),
    closeIdle: (url: URL) => fetchFor(url, false).closeIdle?.(url),
    [Symbol.dispose]: () => open.dispose(),
  });
}

async function fetchOnce(fetch: Fetch, url: URL, hops: number, init: RequestInit): Promise<HttpAnswer> {
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
  if (url.protocol === "https:" || url.protocol === from.protocol) return url;
  const why = url.protocol === "http:"
    ? "not encrypted (redirects from https to http are refused)"
    : "neither http nor https";
  throw new TypeError(`the server redirects to ${urlWithoutSecrets(url.href)}, which is ${why}`);
}

/**
 * What makes a request, with or without the user's certificate: a client for each proxy, and one for TLS, as the system's
 * certificates take time to read.
 */
function makeFetches(
  tls: TlsOptions,
  connections: number,
  open: DisposableStack,
): (url: URL, withOwn: boolean) => Fetch {
  const pins = tls.caCert !== undefined && !tls.trustInsecure;
  const isInsecure = tls.trustInsecure ?? false;
  // First of all: what is trusted is settled when Deno makes its first client.
  const isPinned = trustsOnlyNamed(pins);
  const named = readCertificates(tls);
  let trusted: string[] | undefined;
  const makeClient = (secure: boolean, proxy: Proxy | undefined, withOwn: boolean): Deno.HttpClient => {
    if (secure) trusted ??= pins ? named.caCerts : systemCertificates();
    const options = {
      http2: false,
      poolMaxIdlePerHost: connections,
      caCerts: secure ? trusted : named.caCerts,
      ...(withOwn ? named.own : {}),
      ...(proxy === undefined ? {} : { proxy }),
    };
    // Deno looks at these variables too, and understands them otherwise.
    const client = withoutVariables(PROXY_VARIABLES, () => Deno.createHttpClient(options));
    return open.adopt(client, () => client.close());
  };
  const clients = new Map<string, Deno.HttpClient>();
  const [withoutOwn, forOwn] = [new Map<string, Fetch>(), new Map<string, Fetch>()];
  return (url, withOwn) => {
    const whose = url.origin;
    const fetches = withOwn ? forOwn : withoutOwn;
    const known = fetches.get(whose);
    if (known !== undefined) return known;
    const proxy = proxyFor(url, environment);
    const certificates = { ...named, own: withOwn ? named.own : {} };
    if (isInsecure && url.protocol === "https:") {
      if (proxy !== undefined) return refusingProxy(proxy);
      const made = byNode(certificates, { connections, verify: false }, open);
      fetches.set(whose, made);
      return made;
    }
    const secure = url.protocol === "https:" || proxy?.url.startsWith("https:") === true;
    const key = JSON.stringify([secure, proxy, withOwn]);
    const client = () => {
      const known = clients.get(key) ?? makeClient(secure, proxy, withOwn);
      clients.set(key, known);
      return known;
    };
    // What is wrong with certificates shows at once. Else fetch is seldom used, and a client takes 1 ms.
    if (secure) client();
    const own: Fetch = (url, init) => fetch(url, { ...init, client: client() });
    const plain = proxy === undefined
      ? open.use(
        makeHttp1Fetch(url, {
          connections,
          tls: secure ? { caCerts: trusted!, ...certificates.own } : undefined,
          rest: own,
        }),
      )
      : namingProxy(own, proxy);
    const isByNode = pins && secure && proxy === undefined;
    const made = isByNode ? orByNode(isPinned ? plain : undefined, certificates, connections, open) : plain;
    fetches.set(whose, made);
    return made;
  };
}

/** Errors name the proxy: a failed connection is one to the proxy, not to the host of the URL. */
function namingProxy(fetch: Fetch, { url: proxy }: Proxy): Fetch {
  return async (url, init) => {
    try {
      return await fetch(url, init);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new TypeError(`through the proxy ${proxy}: ${messageOf(error.cause ?? error)}`);
    }
  };
}

/** node makes no requests through proxies. */
function refusingProxy({ url: proxy }: Proxy): Fetch {
  const error = new DesyncError("unsupported", {
    action: "use",
    subject: `the proxy ${proxy}`,
    reason: "certificates that are not verified (-t, trust-insecure) are not supported through a proxy",
    hint: "NO_PROXY lists what is reached directly",
  });
  return () => Promise.reject(error);
}

/** Node's requests, whose code is loaded with the first one. */
function byNode(
  certificates: Certificates,
  options: { readonly connections: number; readonly verify: boolean },
  open: DisposableStack,
): Fetch {
  let made: Fetch | undefined;
  return async (url, init) => {
    const { makeNodeFetch } = await import("./node_fetch.ts");
    made ??= open.use(makeNodeFetch(certificates, options));
    return await made(url, init);
  };
}

/** What node says of a certificate that is not one of those that were named; older Denos give no code at all. */
const NOT_NAMED = ["", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"];

/**
 * Goes on with node's requests where a server's own certificate, which was named, is that of an authority; begins with
 * them where Deno's client, which is then not given, would trust more than what was named.
 */
function orByNode(
  first: Fetch | undefined,
  named: Certificates,
  connections: number,
  open: DisposableStack,
): Fetch {
  let chosen = first;
  const second = byNode(named, { connections, verify: true }, open);
  return async (url, init) => {
    let failure: unknown;
    try {
      if (chosen !== undefined) return await chosen(url, init);
    } catch (error) {
      const cause = error instanceof Error ? messageOf(error.cause) : "";
      if (chosen !== first || !cause.includes("CaUsedAsEndEntity")) throw error;
      failure = error;
    }
    try {
      const response = await second(url, init);
      chosen = second;
      return response;
    } catch (error) {
      // Then Deno's word is the better one.
      throw failure !== undefined && NOT_NAMED.includes(errorCode(error)) ? failure : error;
    }
  };
}
