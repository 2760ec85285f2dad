/** Parts of what is at a URL, and streams of it: GET over fetch with the header Range (RFC 9110, 14). */
import type { AnswerBodyReader, HttpAnswer } from "./http_answer.ts";
import { nextPiece, readBody } from "./http_body.ts";
import type { HttpOptions } from "./http_client.ts";
import { requestError, unreadable } from "./http_errors.ts";
import { refusal } from "./http_refusal.ts";
import type { HttpTarget } from "./http_secrets.ts";
import { IdleWatch } from "./idle_watch.ts";

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
 * `httpGet`, and `store` for 404 and 410 too.
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
  let response: HttpAnswer | undefined;
  try {
    const headers = { ...options.headers, ...rangeHeaders(range) };
    response = await (options.fetch ?? fetch)(url, { headers, signal: watch.signal });
    watch.touch();
    if (isRefused(response, range)) throw await refusal(response, target, watch);
    const whole = partOf(response, target, range);
    if (whole === null) {
      await response.body?.cancel();
      return null;
    }
    const bytes = await readBody(response, redacted, whole.length, watch);
    if (bytes.length !== whole.length) throw otherRange(redacted);
    return { bytes, whole };
  } catch (error) {
    // It is not read any further.
    await response?.body?.cancel().catch(() => {});
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
  }
}

function otherRange(redacted: string): Error {
  return unreadable(redacted, "the server returned a different byte range");
}

function rangeHeaders(range: HttpRange): Record<string, string> {
  const bytes = "first" in range ? `0-${range.first - 1}` : `${range.start}-${range.end - 1}`;
  // Parts are those of the bytes as they are.
  return { range: `bytes=${bytes}`, "accept-encoding": "identity" };
}

/** How servers answer that give no parts of what is there; of something empty there is none. */
const PARTS_REFUSED: ReadonlySet<number> = new Set([400, 416, 501]);

/** Whether there are neither parts nor the whole. */
function isRefused({ status }: HttpAnswer, range: HttpRange): boolean {
  return ![200, 206, 416].includes(status) && !("first" in range && PARTS_REFUSED.has(status));
}

/** What the answer says about the whole, and how many bytes it has; `null` when it is no part. */
function partOf(
  response: HttpAnswer,
  target: HttpTarget,
  range: HttpRange,
): HttpWhole & { length: number } | null {
  const { status, headers } = response;
  if (status === 200 || (status === 206 && headers.get("content-encoding") !== null)) return null;
  // Reading the whole shows what is wrong, if anything is but the wish for a part.
  if ("first" in range && PARTS_REFUSED.has(status)) return null;
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(headers.get("content-range") ?? "");
  // Without the whole's size (a `*` in its place, or a header that a browser hides) there are no places to ask for.
  if ("first" in range && match === null) return null;
  const [first, last, size] = (match ?? []).slice(1).map(Number);
  const [start, end] = "first" in range ? [0, Math.min(range.first, size)] : [range.start, range.end];
  if (status === 416 || first !== start || last !== end - 1 || end > size) {
    throw unreadable(target.redacted, `the server has no bytes ${start} to ${end}, or no longer`);
  }
  return { size, version: headers.get("etag") ?? headers.get("last-modified"), length: end - start };
}

/**
 * The body of `url` as it comes, however long it is, or a part of it, of which no more is read than it should have. Errors as
 * for `httpGet`, and `store` for 404 and 410 too.
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
  let left = part === undefined ? Infinity : part.end - part.start;
  try {
    let piece = first;
    while (piece !== undefined) {
      left -= piece.length;
      if (left < 0) throw otherRange(redacted);
      // What is done with a piece may take its time: that is not the server's silence.
      watch.pause();
      yield piece;
      watch.resume();
      piece = reader && await nextPiece(reader, watch);
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
interface PartOfWhole {
  readonly start: number;
  readonly end: number;
  readonly whole: HttpWhole;
}

/** A body that has begun. */
interface BegunBody {
  readonly watch: IdleWatch;
  readonly reader: AnswerBodyReader | undefined;
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
    if (part === undefined ? response.status !== 200 : isRefused(response, part)) {
      throw await refusal(response, target, watch);
    }
    reader = response.body?.getReader();
    if (part !== undefined) checkSameWhole(partOf(response, target, part), part.whole, redacted);
    return { watch, reader, first: reader && await nextPiece(reader, watch) };
  } catch (error) {
    watch.stop();
    await reader?.cancel().catch(() => {});
    throw requestError(error, target, watch, signal);
  }
}

/** Throws `store` when a part is of something else than the ones before. */
export function checkSameWhole(now: HttpWhole | null, before: HttpWhole, redacted: string): void {
  if (now === null) throw unreadable(redacted, "the server gives no parts of it any more");
  if (now.size === before.size && now.version === before.version) return;
  throw unreadable(redacted, "it changed while it was read");
}
