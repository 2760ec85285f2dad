/**
 * What a server is asked, and what it answers: plain values, which cost little for any kind of server. Handlers work on
 * these; fetch_handlers.ts makes them functions from `Request` to `Response`.
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
