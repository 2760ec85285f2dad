/** Requests to one bucket of an S3 service: signed, and repeated with what the service says about region, clock and keys. */
import type { HttpAnswer } from "../http/http_answer.ts";
import { DesyncError } from "../../core/errors.ts";
import { readBody } from "../http/http_body.ts";
import type { Fetch, HttpOptions } from "../http/http_client.ts";
import { requestError } from "../http/http_errors.ts";
import { SLOWEST_UPLOAD_BYTES_PER_MS } from "../http/http_put.ts";
import type { HttpTarget } from "../http/http_secrets.ts";
import { IdleWatch } from "../http/idle_watch.ts";
import { S3Error, s3Error } from "./s3_errors.ts";
import type { S3Location } from "./s3_location.ts";
import { encoded, encodedKey, type S3Keys, S3Signer, sha256Hex } from "./s3_signer.ts";

/** How requests are made. */
export interface S3Options extends Omit<HttpOptions, "headers"> {
  /**
   * The keys to sign with; `undefined` for requests that are not signed, which read what is public. Called again when the
   * keys have expired. Default: requests are not signed.
   */
  readonly credentials?: () => S3Keys | undefined | Promise<S3Keys | undefined>;
  /** Where the bucket is. Default: `us-east-1`, or what the service says. */
  readonly region?: string;
}

/** One request. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Of the object; without it the request is about the bucket. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** With names in small letters; they are signed. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** What it is for, as in messages. */
  readonly action: string;
}

/** Reads the answer to a request that succeeded. */
export type ReadAnswer<T> = (response: HttpAnswer, redacted: string, watch: IdleWatch) => Promise<T>;

