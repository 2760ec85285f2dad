/**
 * What a GET returns: bytes with the words by which caches and clients know them again.
 *
 * Source: RFC 9110 (conditional requests: section 13, ranges: section 14).
 */
import { parseRange } from "./byte_range.ts";
import type { ServerRequest, ServerResponse } from "./handler.ts";

/** Bytes that have a name on the server. */
export interface Content {
  /** All of them. They must not be changed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The entity tag, in quotation marks; `W/` before them when the bytes may differ from server to server. */
  readonly etag: string;
  /** The answer to a plain GET, made once. */
  readonly response: ServerResponse;
}

/** The bytes as a content whose responses have these headers. */
export function contentOf(
  bytes: Uint8Array,
  etag: string,
  headers: Readonly<Record<string, string>>,
): Content {
  const owned = ownBytes(bytes);
  return { bytes: owned, etag, response: { status: 200, headers: { ...headers, etag }, body: owned } };
}

/** What the request gets of the content: all of it, a range, or that the client has it already. */
export function answerContent({ method, header }: ServerRequest, content: Content): ServerResponse {
  const { bytes, etag, response } = content;
  const known = header("if-none-match");
  if (known !== undefined && matchesAny(known, etag)) return notModified(response);
  if (method === "HEAD") return { status: 200, headers: response.headers, length: bytes.length };
  const wanted = header("range");
  if (wanted === undefined || response.headers["accept-ranges"] === "none") return response;
  if (!isCurrent(header("if-range"), etag)) return response;
  const range = parseRange(wanted, bytes.length);
  if (range === "all") return response;
  if (range === "none") {
    const headers = { "content-range": `bytes */${bytes.length}`, "cache-control": "no-store" };
    return { status: 416, headers };
  }
  const { start, end } = range;
  const headers = { ...response.headers, "content-range": `bytes ${start}-${end - 1}/${bytes.length}` };
  return { status: 206, headers, body: bytes.subarray(start, end) };
}

/** That the client's copy is the current one. */
export function notModified({ headers }: Pick<ServerResponse, "headers">): ServerResponse {
  const { "content-type": _type, "accept-ranges": _ranges, ...validators } = headers;
  return { status: 304, headers: validators };
}

/** Whether a list of entity tags, or `*`, has this one, whether strong or weak. */
export function matchesAny(list: string, etag: string): boolean {
  if (list.trim() === "*") return true;
  const opaque = etag.replace(/^W\//, "");
  return list.split(",").some((tag) => tag.trim().replace(/^W\//, "") === opaque);
}

/** Whether a range may be sent: it may not when the client has a part of something else. Dates are never current. */
function isCurrent(condition: string | undefined, etag: string): boolean {
  return condition === undefined || (condition === etag && !etag.startsWith("W/"));
}

/** The bytes without the rest of a larger buffer, which would be kept with them. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return new Uint8Array(buffer);
  return new Uint8Array(bytes);
}
