/** Answers HTTP/1.1 requests at some addresses, with TLS or without. */
import type { Handler } from "../../servers/handler.ts";
import { type Answered, Exchange, type ExchangeContext, type NodeRequest } from "./exchange.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./server_limits.ts";
import type { ListenAddress } from "./listen_address.ts";
import { Listener, type OnRequest } from "./listener.ts";
import { Patience } from "./patience.ts";
import { PendingBodies } from "./pending_bodies.ts";
import type { ServerTls } from "./tls.ts";
import { SentHeads } from "./sent_heads.ts";
import { canServe } from "./can_serve.ts";
import { RUNTIME } from "../system/runtime.ts";
import { DesyncError } from "../../core/errors.ts";

/** How a server answers, besides what. */
export interface ServeOptions {
  /** Certificates. Default: no TLS. */
  readonly tls?: ServerTls;
  /** What is not given is as in {@linkcode DEFAULT_SERVER_LIMITS}. */
  readonly limits?: Partial<ServerLimits>;
  /** Whether other servers may listen at the same ports, which the system then deals connections to (Linux). */
  readonly reusePort?: boolean;
  /** Called after each answer. */
  readonly onAnswered?: (answered: Answered) => void;
  /** Called with what the handler throws, which it should not; the client gets 500. */
  readonly onFailure?: (error: unknown) => void;
}

/** How long clients may still send requests on open connections when the server stops, in milliseconds. */
const LAST_CALL_MS = 500;

/** A server that listens. */
export class HttpServer implements AsyncDisposable {
  readonly #limits: ServerLimits;
  readonly #listeners: Listener[];
  readonly #patience: Patience;
  /** Those that are being answered. */
  #requests = 0;
  #stopped: Promise<void> | undefined;

  private constructor(handler: Handler, addresses: readonly ListenAddress[], options: ServeOptions) {
    const { tls, reusePort = false, onAnswered, onFailure = () => {} } = options;
    this.#limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits };
    this.#patience = new Patience(this.#limits.silentMs);
    const context: ExchangeContext = {
      handler,
      patience: this.#patience,
      pending: new PendingBodies(this.#limits.pendingBytes),
      heads: new SentHeads(),
      lingerMs: this.#limits.lingerMs,
      onAnswered,
      onFailure,
      closing: () => this.#stopped !== undefined,
    };
    this.#listeners = addresses.map((address) => {
      const onRequest: OnRequest = (request, answer, expectsContinue) => {
        const { socket } = request;
        if (socket.destroyed) return;
        const exchange = new Exchange(request, answer, context, expectsContinue);
        exchange.onOver = () => {
          this.#requests--;
          listener.end(socket, exchange);
        };
        this.#requests++;
        const count = listener.begin(socket, exchange);
        if (count > this.#limits.pipelined) socket.destroy();
        else this.#answer(request, exchange);
      };
      const listener = new Listener(address, tls, this.#limits, reusePort, this.#patience, onRequest);
      return listener;
    });
  }

  /** Listens at all the addresses, or throws `io` with one where that is not possible; `unsupported` with an old Deno. */
  static async listen(
    handler: Handler,
    addresses: readonly ListenAddress[],
    options: ServeOptions = {},
  ): Promise<HttpServer> {
    if (!canServe()) {
      throw new DesyncError("unsupported", {
        action: "serve",
        subject: "over HTTP",
        reason: `this is ${RUNTIME}`,
        hint: "use Deno 2.9 or later",
      });
    }
    const server = new HttpServer(handler, addresses, options);
    try {
      for (const listener of server.#listeners) await listener.listen();
      return server;
    } catch (error) {
      await server.stop(0);
      throw error;
    }
  }

  /** Where it listens, in the order of the addresses. */
  get urls(): string[] {
    return this.#listeners.map((listener) => listener.url);
  }

  /** The addresses, with the ports that the system chose, if it did. */
  get addresses(): ListenAddress[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** Uses these certificates from now on. */
  renewTls(tls: ServerTls): void {
    for (const listener of this.#listeners) listener.renewTls(tls);
  }

  /** Takes no new connections, answers what is asked already, and resolves when all is over. */
  stop(milliseconds: number = this.#limits.stopMs): Promise<void> {
    this.#stopped ??= this.#stop(milliseconds);
    return this.#stopped;
  }

  async #stop(milliseconds: number): Promise<void> {
    const timers = [
      setTimeout(() => this.#all((listener) => listener.endIdle()), Math.min(LAST_CALL_MS, milliseconds)),
      setTimeout(() => this.#all((listener) => listener.destroy()), milliseconds),
    ];
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const timer of timers) clearTimeout(timer);
    this.#patience[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(0);
  }

  #all(act: (listener: Listener) => void): void {
    for (const listener of this.#listeners) act(listener);
  }

  #answer(request: NodeRequest, exchange: Exchange): void {
    // HTTP/0.9 has no statuses, so that an error would be taken for a chunk.
    if (request.httpVersionMajor < 1) return exchange.refuse(400, "HTTP/0.9 is not supported");
    if (this.#requests > this.#limits.requests) return exchange.refuse(503, "the server is busy");
    void exchange.run();
  }
}
