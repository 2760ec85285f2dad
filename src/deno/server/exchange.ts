/** One request and its answer: from node's objects to what handlers work on, and back. */
import type { IncomingMessage as NodeRequest, ServerResponse as NodeAnswer } from "node:http";
import { DesyncError, interrupted } from "../../core/errors.ts";
import type { Handler, ServerRequest, ServerResponse } from "../../servers/handler.ts";
import { plainAnswer } from "../../servers/statuses.ts";
import type { Awaited, Patience } from "./patience.ts";
import { pathOf } from "./request_path.ts";
import type { SentHeads } from "./sent_heads.ts";
import type { PendingBodies } from "./pending_bodies.ts";

/** What node's servers call their listeners with. */
export type { IncomingMessage as NodeRequest, ServerResponse as NodeAnswer } from "node:http";

/** What became of a request. */
export interface Answered {
  /** The address of the client; empty for a socket in the file system. */
  readonly client: string;
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** `HTTP/1.1`. */
  readonly protocol: string;
  /** The status that was sent; 499 when the client had gone before. */
  readonly status: number;
  /** Bytes of the body that were handed to the system. */
  readonly sentBytes: number;
  /** From the end of the headers to the end of the answer, in milliseconds. */
  readonly milliseconds: number;
  /** What the client calls itself; empty when it does not say. */
  readonly agent: string;
  /** Whether all of the answer was sent. */
  readonly complete: boolean;
}

/** What all exchanges of a server share. */
export interface ExchangeContext {
  readonly handler: Handler;
  readonly patience: Patience;
  readonly pending: PendingBodies;
  readonly heads: SentHeads;
  readonly lingerMs: number;
  readonly onAnswered: ((answered: Answered) => void) | undefined;
  /** Called when the handler throws, which it must not. */
  readonly onFailure: (error: unknown) => void;
  /** Whether the connection ends with this answer. */
  readonly closing: () => boolean;
}

/** Answers that are longer are sent in pieces of this size, so that it is seen whether the client takes any. */
const PIECE_BYTES = 256 * 1024;

/** nginx's number for a client that has gone before there was an answer. */
const GONE = 499;

const LACKS_LENGTH: ReadonlySet<number> = new Set([204, 304]);

/** Answers one request. */
export class Exchange implements ServerRequest, Awaited {
  readonly method: string;
  readonly path: string;
  /** Called when all is over. */
  onOver: (() => void) | undefined;
  deadline = Infinity;
  readonly #request: NodeRequest;
  readonly #answer: NodeAnswer;
  readonly #context: ExchangeContext;
  /** The client waits with the body until it is asked for it. */
  readonly #expectsContinue: boolean;
  readonly #begin = performance.now();
  /** Who it is: not known any more when the connection is closed. */
  readonly #client: string;
  #controller: AbortController | undefined;
  #status = GONE;
  #sent = 0;
  #lingers = false;
  #isOver = false;
  #pending: Uint8Array | undefined;

  constructor(
    request: NodeRequest,
    answer: NodeAnswer,
    context: ExchangeContext,
    expectsContinue: boolean,
  ) {
    this.#expectsContinue = expectsContinue;
    this.#request = request;
    this.#answer = answer;
    this.#context = context;
    this.method = request.method ?? "";
    this.path = pathOf(request.url ?? "");
    this.#client = (context.onAnswered && request.socket.remoteAddress) ?? "";
    answer.on("close", this.#end);
    // Node reports here what the client did to its connection, which "close" reports as well.
    request.on("error", ignore);
    answer.on("error", ignore);
  }

  readonly header = (name: string): string | undefined => {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isOver) this.#controller.abort();
    return this.#controller.signal;
  }

  /** The pieces of the body. Ends early, with an error, when the client does. */
  get body(): AsyncIterable<Uint8Array> {
    return this.#pieces();
  }

  /** Has it answered by the handler. */
  async run(): Promise<void> {
    try {
      const answer = this.#context.handler(this);
      this.#send(answer instanceof Promise ? await answer : answer);
    } catch (error) {
      const isClients = this.#isOver || (error instanceof DesyncError && error.code === "interrupted");
      if (!isClients) this.#context.onFailure(error);
      this.#send(FAILURE);
    }
  }

  /** Answers without the handler. */
  refuse(status: number, sentence: string): void {
    this.#send(plainAnswer(status, sentence));
  }