const DEFAULT_REGION = "us-east-1";
/** Bytes of an error's body that are read. */
const MOST_OF_AN_ERROR = 64 * 1024;
/** SHA-256 of no bytes. */
const EMPTY_DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const EXPIRED = ["ExpiredToken", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId"];
const AMAZON = /^((?:.*\.)?)s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com$/;

/** What a request was made with. */
interface Identity {
  readonly credentials: S3Keys | undefined;
  /** In which requests are signed. */
  readonly region: string;
  readonly signer: S3Signer | undefined;
}

/** Makes requests. */
export class S3Client {
  readonly #location: S3Location;
  readonly #options: S3Options;
  readonly #fetch: Fetch;
  #region: string;
  #identity: Promise<Identity> | undefined;
  /** How far the service's clock is ahead of this one, in milliseconds. */
  #ahead = 0;
  /** Whether an answer has shown that the bucket is there. */
  #hasBucket = false;

  constructor(location: S3Location, options: S3Options) {
    this.#location = location;
    this.#options = options;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#region = options.region ?? DEFAULT_REGION;
  }

  /**
   * What `read` makes of the answer, `null` for an object that is not there. Throws {@linkcode S3Error}, `timeout`,
   * `interrupted`, `store` for a connection that fails, and what `read` throws.
   */
  async request<T>(request: S3Request, read: ReadAnswer<T>, signal?: AbortSignal): Promise<T | null> {
    return await this.#corrected(
      request,
      (identity) =>
        this.#send(request, identity, async (response, redacted, watch) => {
          // Nothing of the answer is left open.
          try {
            return await read(response, redacted, watch);
          } finally {
            if (!response.bodyUsed) await response.body?.cancel();
          }
        }, signal),
      signal,
    );
  }

  /** The answer to a request for an object, its body unread; otherwise like {@linkcode request}. */
  async open(request: S3Request, signal?: AbortSignal): Promise<HttpAnswer | null> {
    return await this.#corrected(
      request,
      (identity) => this.#send(request, identity, (response) => Promise.resolve(response), signal),
      signal,
    );
  }

  async #corrected<T>(
    request: S3Request,
    send: (identity: Identity) => Promise<T | null>,
    signal?: AbortSignal,
  ): Promise<T | null> {
    const corrected = new Set<string>();
    while (true) {
      const identity = await this.#identify();
      try {
        const answer = await send(identity);
        this.#hasBucket = true;
        return answer;
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        const isMissing = error.status === 404 && isObject(request) && error.serviceCode !== "NoSuchBucket";
        if (isMissing && (this.#hasBucket || request.method !== "HEAD")) {
          this.#hasBucket = true;
          return null;
        }
        // The answer to HEAD has no body, which would say what is wrong, or that it is the bucket that is missing.
        if (request.method === "HEAD" && error.status < 500 && !corrected.has("explained")) {
          corrected.add("explained");
          const range = { ...request, method: "GET" as const, headers: { range: "bytes=0-0" } };
          const found = await this.request(range, () => Promise.resolve(), signal);
          if (isMissing && found === null) return null;
          continue;
        }
        if (!await this.#correct(error, identity, corrected)) throw error;
      }
    }
  }

  /** Whether something was changed after which the request may succeed. Each is tried once. */
  async #correct(error: S3Error, identity: Identity, corrected: Set<string>): Promise<boolean> {
    const once = (what: string) => !corrected.has(what) && corrected.add(what) !== undefined;
    const { region, serviceCode, serverTime } = error;
    // Another request may have learnt the region meanwhile.
    if (region !== undefined && region !== identity.region && once("region")) {
      if (region !== this.#region) {
        this.#region = region;
        this.#identity = undefined;
      }
      return true;
    }
    if (serviceCode === "RequestTimeTooSkewed" && !Number.isNaN(serverTime) && once("clock")) {
      this.#ahead = serverTime - Date.now();
      return true;
    }
    if (EXPIRED.includes(serviceCode) && once("credentials")) {
      this.#identity = undefined;
      const { credentials } = await this.#identify();
      return JSON.stringify(credentials) !== JSON.stringify(identity.credentials);
    }
    return false;
  }

  #identify(): Promise<Identity> {
    this.#identity ??= this.#askIdentity().catch((error) => {
      // A server runs for long: the next request asks again.
      this.#identity = undefined;
      throw error;
    });
    return this.#identity;
  }

  async #askIdentity(): Promise<Identity> {
    const credentials = await this.#options.credentials?.();
    const region = this.#region;
    return { credentials, region, signer: credentials && new S3Signer(credentials, region) };
  }

  async #send<T>(
    request: S3Request,
    { signer }: Identity,
    read: ReadAnswer<T>,
    signal: AbortSignal | undefined,
  ): Promise<T | null> {
    const { method, body, action } = request;
    const url = this.url(request);
    const redacted = this.#redacted(request);
    const headers = { ...request.headers };
    if (signer !== undefined) Object.assign(headers, await this.#signature(signer, request, url));
    const target: HttpTarget = { url, redacted, headers, action };
    const watch = new IdleWatch(this.#options.idleTimeoutMs, signal);
    try {
      watch.touch((body?.length ?? 0) / SLOWEST_UPLOAD_BYTES_PER_MS);
      const response = await this.#fetch(url, {
        method,
        body,
        headers: { ...headers, "accept-encoding": "identity" },
        redirect: "manual",
        signal: watch.signal,
      });
      watch.touch();
      if (response.ok) return await read(response, redacted, watch);
      // No error, which costs more than the request: stores are filled by asking for what is not there.
      if (this.#hasBucket && response.status === 404 && method === "HEAD" && isObject(request)) {
        await response.body?.cancel();
        return null;
      }
      const text = await readBody(response, redacted, MOST_OF_AN_ERROR, watch).then(
        (bytes) => new TextDecoder().decode(bytes),
        () => "",
      );
      throw s3Error(response, text, target, signer !== undefined);
    } catch (error) {
      throw requestError(error, target, watch, signal);
    } finally {
      watch.stop();
    }
  }

  async #signature(
    signer: S3Signer,
    { method, headers, body }: S3Request,
    url: URL,
  ): Promise<Record<string, string>> {
    const bodyDigest = body === undefined ? EMPTY_DIGEST : await sha256Hex(body);
    const all = { ...headers, "x-amz-content-sha256": bodyDigest };
    return await signer.sign({ method, url, headers: all, bodyDigest }, Date.now() + this.#ahead);
  }

  /** Where a request goes. Throws `usage` for a key that no URL can have. */
  url({ key, query = {} }: Pick<S3Request, "key" | "query">): URL {
    const { endpoint, bucket, bucketInHost } = this.#location;
    const url = new URL(endpoint);
    if (this.#region !== DEFAULT_REGION) {
      url.hostname = url.hostname.replace(AMAZON, `$1s3.${this.#region}.amazonaws.com`);
    }
    if (bucketInHost) url.hostname = `${bucket}.${url.hostname}`;
    const path = `${bucketInHost ? "" : `/${encodedKey(bucket)}`}${
      key === undefined ? "" : `/${encodedKey(key)}`
    }`;
    url.pathname = path;
    if (url.pathname !== (path || "/")) {
      const subject = this.#redacted({ key });
      throw new DesyncError("usage", { action: "use", subject, reason: "a URL cannot have this key" });
    }
    url.search = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
    return url;
  }

  #redacted({ key = "" }: Pick<S3Request, "key">): string {
    const { endpoint, bucket } = this.#location;
    return `s3+${endpoint.origin}/${bucket}/${key}`;
  }
}

/** Whether it asks for an object, or removes one, which may not be there. */
function isObject({ method, key }: S3Request): boolean {
  return key !== undefined && method !== "PUT" && method !== "POST";
}
