/**
 * What a server is asked, and what it answers: plain values, which cost little for any kind of server. Handlers work on
 * these; {@linkcode fetchHandler} makes them a function from `Request` to `Response`.
 */

/** A request as a handler sees it. */
export interface ServerRequest {
  /** `GET`, in upper case. */
  readonly method: string;
  /** The path as it was sent, with its percent-encoding, from the first slash; without the query. */
  readonly path: string;
  /** The value of a header, by its name in lower case; `undefined` when it was not sent. Of several they are joined by ", ". */
  readonly header: (name: string) => string | undefined;
  /** The pieces of the body, to be read once at most. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborted when the client has left, or the server stops. */
  readonly signal?: AbortSignal;
}

/** What is sent back. */
export interface ServerResponse {
  /** The status of HTTP. */
  readonly status: number;
  /** Headers by their names in lower case. The length is set from the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body. It may be shared with other responses and must not be changed. Default: none. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** For HEAD: the length that the body of a GET would have, where it is known. */
  readonly length?: number;
}

/** Answers requests; never throws. */
export type Handler = (request: ServerRequest) => ServerResponse | Promise<ServerResponse>;

/** The handler for servers that are written for the web's `Request` and `Response`. */
export function fetchHandler(handler: Handler): (request: Request) => Promise<Response> {
  return async (request) => {
    // Without its signal: `Deno.serve` warns when it is used, and aborts it after complete answers too.
    const { method, headers, body } = request;
    const path = new URL(request.url).pathname;
    const header = (name: string) => headers.get(name) ?? undefined;
    const response = await handler({ method, path, header, body: body ?? NO_BODY });
    const { status, length = response.body?.length } = response;
    const sent = new Headers(response.headers);
    if (length !== undefined) sent.set("content-length", String(length));
    return new Response(method === "HEAD" ? null : response.body, { status, headers: sent });
  };
}

const NO_BODY: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };
