/** What servers say about what they refuse is passed on where it is a line for people, and nothing else is. */
import { doesNotMatch, ok, strictEqual } from "node:assert/strict";
import { makeHttpFetch } from "../../../src/deno/net/http_fetch.ts";
import { HttpStore } from "../../../src/stores/http/http_store.ts";
import { httpPart, httpStream } from "../../../src/stores/http/http_ranges.ts";
import type { HttpOptions } from "../../../src/stores/http/http_client.ts";
import { sample } from "../../servers/chunks/samples.ts";
import { type Answer, startFaultyServer } from "../../support/servers/faulty_server.ts";

const { id, compressed } = sample();
const headers = { "content-type": "text/plain; charset=utf-8" };
const SECRET = "s1gnature-t0ken";

/** What is made of the answer by each kind of request, behind the status. */
async function said(answer: Answer): Promise<string> {
  await using server = await startFaultyServer(
    {},
    () => ({ status: 403, reason: "Forbidden", headers, ...answer }),
  );
  const url = new URL(`${server.url}/?sig=${SECRET}`);
  using own = makeHttpFetch();
  const words = new Set<string>();
  for (const options of [{}, { fetch: own }] satisfies HttpOptions[]) {
    const store = new HttpStore(url.href, options);
    const requests = [
      () => store.get(id),
      () => store.put(compressed),
      () => httpPart(url, server.url, { start: 0, end: 10 }, options),
      () => httpStream(url, server.url, options).next(),
    ];
    for (const request of requests) {
      const error = await request().then(() => undefined, (error) => error);
      const [, status, more] = /HTTP status (\d+ \w+)(.*)$/s.exec(error.reason)!;
      strictEqual(status, "403 Forbidden");
      doesNotMatch(`${error.message} ${error.cause}`, new RegExp(SECRET));
      words.add(more);
    }
  }
  strictEqual(words.size, 1, [...words].join("\n"));
  return [...words][0];
}

const cases: [answer: Answer, words: string][] = [
  [{ body: "writing is not enabled\n" }, ": writing is not enabled"],
  [{ body: "Writing is not enabled.", length: "chunked" }, ": Writing is not enabled"],
  [{ body: "not \x1b[31mred\u202e\t at all" }, ": not [31mred at all"],
  [{ body: `no ${SECRET} and no http://h/x?y=${SECRET}, please` }, ": no … and no http://h/x please"],
  [{ body: new Uint8Array([0x66, 0xff, 0x6f]) }, ": f\ufffdo"],
  [{ body: "" }, ""],
  [{ body: "Forbidden" }, ""],
  [{ body: "403 forbidden\n" }, ""],
  [{ body: "one line\nand another" }, ""],
  [{ body: "x".repeat(401) }, ""],
  [{ body: "x".repeat(100_000), length: "close" }, ""],
  [{ body: "<html>no</html>", headers: { "content-type": "text/html" } }, ""],
  [{ body: "of no type", headers: {} }, ""],
  [{ body: "cut off", length: 100, cut: { after: 7, by: "close" } }, ""],
];

Deno.test("a line of plain text is quoted, without secrets and control characters; nothing else is", async () => {
  for (const [answer, words] of cases) {
    strictEqual(await said(answer), words, JSON.stringify(answer).slice(0, 200));
  }
});

Deno.test("words that do not come are not waited for", async () => {
  await using server = await startFaultyServer({}, () => ({
    status: 400,
    headers,
    body: "in a mom",
    length: 100,
    cut: { after: 8, by: "silence" },
  }));
  const error = await new HttpStore(server.url, { idleTimeoutMs: 30_000 }).put(compressed).catch((error) =>
    error
  );
  ok(error.reason.endsWith("HTTP status 400 Bad Request"), error.reason);
});
