/** Deno's `fetch` with a client of its own, by node's. */
import { createSecureContext } from "node:tls";
import { DesyncError } from "../../src/core/errors.ts";
import type { Certificates } from "../../src/deno/net/certificates.ts";
import { makeNodeFetch } from "../../src/deno/net/node_fetch.ts";
import type { Fetch } from "../../src/stores/http/http_client.ts";

/** What is set for requests. */
interface Settings {
  readonly caCerts?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly proxy?: { readonly url: string };
  readonly poolMaxIdlePerHost?: number;
}

class Client implements Disposable {
  readonly #secure: (Fetch & Disposable) | undefined;

  constructor({ caCerts = [], cert, key, proxy, poolMaxIdlePerHost: connections = 8 }: Settings) {
    if (proxy !== undefined) {
      throw new DesyncError("unsupported", {
        action: "use",
        subject: `the proxy ${proxy.url}`,
        reason: "this program uses none under node",
        hint: "NO_PROXY lists what is reached directly, and with Deno it uses them",
      });
    }
    const own: Certificates["own"] = cert === undefined || key === undefined ? {} : { cert, key };
    // Throws where TLS cannot use them.
    createSecureContext({ ca: caCerts.length > 0 ? caCerts : undefined, ...own });
    this.#secure = makeNodeFetch({ caCerts, own }, { connections, verify: true });
  }

  fetch(url: URL, init: RequestInit) {
    return url.protocol === "https:" ? this.#secure!(url, init) : globalThis.fetch(url, init);
  }

  close(): void {
    this.#secure?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A client with certificates of its own. Throws `unsupported` for a proxy, and what node says of certificates. */
export function createHttpClient(settings: object): Deno.HttpClient {
  return new Client(settings);
}

/** Makes a request by a client. */
export function fetchBy(url: URL, { client, ...init }: RequestInit & { client?: Deno.HttpClient }) {
  return client instanceof Client ? client.fetch(url, init) : globalThis.fetch(url, init);
}
