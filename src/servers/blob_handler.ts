/** A blob that is in chunks, served as one file: for service workers, edge runtimes and `deno serve`. */
import type { ChunkedBlob } from "../blob/blob.ts";
import type { DesyncError } from "../core/errors.ts";
import { parseRange } from "./byte_range.ts";
import { matchesAny } from "./content.ts";
import type { OnProblem } from "./problems.ts";
import { answerTo, plainAnswer, reportTo } from "./statuses.ts";

/** How {@linkcode blobHandler} answers. */
export interface BlobHandlerOptions {
  /** The media type. Default: `application/octet-stream`. */
  readonly type?: string;
  /** The name under which browsers save it; without it, they may show it. */
  readonly fileName?: string;
  /** The entity tag, in quotation marks: another one for each version of the blob. Default: none. */
  readonly etag?: string;
  /** Gets each failure to read a chunk, which ends the answer. */
  readonly onProblem?: (problem: DesyncError) => void;
}

/**
 * Answers `GET` and `HEAD` of any URL with the blob, and a `Range` of it by the chunks of that part alone. Each chunk is
 * verified before any of its bytes is sent; when one cannot be had, the answer breaks off.
 *
 * @example The end of a blob by a Range request
 * ```ts
 * import { blobHandler, ChunkedBlob, parseIndex } from "@desync/desync";
 * import { LocalStore } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const store = new LocalStore("testdata/casync-zstd.castr"); // new HttpStore("https://example.com/store/")
 * const handler = blobHandler(ChunkedBlob.open(index, store, { keepBytes: 1 << 20 }), { fileName: "blob.img" });
 * // In a service worker: event.respondWith(handler(event.request))
 *
 * const answer = await handler(new Request("http://localhost/blob", { headers: { range: "bytes=-512" } }));
 * if (answer.status !== 206 || (await answer.bytes()).length !== 512) throw new Error("a part is missing");
 * ```
 */
export function blobHandler(
  blob: ChunkedBlob,
  { type = "application/octet-stream", fileName, etag, onProblem = () => {} }: BlobHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const shared = new Headers({ "content-type": type, "accept-ranges": "bytes" });
  if (etag !== undefined) shared.set("etag", etag);
  if (fileName !== undefined) {
    shared.set("content-disposition", `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`);
  }
  return async ({ method, headers: asked, signal }) => {
    if (method !== "GET" && method !== "HEAD") {
      return asResponse(
        plainAnswer(405, "the method is not supported, only GET, HEAD", { allow: "GET, HEAD" }),
      );
    }
    const headers = new Headers(shared);
    const known = asked.get("if-none-match");
    if (etag !== undefined && known !== null && matchesAny(known, etag)) {
      return new Response(null, { status: 304, headers });
    }
    const isCurrent = [null, etag].includes(asked.get("if-range"));
    const range = isCurrent && method === "GET" ? parseRange(asked.get("range") ?? "", blob.size) : "all";
    if (range === "none") {
      headers.set("content-range", `bytes */${blob.size}`);
      return new Response(null, { status: 416, headers });
    }
    const { start, end } = range === "all" ? { start: 0, end: blob.size } : range;
    if (range !== "all") headers.set("content-range", `bytes ${start}-${end - 1}/${blob.size}`);
    headers.set("content-length", String(end - start));
    if (method === "HEAD") return new Response(null, { headers });
    try {
      const body = await begun(blob.slice(start, end).stream({ signal }), onProblem);
      return new Response(body, { status: range === "all" ? 200 : 206, headers });
    } catch (error) {
      return asResponse(answerTo(error, onProblem));
    }
  };
}

function asResponse({ status, headers, body }: ReturnType<typeof plainAnswer>): Response {
  return new Response(body, { status, headers });
}

/** The stream, whose first piece is there. Throws when it is not: then the answer can still say so. What fails later is reported. */
async function begun(
  stream: ReadableStream<Uint8Array>,
  onProblem: OnProblem,
): Promise<ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  let next: Promise<ReadableStreamReadResult<Uint8Array>> | undefined = Promise.resolve(await reader.read());
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await (next ?? reader.read()).catch((error) => {
        throw reportTo(onProblem, error);
      });
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
