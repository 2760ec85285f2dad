/** One careful GET over fetch: bounded in size and in silence, and with errors that say what a user can act on. */
import type { HttpAnswer } from "./http_answer.ts";
import { readBody, takePieces } from "./http_body.ts";
import { requestError, statusError, unreadable } from "./http_errors.ts";
import { refusal } from "./http_refusal.ts";
import type { HttpPace } from "./http_pace.ts";
import type { HttpTarget } from "./http_secrets.ts";
import { IdleWatch } from "./idle_watch.ts";

/** The part of fetch that is used, so that a program can bring its own (a proxy, client certificates, HTTP/1.1 only). */
export interface Fetch {
  /** Makes the request. */
  (url: URL, init: RequestInit): Promise<HttpAnswer>;
  /** The server of that URL, once it has answered, and if that is near and reached without TLS. */
  near?(url: URL, headers: Readonly<Record<string, string>>): NearServer | undefined;
  /** Closes the connections to that server that wait for a request: its requests are made elsewhere for now. */
  closeIdle?(url: URL): void;
}

/** Where a server is, and what it is sent with each request. */
export interface NearServer {
  /** Its IP address. */
  readonly address: string;
  /** Its port. */
  readonly port: number;
  /** The lines of the headers, each with its end. */
  readonly headers: string;
}

/** How requests are made. */
export interface HttpOptions {
  /** Default: the global fetch. */
  readonly fetch?: Fetch;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How the cache of a browser is used. Default: as the headers of answers say. */
  readonly cache?: "default" | "no-cache" | "no-store" | "reload" | "force-cache" | "only-if-cached";
  /**
   * A request fails when nothing, or less than 100 bytes a second, arrives for so long, in milliseconds.
   * Default: one minute.
   */
  readonly idleTimeoutMs?: number;
}

/**
 * The body of `url`, `null` when the server says 404 or 410. Throws `store` or `timeout` for everything else, and for
 * a body of more than `limit` bytes; `retriable` is set where another try may help.
 *
 * @param redacted what the URL is called in messages
 */
export async function httpGet(
  url: URL,
  redacted: string,
  limit: number,
  options: HttpOptions & { readonly pace?: HttpPace },
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | null> {
  return await getting(
    url,
    redacted,
    options,
    (response, watch) => readBody(response, redacted, limit, watch, options.pace),
    signal,
  );
}

/**
 * Passes the body of `url` to `take`, piece by piece as it comes. False when there is none, because the server says 404 or
 * 410. Errors as for {@linkcode httpGet}, and those of `take`, after which no more is read.
 */
export async function httpRead(
  url: URL,
  redacted: string,
  options: HttpOptions,
  take: (piece: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const read = async (response: HttpAnswer, watch: IdleWatch) => {
    await takePieces(response, watch, take);
    return true;
  };
  return await getting(url, redacted, options, read, signal) ?? false;
}

/**
 * What `url` answers to these bytes, which change nothing there. They are sent as text, which pages may send to other
 * origins without asking first. Throws as {@linkcode httpGet} does, and `store` for 404 and 410 too.
 */
export async function httpPost(
  url: URL,
  redacted: string,
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
  options: HttpOptions,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const headers = { "content-type": "text/plain", ...options.headers };
  const answer = await getting(
    url,
    redacted,
    { ...options, headers },
    (response, watch) => readBody(response, redacted, limit, watch),
    signal,
    { method: "POST", body: bytes },
  );
  if (answer !== null) return answer;
  throw unreadable(redacted, "not found");
}

async function getting<T>(
  url: URL,
  redacted: string,
  options: HttpOptions & { readonly pace?: HttpPace },
  read: (response: HttpAnswer, watch: IdleWatch) => Promise<T>,
  signal?: AbortSignal,
  more: RequestInit = {},
): Promise<T | null> {
  const target: HttpTarget = { url, redacted, headers: options.headers };
  const watch = new IdleWatch(options.idleTimeoutMs, signal);
  try {
    const init = { ...more, ...cacheOf(options), headers: options.headers, signal: watch.signal };
    const response = await (options.fetch ?? fetch)(url, init);
    watch.touch();
    if (response.status === 404 || response.status === 410) {
      await response.body?.cancel();
      return null;
    }
    if (response.status !== 200) throw await refusal(response, target, watch);
    return await read(response, watch);
  } catch (error) {
    if (watch.timedOut) options.pace?.lost();
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
  }
}

function cacheOf({ cache }: HttpOptions): RequestInit {
  return cache === undefined ? {} : { cache };
}

/**
 * How many bytes are at `url`, asked with HEAD: `undefined` when the server does not say, `null` when it says 404 or 410.
 * Errors as for {@linkcode httpGet}.
 */
export async function httpSize(
  url: URL,
  redacted: string,
  options: HttpOptions,
  signal?: AbortSignal,
): Promise<number | undefined | null> {
  const target: HttpTarget = { url, redacted, headers: options.headers };
  const watch = new IdleWatch(options.idleTimeoutMs, signal);
  try {
    // What is compressed on the way has another size than what is there.
    const headers = { ...options.headers, "accept-encoding": "identity" };
    const init = { method: "HEAD", ...cacheOf(options), headers, signal: watch.signal };
    const response = await (options.fetch ?? fetch)(url, init);
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) return null;
    if (response.status !== 200) throw statusError(response, target);
    const announced = response.headers.get("content-length") ?? "";
    // Nothing that is asked for is empty: servers that do not know, such as Deno.serve's, answer HEAD with 0.
    return /^\d+$/.test(announced) && Number(announced) > 0 ? Number(announced) : undefined;
  } catch (error) {
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
  }
}
