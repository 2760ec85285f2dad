/** The objects below a prefix, page by page (ListObjectsV2). */
import { DesyncError } from "../../core/errors.ts";
import { childOf, parseXml, textOf, type XmlElement } from "../../formats/xml.ts";
import { readBody } from "../http/http_body.ts";
import type { S3Client } from "./s3_client.ts";

/** An object. */
export interface ListedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** The latest moment at which it can have been written, as `Date.now()` says it; not a number when that is not known. */
  readonly writtenAt: number;
}

/** A page of a thousand keys takes half a megabyte. */
const LARGEST_PAGE = 16 * 1024 * 1024;
/** Services round times down. */
const CLOCK_STEP_MS = 1000;
/** Pages without any object that may follow each other: objects that were removed make some. */
const EMPTY_PAGES = 1000;

/** Follows a listing from page to page. Throws `store` when it does not come to an end. */
export class S3Listing {
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #redacted: string;
  #token: string | undefined;
  readonly #loop = new LoopFinder();
  #emptyPages = 0;
  /** Whether the last page has been read. */
  done = false;

  /** `redacted` is what the place is called in messages. */
  constructor(client: S3Client, prefix: string, redacted: string) {
    this.#client = client;
    this.#prefix = prefix;
    this.#redacted = redacted;
  }

  /** The next page. When it throws, it can be asked for again. */
  async next(signal?: AbortSignal): Promise<ListedObject[]> {
    const query: Record<string, string> = { "list-type": "2", "encoding-type": "url", prefix: this.#prefix };
    if (this.#token !== undefined) query["continuation-token"] = this.#token;
    const request = { method: "GET", query, action: "list" } as const;
    let behind = NaN;
    const bytes = await this.#client.request(
      request,
      (response, redacted, watch) => {
        behind = Date.now() - Date.parse(response.headers.get("date") ?? "");
        return readBody(response, redacted, LARGEST_PAGE, watch);
      },
      signal,
    );
    const page = this.#parse(new TextDecoder().decode(bytes ?? new Uint8Array(0)));
    const objects = objectsOf(page, behind);
    this.#emptyPages = objects.length === 0 ? this.#emptyPages + 1 : 0;
    if (textOf(page, "IsTruncated") !== "true") {
      this.done = true;
      return objects;
    }
    const token = textOf(page, "NextContinuationToken");
    if (token === "") throw this.#failed("the service does not say how its list goes on");
    if (this.#loop.closes(token) || this.#emptyPages > EMPTY_PAGES) throw this.#failed("the list has no end");
    this.#token = token;
    return objects;
  }

  #parse(text: string): XmlElement {
    try {
      const page = parseXml(text);
      if (page.name === "ListBucketResult" && childOf(page, "IsTruncated") !== undefined) return page;
    } catch (error) {
      if (!(error instanceof DesyncError)) throw error;
      throw this.#failed(error.reason ?? "", true);
    }
    throw this.#failed("the answer is not a list of objects");
  }

  #failed(reason: string, retriable = false): DesyncError {
    return new DesyncError("store", { action: "list", subject: this.#redacted, reason, retriable });
  }
}

/** Finds out when a sequence begins again, with one of its values in memory (Brent's algorithm). */
class LoopFinder {
  #kept: string | undefined;
  #since = 0;
  #replacedAfter = 1;

  /** Whether the next value shows that the sequence is a loop: at the latest when it has been gone through three times. */
  closes(value: string): boolean {
    if (value === this.#kept) return true;
    if (++this.#since === this.#replacedAfter) {
      this.#kept = value;
      this.#since = 0;
      this.#replacedAfter *= 2;
    }
    return false;
  }
}

/** `behind` is by how many milliseconds the service's clock is behind this one, at most. */
function objectsOf(page: XmlElement, behind: number): ListedObject[] {
  const isEncoded = textOf(page, "EncodingType") === "url";
  return page.children.filter(({ name }) => name === "Contents").map((object) => {
    const key = textOf(object, "Key");
    return {
      key: isEncoded ? urlDecoded(key) : key,
      size: sizeIn(textOf(object, "Size")),
      writtenAt: Date.parse(textOf(object, "LastModified")) + CLOCK_STEP_MS + behind,
    };
  });
}

/** What is not a number of bytes is none. */
function sizeIn(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** Keys that are no chunks' may be anything. */
function urlDecoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}
