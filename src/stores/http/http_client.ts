/** One careful GET over fetch: bounded in size and in silence, and with errors that say what a user can act on. */
import { concat } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { requestError, statusError, unreadable } from "./http_errors.ts";
import type { HttpPace } from "./http_pace.ts";
import type { HttpTarget } from "./http_secrets.ts";
import { IdleWatch } from "./idle_watch.ts";

/** The part of fetch that is used, so that a program can bring its own (a proxy, client certificates, HTTP/1.1 only). */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** How requests are made. */
export interface HttpOptions {
  /** Default: the global fetch. */
  readonly fetch?: Fetch;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
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
 * Hands the body of `url` to `take`, piece by piece as it comes. False when there is none, because the server says 404 or
 * 410. Errors as for {@linkcode httpGet}, and those of `take`, after which no more is read.
 */
export async function httpRead(
  url: URL,
  redacted: string,
  options: HttpOptions,
  take: (piece: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const read = async (response: Response, watch: IdleWatch) => {
    await takePieces(response, watch, take);
    return true;
  };
  return await getting(url, redacted, options, read, signal) ?? false;
}

async function getting<T>(
  url: URL,
  redacted: string,
  options: HttpOptions & { readonly pace?: HttpPace },
  read: (response: Response, watch: IdleWatch) => Promise<T>,
  signal?: AbortSignal,
): Promise<T | null> {
  const target: HttpTarget = { url, redacted, headers: options.headers };
  const watch = new IdleWatch(options.idleTimeoutMs, signal);
  try {
    const response = await (options.fetch ?? fetch)(url, { headers: options.headers, signal: watch.signal });
    watch.touch();
    if (response.status === 404 || response.status === 410) {
      await response.body?.cancel();
      return null;
    }
    if (response.status !== 200) {
      await response.body?.cancel();
      throw statusError(response, target);
    }
    return await read(response, watch);
  } catch (error) {
    if (watch.timedOut) options.pace?.lost();
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
  }
}

/**
 * A part of what is at a URL: the bytes from `start` up to but without `end`, or the first so many of what may have less.
 * Never the last so many, which some servers refuse (Azure answers 400).
 */
type HttpRange = { readonly start: number; readonly end: number } | { readonly first: number };

/** What a server said about the whole, so that its parts are known to belong together. */
export interface HttpWhole {
  readonly size: number;
  /** Its ETag, or when it was changed. */
  readonly version: string | null;
}

/**
 * A part of what is at `url`, and what the whole is; `null` when the server gives no parts. Errors as for
 * {@linkcode httpGet}, and `store` for 404 and 410 too.
 */
export async function httpPart(
  url: URL,
  redacted: string,
  range: HttpRange,
  options: HttpOptions,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; whole: HttpWhole } | null> {
  const target: HttpTarget = { url, redacted, headers: options.headers };
  const watch = new IdleWatch(options.idleTimeoutMs, signal);
  let response: Response | undefined;
  try {
    const headers = { ...options.headers, ...rangeHeaders(range) };
    response = await (options.fetch ?? fetch)(url, { headers, signal: watch.signal });
    watch.touch();
    const whole = partOf(response, target, range);
    if (whole === null) {
      await response.body?.cancel();
      return null;
    }
    const bytes = await readBody(response, redacted, whole.length, watch);
    if (bytes.length !== whole.length) {
      throw unreadable(redacted, "the server returned a different byte range");
    }
    return { bytes, whole };
  } catch (error) {
    // Nobody reads it any more.
    await response?.body?.cancel().catch(() => {});
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
  }
}

function rangeHeaders(range: HttpRange): Record<string, string> {
  const bytes = "first" in range ? `0-${range.first - 1}` : `${range.start}-${range.end - 1}`;
  // Parts are those of the bytes as they are.
  return { range: `bytes=${bytes}`, "accept-encoding": "identity" };
}

/** How servers answer that give no parts of what is there; of something empty there is none. */
const PARTS_REFUSED: ReadonlySet<number> = new Set([400, 416, 501]);

/** What the answer says about the whole, and how many bytes it has; `null` when it is no part. */
function partOf(
  response: Response,
  target: HttpTarget,
  range: HttpRange,
): HttpWhole & { length: number } | null {
  const { status, headers } = response;
  if (status === 200 || (status === 206 && headers.get("content-encoding") !== null)) return null;
  // Reading the whole shows what is wrong, if anything is but the wish for a part.
  if ("first" in range && PARTS_REFUSED.has(status)) return null;
  if (status !== 206 && status !== 416) throw statusError(response, target);
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(headers.get("content-range") ?? "");
  const [first, last, size] = (match ?? []).slice(1).map(Number);
  const [start, end] = "first" in range ? [0, Math.min(range.first, size)] : [range.start, range.end];
  if (status === 416 || first !== start || last !== end - 1 || end > size) {
    throw unreadable(target.redacted, `the server has no bytes ${start} to ${end}, or no longer`);
  }
  return { size, version: headers.get("etag") ?? headers.get("last-modified"), length: end - start };
}

/**
 * The body of `url` as it comes, however long it is, or a part of it. Errors as for {@linkcode httpGet}, and `store` for
 * 404 and 410 too.
 */
export async function* httpStream(
  url: URL,
  redacted: string,
  options: HttpOptions,
  signal?: AbortSignal,
  part?: PartOfWhole,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const target: HttpTarget = { url, redacted, headers: options.headers };
  const { watch, reader, first } = await beginBody(url, redacted, options, signal, part);
  try {
    let piece = first;
    while (piece !== undefined) {
      // What is done with a piece may take its time: that is not the server's silence.
      watch.pause();
      yield piece;
      watch.resume();
      piece = (await reader?.read())?.value;
      watch.received(piece?.length ?? 0);
    }
  } catch (error) {
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
    await reader?.cancel().catch(() => {});
  }
}

/** A part of what is known already. */
type PartOfWhole = HttpRange & { readonly whole: HttpWhole };

/** A body that has begun. */
interface BegunBody {
  readonly watch: IdleWatch;
  readonly reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  /** What came first, `undefined` when the body is empty. */
  readonly first: Uint8Array<ArrayBuffer> | undefined;
}

async function beginBody(
  url: URL,
  redacted: string,
  options: HttpOptions,
  signal?: AbortSignal,
  part?: PartOfWhole,
): Promise<BegunBody> {
  const target: HttpTarget = { url, redacted, headers: options.headers };
  const watch = new IdleWatch(options.idleTimeoutMs, signal);
  let reader: BegunBody["reader"];
  try {
    const headers = { ...options.headers, ...(part === undefined ? {} : rangeHeaders(part)) };
    const response = await (options.fetch ?? fetch)(url, { headers, signal: watch.signal });
    watch.touch();
    reader = response.body?.getReader();
    if (part !== undefined) {
      checkSameWhole(partOf(response, target, part), part.whole, redacted);
    } else if (response.status !== 200) throw statusError(response, target);
    return { watch, reader, first: (await reader?.read())?.value };
  } catch (error) {
    watch.stop();
    await reader?.cancel().catch(() => {});
    throw requestError(error, target, watch, signal);
  }
}

/** Throws `store` when a part is of something else than the ones before. */
export function checkSameWhole(now: HttpWhole | null, before: HttpWhole, redacted: string): void {
  if (now?.size === before.size && now.version === before.version) return;
  throw unreadable(redacted, "it changed while it was read");
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
    const init = { method: "HEAD", headers, signal: watch.signal };
    const response = await (options.fetch ?? fetch)(url, init);
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) return null;
    if (response.status !== 200) throw statusError(response, target);
    const announced = response.headers.get("content-length") ?? "";
    return /^\d+$/.test(announced) ? Number(announced) : undefined;
  } catch (error) {
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
  }
}

