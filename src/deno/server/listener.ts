/** One address that is listened at, and its connections. */
import { createServer as createPlain, type Server as PlainServer } from "node:http";
import { createServer as createSecure, type Server as SecureServer } from "node:https";
import { connect, Server as NetServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { lstatSync, unlinkSync } from "node:fs";
import { DesyncError } from "../../core/errors.ts";
import { reasonOf } from "../files/file_errors.ts";
import { errorCode } from "../system/error_code.ts";
import type { Exchange, NodeAnswer, NodeRequest } from "./exchange.ts";
import type { ServerLimits } from "./server_limits.ts";
import { displayAddress, type ListenAddress } from "./listen_address.ts";
import type { Awaited, Patience } from "./patience.ts";
import { contextOf, type ServerTls } from "./tls.ts";

/** Called for each request; `expectsContinue` when the client waits with the body until it is asked for it. */
export type OnRequest = (request: NodeRequest, answer: NodeAnswer, expectsContinue: boolean) => void;

/** How often the headers of requests are looked at for being late, in milliseconds. */
const CHECK_MS = 1000;

/** What the system says when it does not let the program listen. Deno says EINVAL for an address that the machine lacks. */
const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else listens there",
  EADDRNOTAVAIL: "this machine does not have such an address or socket",
  EINVAL: "this machine does not have such an address or socket",
  ENOTFOUND: "there is no such host",
};

type AnyServer = PlainServer | SecureServer;

/** What is answered to what is no request, as far as the client can still be answered. */
const NO_HTTP = "400 Bad Request";
/** The same for what node's servers have reasons for. */
const REFUSED: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

/** A connection with its requests: between them, its client is waited for. */
class Connection implements Awaited {
  readonly exchanges = new Set<Exchange>();
  deadline = Infinity;
  readonly giveUp: () => void;

  constructor(socket: Socket) {
    this.giveUp = () => socket.destroy();
  }
}

/** Node keeps the connection that is encrypted in this field. Not documented, but as old as node. */
interface TlsLayer {
  _parent?: Socket;
}

/** Listens until it is closed. */
export class Listener {
  readonly #address: ListenAddress;
  readonly #reusePort: boolean;
  readonly #server: AnyServer;
  readonly #secure: SecureServer | undefined;
  readonly #patience: Patience;
  readonly #idleMs: number;
  readonly #connections = new Map<Socket, Connection>();
  /** Connections whose TLS handshake is not over. */
  readonly #handshakes = new Set<Socket>();
  #endsIdle = false;

