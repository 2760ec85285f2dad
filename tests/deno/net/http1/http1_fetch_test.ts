/** Requests straight on connections, against servers that send what they are told, byte by byte if need be. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { concat } from "../../../../src/core/bytes.ts";
import { makeHttp1Fetch } from "../../../../src/deno/net/http1/http1_fetch.ts";
import { makeHttpFetch } from "../../../../src/deno/net/http_fetch.ts";
import type { HttpAnswer } from "../../../../src/stores/http/http_answer.ts";
import { freePort } from "../../../support/servers/ports.ts";
import { random } from "../../../support/random.ts";
import { sameBytes } from "../../../support/same_bytes.ts";

const encoder = new TextEncoder();

/** A server whose connections are answered by `script`, one call for each request; `null` closes the connection. */
class RawServer implements AsyncDisposable {
  readonly url: URL;
  connections = 0;
  /** The requests as they came, without their bodies. */
  readonly heads: string[] = [];
  readonly bodies: Uint8Array[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;

  constructor(script: (request: number) => (Uint8Array | string | null)[]) {
    this.url = new URL(`http://127.0.0.1:${this.#listener.addr.port}/x?y`);
    this.#accepting = this.#accept(script);
  }

  async #accept(script: (request: number) => (Uint8Array | string | null)[]): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.connections++;
      this.#open.add(connection);
      // What the client closed, or the end of the test.
      served.push(this.#serve(connection, script).catch(() => {}));
    }
    await Promise.all(served);
  }

  async #serve(
    connection: Deno.TcpConn,
    script: (request: number) => (Uint8Array | string | null)[],
  ): Promise<void> {
    connection.setNoDelay(true);
    const buffer = new Uint8Array(65536);
    let bytes: Uint8Array = new Uint8Array();
    const more = async () => {
      const count = await connection.read(buffer);
      if (count === null) return false;
      bytes = concat([bytes, buffer.slice(0, count)]);
      return true;
    };
    try {
      while (true) {
        const text = () => new TextDecoder("latin1").decode(bytes);
        while (!text().includes("\r\n\r\n")) if (!await more()) return;
        const head = text().split("\r\n\r\n")[0];
        bytes = bytes.subarray(head.length + 4);
        const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
        while (bytes.length < length) if (!await more()) return;
        this.bodies.push(bytes.slice(0, length));
        bytes = bytes.subarray(length);
        for (const piece of script(this.heads.push(head) - 1)) {
          if (piece === null) return;
          const whole = typeof piece === "string" ? encoder.encode(piece) : piece;
          for (let at = 0; at < whole.length;) at += await connection.write(whole.subarray(at));
          // So that the pieces come as such.
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
      }
    } finally {
      this.#open.delete(connection);
      connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) {
      try {
        await connection.closeWrite();
      } catch {
        // The client closed it.
      }
    }
    await this.#accepting;
  }
}

const rest = () => Promise.reject(new Error("left to fetch"));

function client(server: RawServer, more: { connections?: number } = {}) {
  return makeHttp1Fetch(server.url, { connections: 8, rest, ...more });
}

async function bytesOf(answer: HttpAnswer, how: "whole" | "stream" = "whole"): Promise<Uint8Array> {
  if (how === "whole") return new Uint8Array(await answer.arrayBuffer());
  const reader = answer.body?.getReader();
  const pieces: Uint8Array[] = [];
  for (let piece; (piece = (await reader?.read())?.value) !== undefined;) pieces.push(piece);
  return concat(pieces);
}

const ok3 = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";

