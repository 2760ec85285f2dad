/** A server that does what the paths of requests say. */

import type { Answered } from "../../../src/deno/server/exchange.ts";
import { HttpServer } from "../../../src/deno/server/http_server.ts";
import type { ServerLimits } from "../../../src/deno/server/server_limits.ts";
import { parseListenAddress } from "../../../src/deno/server/listen_address.ts";
import type { Handler, ServerResponse } from "../../../src/servers/handler.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";

export const test = canServe() ? Deno.test : Deno.test.ignore;

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (body: string): ServerResponse => ({
  status: 200,
  headers: { "content-type": "text/plain" },
  body: bytes(body),
});

/** Lets the last request for `/wait` have its answer. */
export let release: () => void = () => {};
/** The same for each, the first first. */
export const waiting: (() => void)[] = [];
export let aborted = 0;
export const large = new Uint8Array(60_000_000).fill(7);

export const shared: ServerResponse = { status: 203, headers: { "x-shared": "yes" }, body: bytes("shared") };

/** Does what its path says. */
export const toy: Handler = async (request) => {
  switch (request.path) {
    case "/throw":
      throw new Error("broken");
    case "/large":
      return { status: 200, headers: {}, body: large };
    case "/shared":
      return shared;
    case "/copy":
      return { status: 200, headers: {}, body: new Uint8Array(2000) };
    case "/wait": {
      const { promise, resolve } = Promise.withResolvers<void>();
      release = resolve;
      waiting.push(resolve);
      request.signal?.addEventListener("abort", () => {
        aborted++;
        resolve();
      });
      await promise;
      return text("waited");
    }
    case "/count": {
      let count = 0;
      for await (const piece of request.body) count += piece.length;
      return text(String(count));
    }
    case "/slowly": {
      let count = 0;
      for await (const piece of request.body) {
        count += piece.length;
        await new Promise((resolve) => setTimeout(resolve, 600));
      }
      return text(String(count));
    }
    case "/first": {
      for await (const piece of request.body) return { ...text(`${piece.length > 0}`), status: 413 };
      return text("empty");
    }
    case "/none":
      return { status: 304, headers: { etag: '"x"' } };
    default:
      return text(`${request.method} ${request.path} ${request.header("x-test") ?? "-"}`);
  }
};

export interface Toy extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly server: HttpServer;
  readonly answered: Answered[];
  readonly failures: unknown[];
}

export async function startToy(limits: Partial<ServerLimits> = {}): Promise<Toy> {
  waiting.splice(0);
  const answered: Answered[] = [];
  const failures: unknown[] = [];
  const server = await HttpServer.listen(toy, [parseListenAddress("127.0.0.1:0")], {
    limits,
    onAnswered: (one) => answered.push(one),
    onFailure: (error) => failures.push(error),
  });
  const [url] = server.urls;
  return {
    server,
    url,
    port: Number(new URL(url).port),
    answered,
    failures,
    [Symbol.asyncDispose]: () => server.stop(0),
  };
}

/** Waits for what other parts of the process do. */
export async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}

export const get = (target: string) => `GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
