/**
 * Signs requests as Amazon's services want it: AWS Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), by WebCrypto.
 */
import { toHex } from "../../core/bytes.ts";

/** The keys of a user. */
export interface S3Keys {
  /** The name of the key, which is not secret. */
  readonly accessKey: string;
  /** The key itself. */
  readonly secretKey: string;
  /** What goes with temporary keys. */
  readonly sessionToken?: string;
}

/** What is signed: everything that these say, and nothing else. */
export interface RequestToSign {
  readonly method: string;
  /** Path and query in the form of {@linkcode encodedKey}. */
  readonly url: URL;
  /** With names in small letters; the host and the date are added. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, in hex. */
  readonly bodyDigest: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
/** Proxies change it, and node's fetch adds to it. */
const NOT_SIGNED = "accept-encoding";
const encoder = new TextEncoder();

/** Signs requests of one user to one region. */
export class S3Signer {
  readonly #credentials: S3Keys;
  readonly #region: string;
  readonly #service: string;
  /** The key of a day. */
  #key: { readonly day: string; readonly key: Promise<CryptoKey> } | undefined;

  constructor(credentials: S3Keys, region: string, service = "s3") {
    this.#credentials = credentials;
    this.#region = region;
    this.#service = service;
  }

  /** The headers to send, with the signature. `now` is in milliseconds. */
  async sign(request: RequestToSign, now: number): Promise<Record<string, string>> {
    const { accessKey, sessionToken } = this.#credentials;
    // 20130524T000000Z
    const time = new Date(now).toISOString().replaceAll(/[:-]|\.\d+/g, "");
    const day = time.slice(0, 8);
    const headers: Record<string, string> = { ...request.headers, "x-amz-date": time };
    if (sessionToken !== undefined) headers["x-amz-security-token"] = sessionToken;
    const all = Object.entries({ ...headers, host: request.url.host })
      .filter(([name]) => name !== NOT_SIGNED)
      .sort(([a], [b]) => a < b ? -1 : 1);
    const names = all.map(([name]) => name).join(";");
    const canonical = [
      request.method,
      request.url.pathname,
      canonicalQuery(request.url),
      ...all.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, " ")}`),
      "",
      names,
      request.bodyDigest,
    ].join("\n");
    const scope = `${day}/${this.#region}/${this.#service}/aws4_request`;
    const toSign = [ALGORITHM, time, scope, await sha256Hex(encoder.encode(canonical))].join("\n");
    const signature = toHex(await hmac(await this.#keyOf(day), toSign));
    const credential = `Credential=${accessKey}/${scope}`;
    return {
      ...headers,
      authorization: `${ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${signature}`,
    };
  }

  #keyOf(day: string): Promise<CryptoKey> {
    if (this.#key?.day !== day) this.#key = { day, key: this.#makeKey(day) };
    return this.#key.key;
  }

  async #makeKey(day: string): Promise<CryptoKey> {
    let key = await hmacKey(encoder.encode(`AWS4${this.#credentials.secretKey}`));
    for (const part of [day, this.#region, this.#service, "aws4_request"]) {
      key = await hmacKey(await hmac(key, part));
    }
    return key;
  }
}

/** SHA-256 in hex. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** A key as it stands in the path of a URL: all but unreserved characters and slashes are encoded. */
export function encodedKey(key: string): string {
  return key.split("/").map(encoded).join("/");
}

/** A part of a query, in the same way. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams].map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort(([a, x], [b, y]) => a === b ? (x < y ? -1 : 1) : (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`).join("&");
}

function hmacKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

async function hmac(key: CryptoKey, text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}
