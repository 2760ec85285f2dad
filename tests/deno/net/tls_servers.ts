/** Servers with certificates, and requests to them. */

import { makeHttpFetch } from "../../../src/deno/net/http_fetch.ts";
import { httpGet } from "../../../src/stores/http/http_client.ts";
import { type Certificates, makeCertificates } from "../../support/servers/certificates.ts";
import { peers } from "../../support/peers.ts";
import type { TempDir } from "../../support/temp.ts";

/** All tests here need certificates. */
export const ignore = peers.openssl === undefined;

/** Certificates in the directory, where they can be made. */
export async function certificatesIn(dir: TempDir): Promise<Certificates> {
  if (ignore) return { ca: "", serverCert: "", serverKey: "", clientCert: "", clientKey: "" };
  return await makeCertificates(dir);
}

/** A server that answers everything with "here", or otherwise. */
export function serveTls(
  { cert, key }: { cert: string; key: string },
  answer?: (request: Request) => Response,
) {
  const pem = { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) };
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...pem };
  return Deno.serve(options, answer ?? (() => new Response("here")));
}

/** The address of a server, with a path. */
export const at = ({ addr }: { addr: Deno.NetAddr }, path: string) => `https://127.0.0.1:${addr.port}${path}`;

/** A server that redirects everything to that location. */
export function redirectTls({ serverCert, serverKey }: Certificates, location: string) {
  const answer = () => new Response(null, { status: 302, headers: { location } });
  return serveTls({ cert: serverCert, key: serverKey }, answer);
}

export async function read(port: number, tls: Parameters<typeof makeHttpFetch>[0] = {}): Promise<string> {
  const url = new URL(`https://127.0.0.1:${port}/x`);
  const bytes = await httpGet(url, url.href, 100, { fetch: makeHttpFetch({ ...tls, connections: 1 }) });
  return new TextDecoder().decode(bytes ?? undefined);
}

/** A test of what has clients, which live as long as the program. */
export function testFetch(name: string, fn: () => Promise<void>, isSkipped = ignore): void {
  Deno.test({ name, ignore: isSkipped, sanitizeResources: false, fn });
}
