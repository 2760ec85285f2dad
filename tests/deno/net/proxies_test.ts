/** Which proxy a request goes through: as Go's programs, such as desync, and curl read the variables. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { DesyncError } from "../../../src/core/errors.ts";
import { proxyFor } from "../../../src/deno/net/proxies.ts";
import { freePort } from "../../support/servers/ports.ts";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { peers } from "../../support/peers.ts";
import { runAny } from "../../support/process.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

function proxyOf(url: string, variables: Record<string, string>) {
  return proxyFor(new URL(url), (name) => variables[name] ?? "");
}

Deno.test("the variables for http and https, in either case, and for all", () => {
  const of = (url: string, variables: Record<string, string>) => proxyOf(url, variables)?.url;
  strictEqual(of("http://h/x", {}), undefined);
  strictEqual(of("http://h/x", { HTTP_PROXY: "http://p:1/" }), "http://p:1");
  strictEqual(of("http://h/x", { "http_proxy": "p:1" }), "http://p:1");
  strictEqual(of("https://h/x", { HTTP_PROXY: "http://p:1/" }), undefined);
  strictEqual(of("https://h/x", { "https_proxy": "https://p:1/", ALL_PROXY: "q:2" }), "https://p:1");
  strictEqual(of("https://h/x", { HTTPS_PROXY: " ", "all_proxy": "socks5h://p:1" }), "socks5h://p:1");
  strictEqual(of("http://h/x", { "http_proxy": "[::1]:3128" }), "http://[::1]:3128");
  deepStrictEqual(proxyOf("http://h/x", { HTTP_PROXY: "http://me:p%40s%2F%@p:1" }), {
    url: "http://p:1",
    basicAuth: { username: "me", password: "p%40s%2F%" },
  });
  deepStrictEqual(proxyOf("http://h/x", { HTTP_PROXY: "me:p%40s@p:1" }), {
    url: "http://p:1",
    basicAuth: { username: "me", password: "p@s" },
  });
});

Deno.test("a proxy that cannot be used is an error that names the variable, and no password", () => {
  for (
    const proxy of [
      "socks4://me:secret@p:1",
      "http://me:secret@p:99999",
      "http://",
      "file:///x",
      "me:se cret@p:x",
    ]
  ) {
    throws(() => proxyOf("https://h/", { HTTPS_PROXY: proxy }), (error) => {
      ok(error instanceof DesyncError && error.code === "usage");
      ok(error.message.includes("HTTPS_PROXY") && !/se ?cret/.test(error.message), error.message);
      return true;
    });
    // It is not asked where it is not needed.
    strictEqual(proxyOf("http://h/", { HTTPS_PROXY: proxy }), undefined);
    strictEqual(proxyOf("https://h/", { HTTPS_PROXY: proxy, NO_PROXY: "h" }), undefined);
  }
});

const direct: [noProxy: string, url: string, isDirect: boolean][] = [
  ["*", "http://store.example/", true],
  ["a.example, store.example", "http://store.example/", true],
  ["a.example store.example", "http://store.example/", true],
  ["STORE.example", "http://store.EXAMPLE/", true],
  ["store.example", "http://a.store.example/", true],
  ["store.example", "http://mystore.example/", false],
  ["store.example", "http://example/", false],
  [".store.example", "http://a.store.example/", true],
  [".store.example", "http://store.example/", false],
  ["*.store.example", "http://a.store.example/", true],
  ["*.store.example", "http://store.example/", false],
  ["store.example:80", "http://store.example/", true],
  ["store.example:80", "http://store.example:8080/", false],
  ["store.example:8080", "http://store.example/", false],
  ["store.example:8080", "http://a.store.example:8080/", true],
  ["store.example:443", "https://store.example/", true],
  ["store.example.", "http://example/", false],
  ["192.0.2.7", "http://192.0.2.7/", true],
  ["192.0.2.7:80", "http://192.0.2.7/", true],
  ["192.0.2.7:81", "http://192.0.2.7/", false],
  ["192.0.2.7", "http://192.0.2.70/", false],
  ["192.0.2.0/24", "http://192.0.2.7:8080/", true],
  ["192.0.2.0/24", "http://192.0.3.7/", false],
  ["192.0.2.0/99", "http://192.0.2.7/", false],
  ["192.0.2", "http://192.0.2.7/", false],
  ["2001:db8::1", "http://[2001:db8::1]/", true],
  ["2001:db8:0:0::1", "http://[2001:db8::1]/", true],
  ["[2001:db8::1]", "http://[2001:db8::1]/", true],
  ["[2001:db8::1]:80", "http://[2001:db8::1]/", true],
  ["[2001:db8::1]:81", "http://[2001:db8::1]/", false],
  ["2001:db8::/32", "http://[2001:db8::1]/", true],
  ["2001:db8::/32", "http://[2001:db9::1]/", false],
  ["münchen.example", "http://xn--mnchen-3ya.example/", true],
  [":80", "http://store.example/", false],
  [",,", "http://store.example/", false],
  ["", "http://localhost:1/", true],
  ["", "http://127.9.9.9/", true],
  ["", "http://[::1]/", true],
];
for (const [noProxy, url, isDirect] of direct) {
  Deno.test(`NO_PROXY="${noProxy}": ${url} is reached ${isDirect ? "directly" : "by the proxy"}`, () => {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      const proxy = proxyOf(url, { HTTP_PROXY: "http://p:1", HTTPS_PROXY: "http://p:1", [name]: noProxy });
      strictEqual(proxy === undefined, isDirect);
    }
  });
}

inTurn()("requests go through the proxy or not, as desync's do", async () => {
  const cases: [Record<string, string>, url: string, byProxy: boolean][] = [
    [{}, "http://store.invalid/x.caibx", true],
    [{ NO_PROXY: "store.invalid:80" }, "http://store.invalid/x.caibx", false],
    [{ "no_proxy": "store.invalid:81" }, "http://store.invalid/x.caibx", true],
    [{ NO_PROXY: ".store.invalid" }, "http://store.invalid/x.caibx", true],
    [{ NO_PROXY: "*.store.invalid" }, "http://a.store.invalid/x.caibx", false],
  ];
  for (const [variables, url, byProxy] of cases) {
    for (const peer of [undefined, ...(peers.desync === undefined ? [] : [peers.desync])]) {
      await using server = await startFaultyServer({}, () => ({ status: 404 }));
      const proxy = server.url.replace("//", "//me:p%40ss@");
      const env = { HTTP_PROXY: "", "http_proxy": proxy, NO_PROXY: "", "no_proxy": "", ...variables };
      const args = ["list-chunks", "-e", "1", url];
      const { code } = await (peer === undefined ? runCli(args, { env }) : runAny(peer, args, { env }));
      strictEqual(code, 1);
      deepStrictEqual(server.requests.map(({ path }) => path), byProxy ? [url] : [], `${peer} ${url}`);
      for (const { headers } of server.requests) {
        strictEqual(headers.get("proxy-authorization"), `Basic ${btoa("me:p@ss")}`);
      }
    }
  }
});

Deno.test("a variable that names no usable proxy ends the command before a request", async () => {
  const env = { HTTP_PROXY: "socks4://me:secret@host:1", NO_PROXY: "" };
  const result = await runCli(["list-chunks", "http://store.invalid/x.caibx"], { env });
  assertFails(result, 2, "socks4://host:1", "HTTP_PROXY", "socks5");
  ok(!result.stderr.includes("secret"));
});

Deno.test("an error of a proxy names it, without its password", async () => {
  for (const [proxy, why] of [[`127.0.0.1:${freePort()}`, "refused"], ["no.invalid:1", ""]]) {
    const env = { HTTP_PROXY: `http://me:secret@${proxy}`, NO_PROXY: "", "no_proxy": "" };
    const result = await runCli(["list-chunks", "-e", "1", "http://store.invalid/x.caibx"], { env });
    assertFails(result, 1, `x.caibx: through the proxy http://${proxy}: `, why);
    ok(!result.stderr.includes("secret"), result.stderr);
  }
});
