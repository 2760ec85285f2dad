/**
 * A fetch for servers whose own certificate, which the user trusts, says that it is an authority's, as those of
 * `openssl req -x509` do. Deno's fetch refuses them; node:https takes such a certificate when it is exactly one of
 * those that are trusted, is valid now and has the host's name.
 */
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Fetch } from "../../stores/http/http_client.ts";
import type { Certificates } from "./certificates.ts";

/**
 * Makes requests, with bodies of bytes, without redirects, over up to `connections` connections to a host, which are closed
 * when it is disposed of.
 */
export function makeNodeFetch({ caCerts, own }: Certificates, connections: number): Fetch & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca: caCerts, ...own });
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
