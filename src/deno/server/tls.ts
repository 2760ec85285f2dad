/** The certificates of a server. */
import type { SecureContextOptions } from "node:tls";
import { DesyncError } from "../../core/errors.ts";
import { readAuthorities, readPair } from "../net/certificates.ts";

/** What a server shows to its clients, and whose certificates it wants to see. PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate of one of these. Default: they need none. */
  readonly clientAuthorities?: readonly string[];
}

/** What the command line says of it: paths of PEM files. */
export interface TlsFlags {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly mutualTls: boolean;
  readonly clientCa: string | undefined;
}

/**
 * Reads the files, `undefined` without any. Throws `usage` for options that would leave the server more open than it looks,
 * and errors that name option and file for what cannot be used.
 */
export function readServerTls({ cert, key, mutualTls, clientCa }: TlsFlags): ServerTls | undefined {
  const pair = readPair({ option: "--cert", path: cert }, { option: "--key", path: key });
  if (pair === undefined) {
    if (mutualTls || clientCa !== undefined) {
      throw missing(
        "--cert",
        `${mutualTls ? "--mutual-tls" : "--client-ca"} is for TLS, with --cert and --key`,
      );
    }
    return undefined;
  }
  if (!mutualTls) {
    if (clientCa === undefined) return pair;
    throw missing("--mutual-tls", "without it no certificate is asked for, whatever --client-ca says");
  }
  if (clientCa === undefined) throw missing("--client-ca", "name the authority of the clients' certificates");
  return { ...pair, clientAuthorities: readAuthorities("--client-ca", clientCa) };
}

function missing(option: string, reason: string): DesyncError {
  return new DesyncError("usage", { problem: "Missing", subject: `option ${option}`, reason });
}

/** The same as node's servers take it. */
export function contextOf(
  { cert, key, clientAuthorities }: ServerTls,
): SecureContextOptions & { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean } {
  if (clientAuthorities === undefined) return { cert, key };
  return { cert, key, ca: [...clientAuthorities], requestCert: true, rejectUnauthorized: true };
}
