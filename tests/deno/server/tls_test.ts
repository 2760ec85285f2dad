import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import https from "node:https";
import { Buffer } from "node:buffer";
import { HttpServer } from "../../../src/deno/server/http_server.ts";
import { parseListenAddress } from "../../../src/deno/server/listen_address.ts";
import { readServerTls } from "../../../src/deno/server/tls.ts";
import type { Handler } from "../../../src/servers/handler.ts";
import { peers } from "../../support/peers.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { RawClient } from "../../support/servers/raw_client.ts";
import { tempDir } from "../../support/temp.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";

const ignore = peers.openssl === undefined || !canServe();

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

/** A request with a body of that size. Resolves with the body of the answer, or the word for what went wrong. */
function ask(url: string, tls: ClientTls, size = 0, headers: Record<string, string> = {}): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { ...tls, agent: false, method: "PUT", headers };
  const request = https.request(`${url}/a?b`, options, async (response) => {
    let text = response.statusCode === 200 ? "" : `${response.statusCode} `;
    for await (const piece of response) text += piece;
    resolve(text);
  });
  request.on("error", () => resolve("refused"));
  request.end(Buffer.alloc(size));
  return promise;
}

Deno.test({
  name: "requests over TLS, with and without certificates of clients",
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
      strictEqual(await ask(url, { ca }), "/a 0");
      strictEqual(await ask(url, { ca }, 1_000_000), "/a 1000000");
      match(await ask(url, { ca }, 0, { "x-flood": "x".repeat(20_000) }), /^431 |^refused$/);
      using plain = new RawClient(Number(new URL(url).port), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      ok(!(await plain.closed).includes("200"));
      // Renewed: a certificate that is not for this host.
      server.renewTls({ ...own });
      strictEqual(await ask(url, { ca }), "refused");
    }
    using others = tempDir();
    const strangers = await makeCertificates(others);
    const mutual = { ...flags, mutualTls: true, clientCa: made.ca };
    await using server = await HttpServer.listen(toy, address, { tls: readServerTls(mutual) });
    const [url] = server.urls;
    const stranger = { ca, cert: read(strangers.clientCert), key: read(strangers.clientKey) };
    const answers = await Promise.all([ask(url, { ca }), ask(url, stranger), ask(url, { ca, ...own })]);
    deepStrictEqual(answers, ["refused", "refused", "/a 0"]);
  },
});

Deno.test({
  name: "a server over TLS stops when its requests are answered",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const { ca: caFile, serverCert: cert, serverKey: key } = await makeCertificates(dir);
    const ca = Deno.readTextFileSync(caFile);
    const { promise: asked, resolve: begin } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const waits: Handler = async () => {
      begin();
      await released;
      return { status: 200, headers: {}, body: new TextEncoder().encode("waited") };
    };
    const tls = readServerTls({ cert, key, mutualTls: false, clientCa: undefined });
    const server = await HttpServer.listen(waits, [parseListenAddress("127.0.0.1:0")], { tls });
    const answer = ask(server.urls[0], { ca });
    await asked;
    const stopped = server.stop();
    await new Promise((resolve) => setTimeout(resolve, 700));
    release();
    strictEqual(await answer, "waited");
    await stopped;
  },
});

Deno.test({
  name: "clients that come and go, also in the middle of TLS, do not end the server",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const { ca, clientCert, serverCert: cert, serverKey: key } = await makeCertificates(dir);
    const tls = readServerTls({ cert, key, mutualTls: false, clientCa: undefined });
    await using server = await HttpServer.listen(toy, [parseListenAddress("127.0.0.1:0")], { tls });
    const [url] = server.urls;
    // Deno's client speaks HTTP/2 where it can.
    for (let turn = 0; turn < 100; turn++) {
      using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(ca)] });
      strictEqual(await (await fetch(`${url}/x`, { client })).text(), "/x 0");
      using stranger = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(clientCert)] });
      await rejects(fetch(url, { client: stranger }));
    }
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
      [{ ...both, key: clientKey }, /\S+ of --cert and \S+ of --key: the key is not that of the certificate/],
      [{ ...both, cert: dir.path("none") }, /Cannot read the file \S+none of --cert: no such file/],
      [{ ...both, mutualTls: true, clientCa: key }, /\S+ of --client-ca: it holds a private key/],
    ];
    for (const [flags, says] of wrong) throws(() => readServerTls(flags), says);
  },
});

Deno.test({
  name: "a client that does not finish its handshake keeps no server from stopping; a running request does",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = await makeCertificates(dir);
    const tls = readServerTls({
      cert: made.serverCert,
      key: made.serverKey,
      mutualTls: false,
      clientCa: undefined,
    });
    const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow: Handler = async () => {
      begun.resolve();
      await gate.promise;
      return { status: 200, headers: {}, body: new TextEncoder().encode("done") };
    };
    const limits = { headersMs: 600_000 };
    await using server = await HttpServer.listen(slow, [parseListenAddress("127.0.0.1:0")], { tls, limits });
    const [url] = server.urls;
    using silent = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
    const answer = ask(url, { ca: Deno.readTextFileSync(made.ca) });
    await begun.promise;
    const stopped = server.stop();
    const end = await silent.read(new Uint8Array(1)).catch(() => null);
    strictEqual(end, null);
    gate.resolve();
    strictEqual(await answer, "done");
    await stopped;
  },
});
