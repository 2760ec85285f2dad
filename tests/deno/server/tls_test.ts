import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import http2 from "node:http2";
import https from "node:https";
import { Buffer } from "node:buffer";
import { HttpServer } from "../../../src/deno/server/http_server.ts";
import { parseListenAddress } from "../../../src/deno/server/listen_address.ts";
import { readServerTls } from "../../../src/deno/server/tls.ts";
import type { Handler } from "../../../src/servers/exchange.ts";
import { peers } from "../../support/peers.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { RawClient } from "../../support/servers/raw_client.ts";
import { tempDir } from "../../support/temp.ts";

const ignore = peers.openssl === undefined;

const toy: Handler = async ({ path, body }) => {
  let count = 0;
  for await (const piece of body) count += piece.length;
  return { status: 200, headers: {}, body: new TextEncoder().encode(`${path} ${count}`) };
};

interface ClientTls {
  ca: string;
  cert?: string;
  key?: string;
}

/** A request over HTTP/1.1. Resolves with the body, or the word for what went wrong. */
function askHttp1(url: string, tls: ClientTls): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const request = https.get(`${url}/a`, { ...tls, agent: false }, async (response) => {
    let text = "";
    for await (const piece of response) text += piece;
    resolve(text);
  });
  request.on("error", () => resolve("refused"));
  return promise;
}

/** The same over HTTP/2, with a body of that size and other headers. */
function askHttp2(
  url: string,
  tls: ClientTls,
  size: number,
  headers: Record<string, string> = {},
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const session = http2.connect(url, tls);
  session.on("error", () => resolve("refused"));
  const stream = session.request({ ":method": "PUT", ":path": "/b?c", ...headers });
  let text = "";
  stream.on("response", ({ ":status": status }) => text += status === 200 ? "" : `${status} `);
  stream.on("data", (piece: Uint8Array) => text += new TextDecoder().decode(piece));
  stream.on("end", () => resolve(text || "refused"));
  stream.on("error", () => resolve("refused"));
  stream.end(Buffer.alloc(size));
  return promise.finally(() => session.destroy());
}

Deno.test({
  name: "HTTP/1.1 and HTTP/2 over TLS, with and without certificates of clients",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = await makeCertificates(dir);
    const read = (path: string) => Deno.readTextFileSync(path);
    const address = [parseListenAddress("127.0.0.1:0")];
    const ca = read(made.ca);
    const own = { cert: read(made.clientCert), key: read(made.clientKey) };
    const flags = { cert: made.serverCert, key: made.serverKey, mutualTls: false, clientCa: undefined };
    {
      await using server = await HttpServer.listen(toy, address, { tls: readServerTls(flags) });
      const [url] = server.urls;
      match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
      strictEqual(await askHttp1(url, { ca }), "/a 0");
      strictEqual(await askHttp2(url, { ca }, 1_000_000), "/b 1000000");
      match(await askHttp2(url, { ca }, 0, { "x-flood": "x".repeat(20_000) }), /431/);
      using plain = new RawClient(Number(new URL(url).port), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      ok(!(await plain.closed).includes("200"));
      // Renewed: a certificate that is not for this host.
      server.renewTls({ ...own });
      strictEqual(await askHttp1(url, { ca }), "refused");
    }
    using others = tempDir();
    const strangers = await makeCertificates(others);
    const mutual = { ...flags, mutualTls: true, clientCa: made.ca };
    await using server = await HttpServer.listen(toy, address, { tls: readServerTls(mutual) });
    const [url] = server.urls;
    const stranger = { ca, cert: read(strangers.clientCert), key: read(strangers.clientKey) };
    for (const ask of [askHttp1, (url: string, tls: ClientTls) => askHttp2(url, tls, 0)]) {
      deepStrictEqual(
        await Promise.all([ask(url, { ca }), ask(url, stranger), ask(url, { ca, ...own })]).then((all) =>
          all.map((text) => text.replace(/^\/[ab] 0$/, "answered"))
        ),
        ["refused", "refused", "answered"],
      );
    }
  },
});

Deno.test({
  name: "a server over TLS stops when its requests are answered",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const { ca: caFile, serverCert: cert, serverKey: key } = await makeCertificates(dir);
    const ca = Deno.readTextFileSync(caFile);
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const waits: Handler = async () => {
      ask();
      await released;
      return { status: 200, headers: {}, body: new TextEncoder().encode("waited") };
    };
    const tls = readServerTls({ cert, key, mutualTls: false, clientCa: undefined });
    const server = await HttpServer.listen(waits, [parseListenAddress("127.0.0.1:0")], { tls });
    const answer = askHttp2(server.urls[0], { ca }, 0);
    await asked;
    const stopped = server.stop();
    await new Promise((resolve) => setTimeout(resolve, 700));
    release();
    strictEqual(await answer, "waited");
    await stopped;
  },
});

Deno.test({
  name: "options and files that make no safe server are refused",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const { ca, serverCert: cert, serverKey: key, clientKey } = await makeCertificates(dir);
    const none = { cert: undefined, key: undefined, mutualTls: false, clientCa: undefined };
    const both = { ...none, cert, key };
    strictEqual(readServerTls(none), undefined);
    const wrong: [Parameters<typeof readServerTls>[0], RegExp][] = [
      [{ ...none, cert }, /Missing option --key/],
      [{ ...none, key }, /Missing option --cert/],
      [{ ...none, mutualTls: true, clientCa: ca }, /Missing option --cert: --mutual-tls is for TLS/],
      [{ ...none, clientCa: ca }, /Missing option --cert: --client-ca is for TLS/],
      [{ ...both, mutualTls: true }, /Missing option --client-ca/],
      [{ ...both, clientCa: ca }, /Missing option --mutual-tls/],
      [{ ...both, key: clientKey }, /--cert \S+ with --key \S+: the key is not that of the certificate/],
      [{ ...both, cert: dir.path("none") }, /Cannot read the file \S+none of --cert: no such file/],
      [{ ...both, mutualTls: true, clientCa: key }, /--client-ca \S+: it holds a private key/],
    ];
    for (const [flags, says] of wrong) throws(() => readServerTls(flags), says);
  },
});
