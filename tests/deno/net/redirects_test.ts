/** Redirects, against real servers. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { makeHttpFetch } from "../../../src/deno/net/http_fetch.ts";
import { DesyncError } from "../../../src/core/errors.ts";
import { httpGet } from "../../../src/stores/http/http_client.ts";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { startNginx } from "../../support/servers/nginx.ts";
import { peers } from "../../support/peers.ts";
import { tempDir } from "../../support/temp.ts";
import { at, certificatesIn, ignore, read, redirectTls, testFetch } from "./tls_servers.ts";

const dir = tempDir();
Deno.test.afterAll(() => dir[Symbol.dispose]());
const made = await certificatesIn(dir);

// The first: Deno 2.6 goes on with the authorities that a program names first.
Deno.test({
  name:
    "the user's certificate goes to the host that was named, to none that it redirects to, and comes back",
  ignore: ignore || !peers.nginx,
  sanitizeResources: false,
  fn: async () => {
    using web = tempDir();
    web.write("web/x", "here");
    // Answers with 400 without a certificate.
    await using asks = await startNginx(web.path("web"), { https: true, clientCertificate: true });
    const { ca, clientCert, clientKey } = asks.certificates!;
    const tls = {
      caCert: web.write("both.pem", Deno.readTextFileSync(ca) + Deno.readTextFileSync(made.ca)),
      clientCert,
      clientKey,
    };
    const fetch = makeHttpFetch({ ...tls, connections: 1 });
    const get = async (url: string) => {
      const bytes = await httpGet(new URL(url), "it", 100, { fetch });
      return new TextDecoder().decode(bytes ?? undefined);
    };
    strictEqual(await get(`${asks.url}x`), "here");
    await using away = redirectTls(made, `${asks.url}x`);
    await rejects(get(at(away, "/")), { message: /HTTP status 400/ });
    strictEqual(await get(`${asks.url}x`), "here");
  },
});

testFetch("redirects: as far as they go, and passwords stay with the host that they are for", async () => {
  await using other = await startFaultyServer({ "/x": { body: "there" } });
  await using server = await startFaultyServer({
    "/near": { status: 307, headers: { location: "x" } },
    "/far": { status: 301, headers: { location: `${other.url}/x?sig=1` } },
    "/x": { body: "here" },
    "/loop": { status: 302, headers: { location: "/loop" } },
    "/ftp": { status: 302, headers: { location: "ftp://me:secret@host/x" } },
    "/bad": { status: 302, headers: { location: "http://[::1/" } },
    "/gone": { status: 302, headers: { location: "http://no.such.host.invalid/a?sig=secret" } },
    "/nowhere": { status: 302 },
  });
  const get = (path: string) =>
    httpGet(new URL(server.url + path), "it", 100, {
      headers: { authorization: "Bearer token" },
      fetch: makeHttpFetch({ connections: 1 }),
    });
  for (const [path, text] of [["/near", "here"], ["/far", "there"]]) {
    strictEqual(new TextDecoder().decode(await get(path) ?? undefined), text);
  }
  const sent = server.requests.map(({ headers }) => headers.get("authorization"));
  deepStrictEqual(sent, ["Bearer token", "Bearer token", "Bearer token"]);
  deepStrictEqual(other.requests.map(({ query, headers }) => [query, headers.get("authorization")]), [[
    "sig=1",
    null,
  ]]);
  for (
    const [path, message] of [
      ["/loop", /too many redirects/],
      ["/ftp", /redirects to ftp:\/\/host\/x, which/],
      ["/bad", /not a URL/],
      ["/gone", /it: redirected to http:\/\/no\.such\.host\.invalid\/a: the host name was not found/],
      ["/nowhere", /302/],
    ] as const
  ) {
    await rejects(get(path), (error) => {
      ok(error instanceof DesyncError && error.code === "store" && !error.retriable, String(error));
      ok(message.test(error.message) && !error.message.includes("secret"), error.message);
      return true;
    });
  }
});

testFetch("no redirect leads from https to http, also not for an index", async () => {
  await using plain = await startFaultyServer({ "/x": { body: "forged" } });
  await using server = redirectTls(made, `${plain.url}/x?sig=secret`);
  const message = /redirects to http:\/\/127\.0\.0\.1:\d+\/x, which is not encrypted/;
  await rejects(read(server.addr.port, { caCert: made.ca }), { code: "store", retriable: false, message });
  const args = ["list-chunks", "--ca-cert", made.ca, at(server, "/index")];
  assertFails(await runCli(args), 1, message);
  deepStrictEqual(plain.requests, []);
});
