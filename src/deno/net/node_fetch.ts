/**
 * A fetch for servers whose certificates Deno's fetch never takes. One that the user trusts may say that it is an
 * authority's, as those of `openssl req -x509` do: node:https takes it when it is exactly one of those that are trusted, is
 * valid now and has the host's name. And the user may want any certificate to be taken.
 */
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Fetch } from "../../stores/http/http_client.ts";
import type { Certificates } from "./certificates.ts";

/** How {@linkcode makeNodeFetch} makes requests. */
interface NodeFetchOptions {
  /** Connections to a host at most. */
  readonly connections: number;
  /** Whether the certificates of servers are verified. */
  readonly verify: boolean;
}

/** Makes requests, with bodies of bytes, without redirects. Disposing of it closes its connections. */
export function makeNodeFetch(
  { caCerts, own }: Certificates,
  { connections, verify }: NodeFetchOptions,
): Fetch & Disposable {
  const ca = caCerts.length > 0 ? caCerts : undefined;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connections,
    ca,
    rejectUnauthorized: verify,
    ...own,
  });
  const fetch: Fetch = (url, { method = "GET", headers, signal, body }) =>
    new Promise((resolve, reject) => {
      const sent = Object.fromEntries(new Headers(headers));
      const options = { agent, method, headers: sent, signal: signal ?? undefined };
      const asked = request(url, options, (answer) => resolve(responseOf(answer, method)));
      asked.on("error", reject);
      asked.end(body instanceof Uint8Array ? body : undefined);
    });
  return Object.assign(fetch, { [Symbol.dispose]: () => agent.destroy() });
}

const WITHOUT_BODY = [101, 204, 205, 304];

function responseOf(answer: IncomingMessage, method: string): Response {
  const { statusCode: status = 0, statusMessage: statusText } = answer;
  const headers = new Headers();
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const hasBody = method !== "HEAD" && !WITHOUT_BODY.includes(status);
  // What a server sends all the same is taken from the connection, or the next answer would not be found.
  if (!hasBody) answer.resume();
  const body = hasBody ? Readable.toWeb(answer) as ReadableStream<Uint8Array<ArrayBuffer>> : null;
  return new Response(body, { status, statusText, headers });
}