Deno.test("bodies of all kinds arrive whole, however the bytes come, and the connection is used again", async () => {
  const source = random();
  const pick = <T>(...of: readonly T[]): T => of[source.below(of.length)];
  const cases = Array.from({ length: 60 }, () => {
    const body = source.bytes(pick(0, 1, 10, 5000, 70_000, 200_000));
    const kind = pick<"length" | "chunked" | "close">("length", "chunked", "close");
    const head = `HTTP/1.1 200 Fine\r\nServer:x\r\nX-Y: a b \r\nx-y:c\r\n`;
    const parts: (string | Uint8Array)[] = [head];
    if (kind === "length") parts.push(`Content-Length: ${body.length}\r\n\r\n`, body);
    else if (kind === "close") parts.push("\r\n", body);
    else {
      parts.push("Transfer-Encoding: Chunked\r\n\r\n");
      for (let at = 0; at < body.length;) {
        const size = 1 + source.below(pick(10, 1000, 100_000));
        const piece = body.subarray(at, at + size);
        parts.push(`${piece.length.toString(16)}${pick("", ";a=b", " ")}\r\n`, piece, "\r\n");
        at += piece.length;
      }
      parts.push(`0\r\n${pick("", "x: y\r\n")}\r\n`);
    }
    const whole = concat(parts.map((part) => typeof part === "string" ? encoder.encode(part) : part));
    const cut: (Uint8Array | null)[] = [];
    for (let at = 0; at < whole.length;) {
      const size = 1 + source.below(pick(3, 100, 100_000));
      if (cut.length > 40) cut.push(whole.subarray(at));
      else cut.push(whole.subarray(at, at + size));
      at = cut.length > 40 ? whole.length : at + size;
    }
    if (kind === "close") cut.push(null);
    return { body, kind, cut };
  });
  await using server = new RawServer((request) => cases[request].cut);
  using fetch = client(server);
  for (const { body } of cases) {
    const answer = await fetch(server.url, {});
    deepStrictEqual([answer.status, answer.statusText, answer.ok], [200, "Fine", true]);
    strictEqual(answer.headers.get("X-Y"), "a b, c");
    sameBytes(await bytesOf(answer, pick<"whole" | "stream">("whole", "stream")), body);
  }
  strictEqual(server.connections, 1 + cases.slice(0, -1).filter(({ kind }) => kind === "close").length);
});

Deno.test("a request is what fetch would send", async () => {
  await using server = new RawServer(() => ["HTTP/1.1 204 No Content\r\n\r\n"]);
  using fetch = client(server);
  const put = { method: "PUT", headers: { "Content-Type": "a/b" }, body: new Uint8Array([1, 2, 3]) };
  for (const init of [{ headers: { "X-A": " b " } }, { method: "HEAD" }, put]) {
    const answer = await fetch(server.url, init);
    deepStrictEqual([answer.status, answer.body], [204, null]);
  }
  const common = `host: ${server.url.host}\r\naccept: */*\r\n`;
  const agent = `user-agent: ${navigator.userAgent}`;
  deepStrictEqual(server.heads, [
    `GET /x?y HTTP/1.1\r\n${common}${agent}\r\nx-a: b`,
    `HEAD /x?y HTTP/1.1\r\n${common}${agent}`,
    `PUT /x?y HTTP/1.1\r\n${common}content-type: a/b\r\n${agent}\r\ncontent-length: 3`,
  ]);
  deepStrictEqual(server.bodies.map((body) => [...body]), [[], [], [1, 2, 3]]);
  strictEqual(server.connections, 1);
  await rejects(fetch(server.url, { headers: { "x-a": "b\r\nx-c: d" } }), TypeError);
});

Deno.test("an answer that is not understood is left to fetch, and all that follows", async () => {
  const odd = [
    "HTTP/2 200\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\nabc",
    `HTTP/1.1 200 OK\r\nX: ${"a".repeat(70_000)}\r\n\r\nabc`,
    "\x15\x03\x03\x00\x02\x02\x46",
    "220 ftp.example.com\r\n\r\n",
  ];
  for (const answer of odd) {
    await using server = new RawServer(() => [answer, null]);
    const left: string[] = [];
    using fetch = makeHttp1Fetch(server.url, {
      connections: 1,
      rest: (url) => Promise.resolve(new Response(`${left.push(url.href)}`)),
    });
    for (const count of ["1", "2"]) {
      strictEqual(
        new TextDecoder().decode(await bytesOf(await fetch(server.url, {}))),
        count,
        answer.slice(0, 60),
      );
    }
    strictEqual(server.heads.length, 1);
  }
  await using server = new RawServer(() => [ok3]);
  using fetch = client(server);
  await rejects(fetch(server.url, { method: "POST" }), /left to fetch/);
});

Deno.test("lines that end with a line feed alone are not waited for: fetch understands them", async () => {
  // The connection stays open.
  await using server = new RawServer(() => ["HTTP/1.1 200 OK\nContent-", "Length: 3\n\nabc"]);
  using fetch = makeHttpFetch();
  for (let i = 0; i < 2; i++) {
    strictEqual(new TextDecoder().decode(await bytesOf(await fetch(server.url, {}))), "abc");
  }
  strictEqual(server.heads.length, 3);
});