  /** Ends the connection. */
  readonly giveUp = (): void => {
    this.#request.socket.destroy();
  };

  async *#pieces(): AsyncGenerator<Uint8Array> {
    const { patience } = this.#context;
    if (this.#expectsContinue) this.#answer.writeContinue();
    patience.begin(this);
    try {
      // A handler that has seen enough must still be able to say so on the same connection.
      for await (const piece of this.#request.iterator({ destroyOnReturn: false })) {
        patience.progress(this, piece.length);
        // Meanwhile the client is not waited for, but the handler.
        const left = this.deadline - performance.now();
        this.deadline = Infinity;
        yield piece;
        this.deadline = performance.now() + left;
      }
    } catch (error) {
      // The client has gone, or was cut off.
      throw interrupted(error);
    } finally {
      patience.end(this);
    }
  }

  #send(response: ServerResponse): void {
    const answer = this.#answer;
    if (this.#isOver || answer.headersSent) return;
    const sent = this.#withinMemory(response);
    const { status, body } = sent;
    this.#status = status;
    this.#writeHead(sent);
    this.#context.patience.begin(this);
    if (body === undefined || body.length === 0 || this.method === "HEAD") answer.end(() => this.#sentAll(0));
    else if (body.length <= PIECE_BYTES) answer.end(body, () => this.#sentAll(body.length));
    else this.#sendPieces(body, 0);
  }

  #writeHead(response: ServerResponse): void {
    const { heads, closing } = this.#context;
    const answer = this.#answer;
    const { status, headers, body } = response;
    // What is not said here depends on the request.
    const isUsual = body !== undefined && this.method === "GET" && answer.shouldKeepAlive &&
      this.#request.httpVersion === "1.1" && !closing();
    if (isUsual && heads.use(answer, response)) return;
    const length = body?.length ?? response.length ?? (this.method === "HEAD" ? undefined : 0);
    const fields: Record<string, string | number> = { ...headers };
    if (length !== undefined && !LACKS_LENGTH.has(status)) fields["content-length"] = length;
    if (closing()) fields.connection = "close";
    answer.writeHead(status, fields);
    if (isUsual) heads.keep(answer, response);
  }

  /** The response, or one that says that there is no memory for it. */
  #withinMemory(response: ServerResponse): ServerResponse {
    const { body } = response;
    if (body === undefined || this.method === "HEAD") return response;
    if (!this.#context.pending.add(body)) return BUSY;
    this.#pending = body;
    return response;
  }

  #sendPieces(body: Uint8Array, from: number): void {
    const answer = this.#answer;
    const to = Math.min(from + PIECE_BYTES, body.length);
    const piece = body.subarray(from, to);
    if (to === body.length) {
      answer.end(piece, () => this.#sentAll(piece.length));
      return;
    }
    answer.write(piece, (error) => {
      if (error) return;
      this.#sent += piece.length;
      this.#context.patience.progress(this, piece.length);
      this.#sendPieces(body, to);
    });
  }

  #sentAll(bytes: number): void {
    this.#sent += bytes;
    const { patience, lingerMs } = this.#context;
    patience.end(this);
    if (this.#request.readableEnded || !this.#hasBody()) return;
    // A client that is cut off while it sends may lose the answer. It may go on for a while, unheard.
    this.#lingers = true;
    patience.begin(this, lingerMs);
    this.#request.once("end", () => patience.end(this));
    this.#request.resume();
  }

  #hasBody(): boolean {
    const { headers } = this.#request;
    return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  }

  /** The connection is closed. */
  lost(): void {
    this.#end();
  }

  readonly #end = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    const { onAnswered, patience } = this.#context;
    const complete = this.#answer.writableFinished;
    if (!this.#lingers) patience.end(this);
    if (this.#pending !== undefined) this.#context.pending.remove(this.#pending);
    if (!complete) this.#controller?.abort();
    onAnswered?.({
      client: this.#client,
      method: this.method,
      path: this.path,
      protocol: `HTTP/${this.#request.httpVersion}`,
      status: this.#status,
      sentBytes: this.#sent,
      milliseconds: performance.now() - this.#begin,
      agent: this.header("user-agent") ?? "",
      complete,
    });
    this.onOver?.();
  };
}

function ignore(): void {}

const FAILURE = plainAnswer(500, "the server failed");
const BUSY = plainAnswer(503, "the server is busy with slow clients");
