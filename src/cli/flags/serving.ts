/** Options of commands that serve chunks or indexes to others. */
import { LOG_FORMATS } from "../../deno/server/log_formats.ts";
import { parseListenAddress } from "../../deno/server/listen_address.ts";
import { CHUNK_CIPHERS } from "../../core/chunk_key.ts";
import { DesyncError } from "../../core/errors.ts";
import { choice, type Flag, list, option, toggle } from "./flag.ts";
import { byteCount, wholeNumber } from "./go_values.ts";
import { isHeaderValue } from "../parse/header_value.ts";
import { commaList, one, someText } from "./texts.ts";

export const allowUrl = toggle({
  names: ["--allow-url"],
  description: "also serve a store that is a URL; not safe if the ssh client can choose it",
});

export const listen = list({
  names: ["-l", "--listen"],
  value: "address",
  description:
    "address to listen on: host:port, :port, unix:path, or fd:number for an inherited socket; may be repeated",
  parse: (text) => commaList(text).map(address),
  fallbackText: "the sockets that systemd passes, else :80",
});

export const workers = option({
  names: ["--workers"],
  value: "number",
  description: "threads that answer, each on a processor of its own; more than one on Linux only",
  parse: wholeNumber(1, 1024),
  fallback: 1,
});

export const writable = toggle({
  names: ["-w", "--writable", "--writeable"],
  description: "accept uploads; they are verified first",
});

export const cert = option({
  names: ["--cert"],
  value: "file",
  description: "certificate to serve HTTPS with, in PEM; read again on SIGHUP",
  parse: someText,
});

export const key = option({
  names: ["--key"],
  value: "file",
  description: "private key of the certificate",
  parse: someText,
});

export const mutualTls = toggle({
  names: ["--mutual-tls"],
  description: "accept only clients with a certificate of --client-ca",
});

export const clientCa = option({
  names: ["--client-ca"],
  value: "file",
  description: "certificate authorities of the clients",
  parse: someText,
});

export const authorization = option({
  names: ["--authorization"],
  value: "text",
  description:
    "Authorization header that requests must have; DESYNC_HTTP_AUTH does the same without showing it in the list of processes",
  parse: authorizationValue,
});

export const log = option({
  names: ["--log"],
  value: "file",
  description: "log each request to this file, or to standard output (-); opened again on SIGHUP",
  parse: someText,
});

export const logFormat = choice({
  names: ["--log-format"],
  value: "format",
  description: "format of the log, combined or json",
  words: LOG_FORMATS,
  fallback: "combined",
});

export const cors = list({
  names: ["--cors"],
  value: "origin",
  description: "allow web pages of this origin to make requests, * for all; may be repeated",
  parse: one,
});

export const metricsListen = list({
  names: ["--metrics-listen"],
  value: "address",
  description: "serve /-/metrics only on this address, without TLS and authorization",
  parse: (text) => [address(text)],
});

/** How servers listen, and to whom. */
export const SERVER_FLAGS = {
  listen,
  workers,
  writable,
  cert,
  key,
  mutualTls,
  clientCa,
  authorization,
  cors,
  log,
  logFormat,
  metricsListen,
};

export const uncompressed = toggle({
  names: ["-u", "--uncompressed"],
  description: "serve and accept only uncompressed chunks (default: the form that is requested)",
});

export const encryption = toggle({
  names: ["--encryption"],
  description:
    "serve and accept only encrypted chunks, however the stores have them; DESYNC_ENCRYPTION_KEY has the key",
});

export const encryptionKey = option({
  names: ["--encryption-key"],
  value: "hex",
  description: "key for that, 64 hexadecimal digits, which the list of processes shows; implies --encryption",
  parse: someText,
});

export const encryptionAlgorithm = choice({
  names: ["--encryption-algorithm"],
  value: "name",
  description: "cipher for that; implies --encryption",
  words: CHUNK_CIPHERS,
  fallbackText: CHUNK_CIPHERS[0],
});

export const skipVerifyRead: Flag<boolean> = {
  ...toggle({
    names: ["--skip-verify-read"],
    description: "do not verify chunks that are only passed on, since clients do; =false verifies all",
  }),
  fallback: true,
  fallbackText: "true",
};

export const skipVerifyWrite = toggle({
  names: ["--skip-verify-write"],
  description: "accepted for compatibility: uploads are always verified",
});

export const storeFile = option({
  names: ["--store-file"],
  value: "file",
  description: 'read the stores and the cache from this file, again on SIGHUP: {"stores": [], "cache": ""}',
  parse: someText,
});

export const page = option({
  names: ["--page"],
  value: "directory",
  description: "also serve the page for the store, and indexes, from this directory",
  parse: someText,
});

export const memory = option({
  names: ["--memory"],
  value: "size",
  description: "bytes of hot chunks to keep in memory",
  parse: byteCount,
  fallback: 64 * 1024 * 1024,
  fallbackText: "64M",
});

/** Checks the text of an address; what it means is asked for when it is needed. */
function address(text: string): string {
  parseListenAddress(text);
  return text;
}

function authorizationValue(text: string): string {
  if (isHeaderValue(text)) return text;
  throw new DesyncError("usage", { reason: "a header cannot hold it" });
}
