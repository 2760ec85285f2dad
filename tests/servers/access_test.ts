/** Who may use a server: authorization, and pages of other origins. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { requireAuthorization } from "../../src/servers/authorization.ts";
import { withCors } from "../../src/servers/cors.ts";
import type { Handler } from "../../src/servers/handler.ts";
import { random } from "../support/random.ts";
import { ask } from "./requests.ts";

/** A handler that counts the requests that reach it. */
function counting(): { handler: Handler; reached: () => number } {
  let count = 0;
  const handler: Handler = () => {
    count++;
    return { status: 200, headers: { "x": "y" } };
  };
  return { handler, reached: () => count };
}

Deno.test("only the whole header is enough, and nothing else of the request is looked at", async () => {
  const expected = "Bearer s3cret-token";
  const { handler, reached } = counting();
  const guarded = requireAuthorization(handler, expected);
  const wrong = [
    undefined,
    "",
    " ",
    "s3cret-token",
    "Bearer",
    "Bearer s3cret-toke",
    "Bearer s3cret-token ",
    " Bearer s3cret-token",
    "Bearer s3cret-token, Bearer s3cret-token",
    "bearer s3cret-token",
    "Bearer S3cret-token",
    "Bearer s3cret-token\u0000",
    "Basic s3cret-token",
    "x".repeat(1 << 20),
  ];
  for (const authorization of wrong) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const { status, headers: got, text } = await ask(guarded, "GET", "/../../etc/passwd", { headers });
    strictEqual(status, 401, String(authorization).slice(0, 99));
    strictEqual(got["www-authenticate"], 'Bearer realm="desync"');
    strictEqual(got["cache-control"], "no-store");
    strictEqual(text, "unauthorized\n");
  }
  strictEqual(reached(), 0);
  strictEqual((await ask(guarded, "GET", "/", { headers: { authorization: expected } })).status, 200);
  strictEqual(reached(), 1);
});

Deno.test("no other text is taken for the expected one", async () => {
  const { handler } = counting();
  const source = random();
  const text = (length: number) => String.fromCharCode(...Array.from({ length }, () => 97 + source.below(2)));
  for (let i = 0; i < 2000; i++) {
    const [expected, given] = [text(1 + source.below(4)), text(source.below(5))];
    const { status } = await ask(requireAuthorization(handler, expected), "GET", "/", {
      headers: { authorization: given },
    });
    strictEqual(status, given === expected ? 200 : 401, `${given} for ${expected}`);
  }
});

Deno.test("a client is asked for the scheme that is expected", async () => {
  const { handler } = counting();
  for (
    const [expected, challenge] of [["Basic dTpw", "Basic"], ["Bearer x", "Bearer"], ["token", "Bearer"], [
      '"x" y',
      "Bearer",
    ]]
  ) {
    const { headers } = await ask(requireAuthorization(handler, expected), "GET", "/");
    strictEqual(headers["www-authenticate"], `${challenge} realm="desync"`);
  }
  throws(() => requireAuthorization(handler, ""), { code: "usage" });
});

const EXPOSED = "accept-ranges, content-length, content-range, etag";

Deno.test("pages of allowed origins may read, others may not", async () => {
  const { handler } = counting();
  const cors = withCors(handler, ["https://example.com", "http://localhost:8000"]);
  const get = async (origin?: string) =>
    (await ask(cors, "GET", "/", { headers: origin === undefined ? {} : { origin } })).headers;
  for (const origin of ["https://example.com", "http://localhost:8000"]) {
    deepStrictEqual(await get(origin), {
      x: "y",
      vary: "origin",
      "access-control-allow-origin": origin,
      "access-control-expose-headers": EXPOSED,
    });
  }
  for (
    const origin of [
      undefined,
      "https://example.com.evil.org",
      "http://example.com",
      "https://example.com:8443",
      "null",
      "*",
      "",
    ]
  ) {
    deepStrictEqual(await get(origin), { x: "y", vary: "origin" }, origin);
  }
  const all = withCors(handler, ["*"]);
  deepStrictEqual((await ask(all, "GET", "/", { headers: { origin: "null" } })).headers, {
    x: "y",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": EXPOSED,
  });
});

Deno.test("a browser that asks before it sends gets to know what it may send, without authorization", async () => {
  const { handler, reached } = counting();
  const cors = withCors(requireAuthorization(handler, "Bearer x"), ["https://example.com"]);
  const preflight = { origin: "https://example.com", "access-control-request-method": "PUT" };
  const { status, headers, body } = await ask(cors, "OPTIONS", "/", { headers: preflight });
  deepStrictEqual([status, body], [204, undefined]);
  strictEqual(headers["access-control-allow-origin"], "https://example.com");
  strictEqual(headers["access-control-allow-methods"], "GET, HEAD, POST, PUT");
  for (const name of ["authorization", "range", "if-none-match", "if-match", "content-type"]) {
    strictEqual(headers["access-control-allow-headers"].split(", ").includes(name), true, name);
  }
  const other = { ...preflight, origin: "https://evil.example" };
  const refused = await ask(cors, "OPTIONS", "/", { headers: other });
  deepStrictEqual([refused.status, refused.headers], [403, { vary: "origin" }]);
  // A page may see that it is not authorized.
  const unauthorized = await ask(cors, "GET", "/", { headers: { origin: "https://example.com" } });
  deepStrictEqual([unauthorized.status, unauthorized.headers["access-control-allow-origin"]], [
    401,
    "https://example.com",
  ]);
  // OPTIONS alone is a method like any other.
  strictEqual((await ask(cors, "OPTIONS", "/", { headers: { origin: "https://example.com" } })).status, 401);
  strictEqual(reached(), 0);
});
