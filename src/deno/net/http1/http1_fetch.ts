/**
 * Requests for many small files over HTTP/1.1, straight on connections: a chunk takes a third of the processor time that
 * fetch needs for it. What is seldom is left to fetch: see {@linkcode Http1Options.rest}.
 */
import { abortable } from "../../../core/abortable.ts";
import { concat, freeBytes } from "../../../core/bytes.ts";
import { onAbort } from "../../../core/on_abort.ts";
import type { HttpAnswer } from "../../../stores/http/http_answer.ts";
import type { Fetch, NearServer } from "../../../stores/http/http_client.ts";
import { Http1Answer } from "./answer.ts";
import { bodyEnd, parseAnswerHead } from "./answer_head.ts";
import { Connection } from "./connection.ts";

/** How one server is reached. */
export interface Http1Options {
  /** Connections that are kept open at most. */
  readonly connections: number;
  /** For https: the certificates. */
  readonly tls?: { readonly caCerts: string[]; readonly cert?: string; readonly key?: string };
  /**
   * Makes the requests that this does not: with other methods, after an answer that is compressed or that is not understood,
   * and when no connection can be made, which it then explains.
   */
  readonly rest: Fetch;
}

/** A fetch for one server. Disposing of it closes its connections. */
export function makeHttp1Fetch(server: URL, options: Http1Options): Fetch & Disposable {
  const client = new Http1Client(server, options);
  const fetch = (url: URL, init: RequestInit) => client.fetch(url, init);
  return Object.assign(fetch, {
    near: (url: URL, headers: Readonly<Record<string, string>>) => client.near(url, headers),
    closeIdle: () => client.closeIdle(),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  });
}

const METHODS = ["GET", "HEAD", "PUT"];
/** A server that has answered in less is near, in milliseconds. */
const NEAR_MS = 5;
const encoder = new TextEncoder();

class Http1Client implements Disposable {
  readonly #server: URL;
  readonly #options: Http1Options;
  /** Open, and waiting for a request: the last one is used first. */
  readonly #idle: Connection[] = [];
  readonly #open = new Set<Connection>();
  /** The lines of headers that come with many requests. */
  readonly #lines = new WeakMap<HeadersInit, string>();
  #leavesAll = false;
  /** The server's, once it has answered like one that is near on a connection that stayed open. */
  #nearAddress: Deno.NetAddr | undefined;

  constructor(server: URL, options: Http1Options) {
    this.#server = server;
    this.#options = options;
  }

  async fetch(url: URL, init: RequestInit): Promise<HttpAnswer> {
    const { method = "GET", body = null } = init;
    const isOurs = METHODS.includes(method) && (body === null || body instanceof Uint8Array);
    if (isOurs && !this.#leavesAll) {
      const answer = await this.#ask(url, init, method, body);
      if (answer !== undefined) return answer;
      this.#leavesAll = true;
    }
    return await this.#options.rest(url, init);
  }

  /** The server, if it is near and reached without TLS. */
  near({ host }: URL, headers: Readonly<Record<string, string>>): NearServer | undefined {
    const place = this.#server.protocol === "http:" && !this.#leavesAll ? this.#nearAddress : undefined;
    if (place === undefined) return undefined;
    const { hostname: address, port } = place;
    return { address, port, headers: `host: ${host}\r\n${this.#linesOf(headers)}` };
  }