  constructor(
    address: ListenAddress,
    tls: ServerTls | undefined,
    limits: ServerLimits,
    reusePort: boolean,
    patience: Patience,
    onRequest: OnRequest,
  ) {
    this.#address = address;
    this.#patience = patience;
    this.#idleMs = limits.idleMs;
    this.#reusePort = reusePort;
    const options = {
      maxHeaderSize: limits.headerBytes,
      connectionsCheckingInterval: Math.min(CHECK_MS, limits.headersMs),
    };
    // Not node:http2: in Deno 2.9.6 clients that close their connections end the whole program (SIGABRT, SIGSEGV).
    this.#secure = tls && createSecure({ ...options, handshakeTimeout: limits.headersMs, ...contextOf(tls) });
    this.#server = this.#secure ?? createPlain(options);
    this.#configure(limits, tls?.clientAuthorities !== undefined);
    this.#server.on(
      "request",
      (request: NodeRequest, answer: NodeAnswer) => onRequest(request, answer, false),
    );
    this.#server.on(
      "checkContinue",
      (request: NodeRequest, answer: NodeAnswer) => onRequest(request, answer, true),
    );
  }

  #configure({ headersMs, connections }: ServerLimits, isMutual: boolean): void {
    const server = this.#server;
    server.headersTimeout = headersMs;
    // Bodies are watched by Patience: large ones may take as long as they need.
    server.requestTimeout = 0;
    // Idle connections too: a timer for each request costs a twentieth of what it takes to answer one.
    server.keepAliveTimeout = 0;
    server.maxConnections = connections;
    server.on("clientError", (error: Error, socket: Socket) => {
      endWith(socket, REFUSED[errorCode(error)] ?? NO_HTTP);
    });
    this.#secure?.on("connection", (socket: Socket) => {
      this.#handshakes.add(socket);
      socket.once("close", () => this.#handshakes.delete(socket));
    });
    server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
    // Nothing here can be switched to, or be a proxy.
    for (const event of ["upgrade", "connect"]) {
      server.on(event, (_request: NodeRequest, socket: Socket) => endWith(socket, NO_HTTP));
    }
    server.on(this.#secure ? "secureConnection" : "connection", (socket: Socket) => {
      if (this.#secure) this.#endHandshake(socket);
      // TLS has refused it before, unless the runtime does not know how to.
      if (isMutual && !isAuthorized(socket as TLSSocket)) return void socket.destroy();
      // Once it is no longer HTTP's, node listens no more, and an error without a listener ends the program.
      socket.on("error", () => {});
      const connection = new Connection(socket);
      this.#connections.set(socket, connection);
      this.#patience.begin(connection, Infinity);
      socket.once("close", () => {
        this.#connections.delete(socket);
        this.#patience.end(connection);
        // Node reports it to the first of those that wait for their turn.
        for (const exchange of connection.exchanges) exchange.lost();
      });
    });
  }

  /** Begins to listen. Throws `io` when that is not possible. */
  async listen(): Promise<void> {
    try {
      await this.#listen();
    } catch (error) {
      const isStale = errorCode(error) === "EADDRINUSE" && this.#address.kind === "path" &&
        isSocket(this.#address.path) && !await isAnswered(this.#address.path);
      if (!isStale) throw this.#refused(error);
      unlinkSync(this.#address.path);
      await this.#listen().catch((error: unknown) => {
        throw this.#refused(error);
      });
    }
  }

  #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const address = this.#address;
    this.#server.once("error", reject);
    const options = address.kind === "port"
      ? { host: address.host, port: address.port, reusePort: this.#reusePort }
      : address.kind === "path"
      ? { path: address.path }
      : { fd: address.fd };
    this.#server.listen(options, () => {
      this.#server.off("error", reject);
      // A connection that cannot be accepted, since there are no more open files, is not the end.
      this.#server.on("error", () => {});
      resolve();
    });
    return promise;
  }

  #refused(error: unknown): DesyncError {
    const code = errorCode(error);
    const isLow = code === "EACCES" && this.#address.kind === "port" && this.#address.port < 1024;
    return new DesyncError("io", {
      action: "listen on",
      subject: displayAddress(this.#address),
      reason: REFUSALS[code] ?? reasonOf(error),
      hint: isLow
        ? "ports below 1024 take root or CAP_NET_BIND_SERVICE; choose another with --listen"
        : undefined,
      cause: error,
    });
  }

  /** Where it listens, for another that shares its port. */
  get address(): ListenAddress {
    const at = this.#server.address();
    const port = at === null || typeof at === "string" ? undefined : at.port;
    return this.#address.kind === "port"
      ? { ...this.#address, port: port ?? this.#address.port }
      : this.#address;
  }

  /** Where it listens, as the address of what it serves: with the port that the system chose, if it did. */
  get url(): string {
    const at = this.#server.address();
    if (at === null || typeof at === "string" || at.address === undefined) {
      return `${this.#secure ? "TLS on " : ""}${displayAddress(this.#address)}`;
    }
    const host = at.address.includes(":") ? `[${at.address}]` : at.address;
    return `${this.#secure ? "https" : "http"}://${host}:${at.port}`;
  }

  /** New connections get these certificates. */
  renewTls(tls: ServerTls): void {
    this.#secure?.setSecureContext(contextOf(tls));
  }

  /** A request of the connection begins. Returns how many it has now. */
  begin(socket: Socket, exchange: Exchange): number {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return 0;
    connection.deadline = Infinity;
    return connection.exchanges.add(exchange).size;
  }

  /** A request of the connection is over. */
  end(socket: Socket, exchange: Exchange): void {
    const connection = this.#connections.get(socket);
    connection?.exchanges.delete(exchange);
    if (connection?.exchanges.size !== 0) return;
    connection.deadline = performance.now() + this.#idleMs;
    // Deno pauses a connection with many requests at a time whose client is slow, and does not read from it again.
    if (socket.isPaused()) socket.resume();
    if (this.#endsIdle) socket.end();
  }

  /** Takes no new connections. Resolves when all are closed. */
  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Node's own for HTTP also ends connections on which a request may be on its way.
    NetServer.prototype.close.call(this.#server, () => resolve());
    return promise;
  }

  #endHandshake(socket: Socket): void {
    const { _parent: inner } = socket as TlsLayer;
    if (inner === undefined) this.#handshakes.clear();
    else this.#handshakes.delete(inner);
  }

  /** From now on connections without a request end. */
  endIdle(): void {
    this.#endsIdle = true;
    for (const socket of this.#handshakes) socket.destroy();
    for (const [socket, { exchanges }] of this.#connections) {
      if (exchanges.size === 0) socket.end();
    }
  }

  /** Ends all connections. */
  destroy(): void {
    for (const socket of [...this.#connections.keys(), ...this.#handshakes]) socket.destroy();
  }
}

function isAuthorized(socket: TLSSocket): boolean {
  return socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0;
}

function endWith(socket: Socket, status: string): void {
  const answer = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  if (socket.writable) socket.end(answer, () => socket.destroy());
  else socket.destroy();
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

/** Whether some program listens at a socket in the file system. */
function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.once("connect", () => resolve(true));
  socket.once("error", (error) => resolve(errorCode(error) !== "ECONNREFUSED"));
  return promise.finally(() => socket.destroy());
}