/** Bodies up to this declared size are read at once: a third faster than piece by piece. */
const SMALL_BODY = 1024 * 1024;
/** Such a body shows no pieces on the way. Where all came much faster, one that is slower than this counts as silent. */
const SLOWEST_BYTES_PER_MS = 1;

async function readBody(
  response: Response,
  redacted: string,
  limit: number,
  watch: IdleWatch,
  pace?: HttpPace,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(response.headers.get("content-length") ?? "NaN");
  // Only of a basic answer are all headers visible: a page cannot see whether one from elsewhere was compressed.
  const asIs = response.type === "basic" && response.headers.get("content-encoding") === null;
  const start = performance.now();
  if (asIs && pace?.fast && announced <= Math.min(limit, SMALL_BODY)) {
    watch.touch(announced / SLOWEST_BYTES_PER_MS);
    const bytes = new Uint8Array(await response.arrayBuffer());
    pace.saw(bytes.length, performance.now() - start);
    if (bytes.length > limit) throw new TooLarge(redacted, limit);
    return bytes;
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  await takePieces(response, watch, (piece) => {
    length += piece.length;
    if (length > limit) throw new TooLarge(redacted, limit);
    pieces.push(piece);
  });
  pace?.saw(length, performance.now() - start);
  const only = pieces[0];
  if (
    pieces.length === 1 && only.byteLength === only.buffer.byteLength && only.buffer instanceof ArrayBuffer
  ) {
    return only as Uint8Array<ArrayBuffer>;
  }
  return concat(pieces);
}

async function takePieces(
  response: Response,
  watch: IdleWatch,
  take: (piece: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  // With a reader of its own, which is faster than `for await`.
  const reader = response.body?.getReader();
  try {
    while (reader !== undefined) {
      const { value: piece } = await reader.read();
      if (piece === undefined) return;
      watch.received(piece.length);
      take(piece);
    }
  } catch (error) {
    await reader?.cancel().catch(() => {});
    throw error;
  }
}

/** The error for a body of more bytes than what was asked for can have. */
export class TooLarge extends DesyncError {
  constructor(redacted: string, limit: number) {
    super("store", { action: "read", subject: redacted, reason: `larger than the limit of ${limit} bytes` });
  }
}