Deno.test("no bytes are taken for another answer's", async () => {
  // More than was announced; a body that is not read; one that is read in part.
  await using server = new RawServer((request) => [
    request === 0
      ? `${ok3}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`
      : request === 1
      ? "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"
      : ok3,
    ...request === 1 ? [new Uint8Array(150_000), new Uint8Array(150_000)] : [],
  ]);
  using fetch = client(server);
  strictEqual((await bytesOf(await fetch(server.url, {}))).length, 3);
  await (await fetch(server.url, {})).body?.cancel();
  const reader = (await fetch(server.url, {})).body!.getReader();
  strictEqual((await reader.read()).value!.length, 3);
  await reader.cancel();
  strictEqual((await bytesOf(await fetch(server.url, {}), "stream")).length, 3);
  strictEqual(server.connections, 3);
});

Deno.test("what is cut off, or is no chunked encoding, is an error", async () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const bad = [
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    ...["", "3\r\nabc", "3\r\nabcX\r\n0\r\n\r\n", "x\r\n", "-1\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "\r\n"].map((
      text,
    ) => chunked + text),
    `${chunked}3\r\nabc\r\n0\r\n`,
    `${chunked}${"1".repeat(13)}\r\nabc`,
  ];
  for (const answer of bad) {
    for (const how of ["whole", "stream"] as const) {
      await using server = new RawServer(() => [answer, null]);
      using fetch = client(server);
      await rejects(async () => bytesOf(await fetch(server.url, {}), how), TypeError, answer);
    }
  }
  for (const answer of ["HTTP/1.1 200", ""]) {
    await using server = new RawServer(() => [answer, null]);
    using fetch = client(server);
    await rejects(fetch(server.url, {}), /closed before/);
    strictEqual(server.heads.length, 1);
  }
});

Deno.test("a body that failed once is never taken for a whole one", async () => {
  await using server = new RawServer(() => ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", null]);
  using fetch = client(server);
  const reader = (await fetch(server.url, {})).body!.getReader();
  strictEqual((await reader.read()).value!.length, 3);
  for (let times = 0; times < 3; times++) await rejects(reader.read(), /closed before/);
});

Deno.test("a connection that the server closed meanwhile is replaced, once", async () => {
  await using server = new RawServer((request) => request < 3 ? [ok3] : [null]);
  using fetch = client(server);
  await bytesOf(await fetch(server.url, {}));
  await using again = new RawServer(
    () => ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", null],
  );
  using closing = client(again);
  for (let i = 0; i < 3; i++) strictEqual((await bytesOf(await closing(again.url, {}))).length, 3);
  strictEqual(again.connections, 3);
  for (let i = 0; i < 2; i++) await bytesOf(await fetch(server.url, {}));
  // One on the old connection, and one on a new one.
  await rejects(fetch(server.url, {}), /closed before/);
  deepStrictEqual([server.heads.length, server.connections], [5, 2]);
});

Deno.test("aborting ends waiting for the answer and for its body, and nothing is left open", async () => {
  for (const pieces of [["HTTP/1.1 200 OK\r\n"], ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"]]) {
    await using server = new RawServer(() => pieces);
    using fetch = client(server);
    const stop = new AbortController();
    const asked = (async () => bytesOf(await fetch(server.url, { signal: stop.signal })))();
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await rejects(asked);
    await rejects(fetch(server.url, { signal: stop.signal }), /enough/);
  }
  await using server = new RawServer(() => [ok3]);
  using fetch = client(server, { connections: 2 });
  const stop = new AbortController();
  await Promise.all(
    Array.from({ length: 6 }, async () => bytesOf(await fetch(server.url, { signal: stop.signal }))),
  );
  // Once all has come, aborting changes nothing.
  stop.abort();
  const before = server.connections;
  await Promise.all([1, 2].map(async () => bytesOf(await fetch(server.url, {}))));
  strictEqual(server.connections, before);
});

Deno.test("what a server answers before it has read an upload is heard", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(1000));
    await connection.write(
      encoder.encode("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    );
    await connection.closeWrite();
    // As nginx does, for a while.
    const buffer = new Uint8Array(1 << 20);
    while (await connection.read(buffer) !== null);
    connection.close();
  })();
  const url = new URL(`http://127.0.0.1:${listener.addr.port}/`);
  using fetch = makeHttp1Fetch(url, { connections: 1, rest });
  strictEqual((await fetch(url, { method: "PUT", body: new Uint8Array(8_000_000) })).status, 413);
  await serving;
});

Deno.test("where no connection can be made, fetch says why", async () => {
  using fetch = makeHttpFetch();
  await rejects(
    fetch(new URL(`http://127.0.0.1:${freePort()}/`), {}),
    (error) => ok(error instanceof TypeError && /refused/i.test(`${error.cause ?? error}`)) ?? true,
  );
});
