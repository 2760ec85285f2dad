/**
 * An HTTP/1.1 server that misbehaves as told, to see what a client makes of it. Each path has a list of answers: the
 * first request gets the first, and so on, and the last answer is repeated.
 *
 *     await using server = await startFaultyServer({
 *       "/flaky": [{ status: 503 }, { status: 503 }, { body: "at last" }],
 *       "/short": { body: "abc", length: 100 },
 *       "/reset": { body, cut: { after: 10, by: "reset" } },
 *       "/loop": { status: 302, headers: { location: "/loop" } },
 *       "/never": { cut: { after: "request", by: "silence" } },
 *       "/drip": { body, drip: { bytes: 1, every: 100 } },
 *     });
 */

import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type FaultyRequest, RequestParser } from "./faulty_request.ts";

/** One answer; what is not given is right. */
export interface Answer {
  /** 200 if not given. */
  status?: number;
  /** What stands behind the status. */
  reason?: string;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  /**
   * What Content-Length says, true or not. Or `chunked`: chunked encoding without a length; `close`: the end of the
   * connection is the end of the body.
   */
  length?: number | "chunked" | "close";
  /** Milliseconds before the answer begins. */
  delay?: number;
  /** Send the body in pieces of so many bytes, one every so many milliseconds. */
  drip?: { bytes: number; every: number };
  /** Stop after so many bytes of the body, or before the status line: end the connection, reset it, or go silent. */
  cut?: { after: number | "request"; by: "close" | "reset" | "silence" };
}

/** What a path is answered with. */
export type Script = Record<string, Answer | Answer[]>;

/** Answers the other paths. */
export type Otherwise = (request: FaultyRequest) => Answer | Promise<Answer>;

/** A running server and what it has seen. */
export class FaultyServer implements AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** All requests so far, in the order in which they came. */
  readonly requests: FaultyRequest[] = [];
  /** The most requests that were being answered at the same moment. */
  maxInFlight = 0;
  /** Connections opened so far. */
  connections = 0;

  #inFlight = 0;
  readonly #counts = new Map<string, number>();
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #stopping = new AbortController();
  readonly #script: Script;
  readonly #otherwise: Otherwise;

  constructor(
    server: net.Server,
    port: number,
    script: Script,
    otherwise: Otherwise,
  ) {
    this.#server = server;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#script = script;
    this.#otherwise = otherwise;
    server.on("connection", (socket: net.Socket) => this.#connected(socket));
  }

  /** How many requests came for that path (without its query). */
  count(path: string): number {
    return this.#counts.get(path) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#server.close();
    // Not the server's own word for it: Deno 2.6 never says it after some connections.
    const closed = Array.from(
      this.#sockets,
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #connected(socket: net.Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    const parser = new RequestParser();
    let last = Promise.resolve();
    socket.on("data", (data: Uint8Array) => {
      for (const request of parser.push(data)) {
        last = last.then(() => this.#handle(socket, request)).catch(() => {
          socket.destroy(); // the client went away, or the server is being stopped
        });
      }
    });
    socket.on("error", () => {}); // a client may well give up on such a server
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async #handle(socket: net.Socket, request: FaultyRequest): Promise<void> {
    if (socket.destroyed || !socket.writable) return;
    this.requests.push(request);
    this.#inFlight++;
    this.maxInFlight = Math.max(this.maxInFlight, this.#inFlight);
    try {
      await this.#answer(socket, request.method, await this.#next(request));
    } finally {
      this.#inFlight--;
    }
  }

  #next(request: FaultyRequest): Answer | Promise<Answer> {
    const seen = this.count(request.path);
    this.#counts.set(request.path, seen + 1);
    const scripted = Object.hasOwn(this.#script, request.path) ? this.#script[request.path] : undefined;
    if (scripted === undefined) return this.#otherwise(request);
    return Array.isArray(scripted) ? scripted[Math.min(seen, scripted.length - 1)] : scripted;
  }

  async #answer(socket: net.Socket, method: string, answer: Answer): Promise<void> {
    const whole = toBytes(answer.body ?? "");
    if (answer.delay) await this.#sleep(answer.delay);
    if (answer.cut?.after === "request") return await this.#cut(socket, answer.cut.by);

    await write(socket, head(answer, whole.length));
    if (method !== "HEAD") {
      const body = typeof answer.cut?.after === "number" ? whole.subarray(0, answer.cut.after) : whole;
      await this.#sendBody(socket, body, answer);
    }
    if (answer.cut) return await this.#cut(socket, answer.cut.by);
    if (method !== "HEAD" && answer.length === "chunked") await write(socket, toBytes("0\r\n\r\n"));
    if (answer.length === "close" || (typeof answer.length === "number" && answer.length !== whole.length)) {
      socket.end();
    }
  }

  async #sendBody(socket: net.Socket, body: Uint8Array, answer: Answer): Promise<void> {
    const size = answer.drip?.bytes ?? Math.max(body.length, 1);
    for (let at = 0; at < body.length; at += size) {
      if (at > 0 && answer.drip) await this.#sleep(answer.drip.every);
      const piece = body.subarray(at, at + size);
      if (answer.length === "chunked") await write(socket, toBytes(`${piece.length.toString(16)}\r\n`));
      await write(socket, piece);
      if (answer.length === "chunked") await write(socket, toBytes("\r\n"));
    }
  }

  async #cut(socket: net.Socket, by: "close" | "reset" | "silence"): Promise<void> {
    if (by === "close") {
      socket.end();
    } else if (by === "reset") {
      await this.#sleep(20); // let the client have what was sent before; some systems drop it at a reset
      socket.resetAndDestroy();
    } else if (!socket.destroyed) {
      await once(socket, "close");
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stopping.signal });
  }
}

/** Starts the server on a free port of 127.0.0.1. Paths that the script does not name get `otherwise`, or 404. */
export async function startFaultyServer(
  script: Script,
  otherwise: Otherwise = () => ({ status: 404 }),
): Promise<FaultyServer> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return new FaultyServer(server, address.port, script, otherwise);
}

function head(answer: Answer, bodyLength: number): Uint8Array {
  const status = answer.status ?? 200;
  let text = `HTTP/1.1 ${status} ${answer.reason ?? "Scripted"}\r\n`;
  for (const [name, value] of Object.entries(answer.headers ?? {})) text += `${name}: ${value}\r\n`;
  if (answer.length === "chunked") text += "Transfer-Encoding: chunked\r\n";
  else if (answer.length === "close") text += "Connection: close\r\n";
  else if (status !== 204 && status !== 304) text += `Content-Length: ${answer.length ?? bodyLength}\r\n`;
  return toBytes(`${text}\r\n`);
}

function toBytes(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

function write(socket: net.Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error?: Error | null) => error ? reject(error) : resolve());
  });
}
