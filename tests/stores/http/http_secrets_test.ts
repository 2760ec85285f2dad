/** What is secret in a location shows in no error, whatever a server does. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../../src/core/errors.ts";
import { HttpAccess } from "../../../src/stores/http/http_access.ts";
import { httpGet, httpSize } from "../../../src/stores/http/http_client.ts";
import { httpStream } from "../../../src/stores/http/http_ranges.ts";
import { parseHttpLocation } from "../../../src/stores/http/http_location.ts";
import { withoutSecretsOf } from "../../../src/stores/http/http_secrets.ts";
import { urlWithoutSecrets } from "../../../src/stores/redact.ts";
import { type Answer, startFaultyServer } from "../../support/servers/faulty_server.ts";

const secrets = ["S1GNATURE", "T0KEN", "PASSW0RD", "ELSEWHERE"];
/** With brackets and spaces, which end a URL in other texts. */
const query = "?sig=S1GNATURE(a)%20b&token=T0KEN)c";

/** The error, its causes and their stacks. */
function everything(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${error.stack}\n${everything(error.cause)}` : "";
}

const answers: Record<string, Answer> = {
  "/closed": { cut: { after: "request", by: "close" } },
  "/reset": { cut: { after: "request", by: "reset" } },
  "/silent": { cut: { after: "request", by: "silence" } },
  "/short": { body: "abc", cut: { after: 1, by: "close" } },
  "/echo": { status: 403, reason: `no sig=S1GNATURE(a) b for user:PASSW0RD` },
  "/partial": { status: 206 },
  "/gzip": { body: "abc", headers: { "content-encoding": "gzip" } },
  "/header": { headers: { "bad header": "x" } },
  "/loop": { status: 302, headers: { location: "/loop?sig=ELSEWHERE" } },
  "/ftp": { status: 302, headers: { location: "ftp://me:ELSEWHERE@host/?sig=ELSEWHERE" } },
  "/bad": { status: 302, headers: { location: "http://[::1/?sig=ELSEWHERE" } },
  "/gone": { status: 302, headers: { location: "http://no.such.host.invalid/a(b)?sig=ELSEWHERE" } },
};

for (const place of [...Object.keys(answers), "refused", "unknown host"]) {
  Deno.test(`nothing secret is in the errors of a request: ${place}`, async () => {
    await using server = await startFaultyServer(answers);
    const base = place === "unknown host"
      ? "http://no.such.host.invalid"
      // Nothing listens at the port of a server that has gone.
      : place === "refused"
      ? await unusedAddress()
      : server.url;
    const path = place.startsWith("/") ? place : "/x";
    const location = parseHttpLocation(`${base.replace("//", "//user:PASSW0RD@")}${path}${query}`);
    const { url, redacted, headers } = location;
    const options = { headers, idleTimeoutMs: 300, retry: { retries: 1, baseIntervalMs: 1 } };
    const requests: (() => Promise<unknown>)[] = [
      () => httpGet(url, redacted, 100, options),
      () => new Response(ReadableStream.from(httpStream(url, redacted, options))).bytes(),
      () => HttpAccess.open(location, options).then(() => httpGet(url, redacted, 100, options)),
      ...(path === "/short" || path === "/gzip" || path === "/partial"
        ? []
        : [() => httpSize(url, redacted, options)]),
    ];
    for (const request of requests) {
      await rejects(request, (error) => {
        ok(error instanceof DesyncError, String(error));
        const text = everything(error);
        deepStrictEqual(secrets.filter((secret) => text.includes(secret)), [], text);
        strictEqual(error.message.split(redacted).length, 2, `the URL once: ${error.message}`);
        return true;
      });
    }
  });
}

async function unusedAddress(): Promise<string> {
  await using server = await startFaultyServer({});
  return server.url;
}

Deno.test("secrets are removed from foreign texts, and nothing else", () => {
  const { url, redacted, headers } = parseHttpLocation(`https://user:PASSW0RD@host/x${query}&n=1`);
  const clean = (text: string) => withoutSecretsOf({ url, redacted, headers }, text);
  strictEqual(clean("status 41 of 1 x=1"), "status 41 of 1 x=1");
  for (
    const text of [
      url.href,
      "it was S1GNATURE(a) b",
      `it was ${headers.authorization}`,
      `it was ${btoa("user:PASSW0RD")}`,
      "it was user:PASSW0RD",
      "ftp://me:ELSEWHERE@host/x",
      "and (http://host/a(b)?x=ELSEWHERE): no",
    ]
  ) {
    ok(!/S1GNATURE|T0KEN|PASSW0RD|UEFTU1cwUkQ|ELSEWHERE/.test(clean(text)), clean(text));
  }
});

Deno.test("a location is shown without user, password and query", () => {
  for (
    const [location, shown] of [
      ["https://host/a@b", "https://host/a@b"],
      ["s3+https://key:secret@host/bucket?x=secret", "s3+https://host/bucket"],
      ["s3+https://key:sec/ret@host/bucket", "s3+https://host/bucket"],
      ["http://me:se?cret@host/x", "http://host/x"],
      ["http://me:se#cret@host/x", "http://host/x"],
      ["http://host/x#secret", "http://host/x"],
      ["http://ho st/x?sig=secret", "http://ho st/x"],
    ]
  ) {
    strictEqual(urlWithoutSecrets(location), shown);
  }
});
