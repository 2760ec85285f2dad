/** fetch as many small files want it: HTTP/1.1, many connections that stay open, and the user's certificates. */
import { readFileSync } from "node:fs";
import { DesyncError } from "../errors.ts";
import type { Fetch } from "../stores/http_client.ts";
import { namedFileError } from "./file_errors.ts";

/** What the user may say about TLS; the fields are files in PEM. */
export interface TlsOptions {
  readonly caCert?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
}

/** A fetch with up to `connections` open connections to a host. HTTP/2 is several times slower in Deno. */
export function makeHttpFetch(tls: TlsOptions, connections: number): Fetch {
  if ((tls.clientCert === undefined) !== (tls.clientKey === undefined)) {
    const option = tls.clientCert === undefined ? "--client-cert" : "--client-key";
    throw new DesyncError("usage", `Missing option ${option}: a certificate and its key go together`);
  }
  const certificate = tls.clientCert === undefined || tls.clientKey === undefined
    ? {}
    : { cert: readPem(tls.clientCert), key: readPem(tls.clientKey) };
  const client = Deno.createHttpClient({
    http2: false,
    poolMaxIdlePerHost: connections,
    caCerts: tls.caCert === undefined ? [] : [readPem(tls.caCert)],
    ...certificate,
  });
  return (url, init) => fetch(url, { ...init, client });
}

function readPem(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw namedFileError(`read the certificate file ${path}`, error);
  }
  if (!text.includes("-----BEGIN ")) {
    throw new DesyncError("io", `Cannot use the certificate file ${path}: it is not in PEM`);
  }
  return text;
}