  /** The answer; `undefined` when it is for fetch to get. */
  async #ask(
    url: URL,
    init: RequestInit,
    method: string,
    body: Uint8Array | null,
  ): Promise<HttpAnswer | undefined> {
    const head = encoder.encode(this.#requestHead(url, method, init.headers, body));
    // In one piece, or the system would wait with the second until the first is acknowledged.
    const request = body === null ? head : concat([head, body]);
    try {
      return await this.#exchange(request, method, init.signal ?? undefined);
    } finally {
      freeBytes(request);
    }
  }

  async #exchange(
    request: Uint8Array,
    method: string,
    signal?: AbortSignal,
  ): Promise<HttpAnswer | undefined> {
    while (true) {
      signal?.throwIfAborted();
      const idle = this.#idle.pop();
      const connection = idle ?? await this.#connect(signal);
      if (connection === undefined) return undefined;
      const forgetSignal = onAbort(signal, () => this.#close(connection));
      let isFast = false;
      const over = (stays: boolean) => {
        forgetSignal();
        if (stays && isFast) this.#nearAddress = connection.address;
        if (stays) this.#keep(connection);
        else this.#close(connection);
      };
      try {
        connection.begin();
        const start = performance.now();
        const unsent = await trySending(connection, request);
        const answer = await receive(connection, method, over).catch((error) =>
          Promise.reject(unsent ?? error)
        );
        if (answer === undefined) over(false);
        isFast = performance.now() - start < NEAR_MS;
        return answer;
      } catch (error) {
        over(false);
        signal?.throwIfAborted();
        if (idle === undefined || connection.received > 0) throw error;
        // The server may have closed it while it was idle, and the others with it.
        this.closeIdle();
      }
    }
  }

  /** A new connection; `undefined` when none can be made. */
  async #connect(signal?: AbortSignal): Promise<Connection | undefined> {
    const connecting = this.#openSocket();
    try {
      const connection = new Connection(await abortable(() => connecting, signal));
      this.#open.add(connection);
      return connection;
    } catch (error) {
      if (!signal?.aborted) return undefined;
      connecting.then((socket) => socket.close(), () => {});
      throw error;
    }
  }

  #openSocket(): Promise<Deno.Conn> {
    const { protocol, hostname: host, port } = this.#server;
    const hostname = host.replace(/^\[(.*)\]$/, "$1");
    if (protocol === "http:") return Deno.connect({ hostname, port: Number(port || 80) });
    const { tls } = this.#options;
    return Deno.connectTls({ ...tls, hostname, port: Number(port || 443), alpnProtocols: ["http/1.1"] });
  }

  #requestHead(url: URL, method: string, headers: HeadersInit = {}, body: Uint8Array | null): string {
    const lines = this.#linesOf(headers);
    const length = body === null ? "" : `content-length: ${body.length}\r\n`;
    return `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n${lines}${length}\r\n`;
  }

  /** The lines of these headers, and of those that every request has. */
  #linesOf(headers: HeadersInit): string {
    let lines = this.#lines.get(headers);
    if (lines === undefined) {
      const all = new Headers(headers);
      if (!all.has("accept")) all.set("accept", "*/*");
      if (!all.has("user-agent")) all.set("user-agent", navigator.userAgent);
      lines = [...all].map(([name, value]) => `${name}: ${value}\r\n`).join("");
      this.#lines.set(headers, lines);
    }
    return lines;
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) this.#close(connection);
  }

  #keep(connection: Connection): void {
    // What comes without having been asked for would be taken for the next answer.
    if (connection.waiting > 0 || this.#idle.length >= this.#options.connections) this.#close(connection);
    else this.#idle.push(connection);
  }

  #close(connection: Connection): void {
    this.#open.delete(connection);
    connection[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const connection of this.#open) connection[Symbol.dispose]();
    this.#open.clear();
    this.#idle.length = 0;
  }
}

/** Sends it. Returns why it could not: a server that refuses a body may have answered all the same. */
async function trySending(connection: Connection, request: Uint8Array): Promise<unknown> {
  try {
    await connection.send(request);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The answer on the connection; `undefined` when it is not understood. */
async function receive(
  connection: Connection,
  method: string,
  over: (stays: boolean) => void,
): Promise<Http1Answer | undefined> {
  const text = await connection.takeUntil("\r\n\r\n").catch((error) => {
    // TLS, perhaps.
    if (connection.waiting > 0 && !connection.startsWith("HTTP/")) return undefined;
    throw error;
  });
  const head = text === undefined ? undefined : parseAnswerHead(text);
  const end = head === undefined ? undefined : bodyEnd(head, method);
  if (head === undefined || end === undefined) return undefined;
  return new Http1Answer(head, end, connection, (isWhole) => over(isWhole && head.stays));
}
