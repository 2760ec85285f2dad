/** Conditional requests and ranges, for chunks and indexes alike. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseRange } from "../../src/servers/byte_range.ts";
import { answerContent, contentOf } from "../../src/servers/content.ts";
import type { ServerResponse } from "../../src/servers/handler.ts";
import { requestOf } from "./requests.ts";

const TEXT = "0123456789";
const headers = {
  "content-type": "application/octet-stream",
  "accept-ranges": "bytes",
  "cache-control": "no-cache",
};

function get(
  asked: Readonly<Record<string, string>>,
  etag = '"tag"',
  method = "GET",
): ServerResponse & { text: string } {
  const content = contentOf(new TextEncoder().encode(TEXT), etag, headers);
  const response = answerContent(requestOf(method, "/x", { headers: asked }), content);
  return { ...response, text: new TextDecoder().decode(response.body) };
}

Deno.test("a plain GET gets everything, with its tag", () => {
  const { status, headers: got, text } = get({});
  deepStrictEqual([status, text, got], [200, TEXT, { ...headers, etag: '"tag"' }]);
});

Deno.test("the answer to HEAD has the length and no body", () => {
  const { status, body, length } = get({ range: "bytes=0-1" }, '"tag"', "HEAD");
  deepStrictEqual([status, body, length], [200, undefined, 10]);
});

Deno.test("a part is sent where one is asked for", () => {
  const cases: [range: string, status: number, text: string, contentRange?: string][] = [
    ["bytes=0-0", 206, "0", "bytes 0-0/10"],
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["BYTES=8-", 206, "89", "bytes 8-9/10"],
    ["bytes=8-1000", 206, "89", "bytes 8-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=-1000", 206, TEXT, "bytes 0-9/10"],
    ["bytes= 1-2 ", 206, "12", "bytes 1-2/10"],
    ["bytes=10-", 416, "", "bytes */10"],
    ["bytes=999999999999999-", 416, "", "bytes */10"],
    ["bytes=-0", 416, "", "bytes */10"],
    // Servers may ignore what they do not know, or what is not worth it.
    ["bytes=0-1,3-4", 200, TEXT],
    ["bytes=4-2", 200, TEXT],
    ["bytes=-", 200, TEXT],
    ["bytes=", 200, TEXT],
    ["bytes=a-b", 200, TEXT],
    ["bytes=0x1-2", 200, TEXT],
    ["bytes=1-99999999999999999999", 200, TEXT],
    ["chars=0-1", 200, TEXT],
    ["", 200, TEXT],
  ];
  for (const [range, status, text, contentRange] of cases) {
    const got = get({ range });
    deepStrictEqual(
      [got.status, got.text, got.headers["content-range"]],
      [status, text, contentRange],
      range,
    );
  }
});

Deno.test("an empty content has no parts", () => {
  strictEqual(parseRange("bytes=0-", 0), "none");
  strictEqual(parseRange("bytes=-1", 0), "none");
});

Deno.test("a client that has the content gets no body", () => {
  for (const known of ['"tag"', 'W/"tag"', "*", '"other", "tag"', ' W/"a" ,W/"tag" ']) {
    for (const etag of ['"tag"', 'W/"tag"']) {
      const { status, body, headers: got } = get({ "if-none-match": known, range: "bytes=0-1" }, etag);
      deepStrictEqual([status, body, got], [304, undefined, { "cache-control": "no-cache", etag }], known);
    }
  }
  for (const known of ['"other"', "tag", '"ta"', "", '"tag', '"*"']) {
    strictEqual(get({ "if-none-match": known }).status, 200, known);
  }
});

Deno.test("a part of something else is not sent", () => {
  const range = "bytes=0-1";
  strictEqual(get({ range, "if-range": '"tag"' }).status, 206);
  strictEqual(get({ range, "if-range": '"other"' }).status, 200);
  strictEqual(get({ range, "if-range": "Fri, 27 Nov 2026 04:00:00 GMT" }).status, 200);
  // Weak tags say that the bytes may differ.
  strictEqual(get({ range, "if-range": 'W/"tag"' }, 'W/"tag"').status, 200);
});

Deno.test("a content does not keep a larger buffer", () => {
  const buffer = new Uint8Array(1000);
  buffer.set([1, 2, 3], 500);
  const { bytes } = contentOf(buffer.subarray(500, 503), '"tag"', {});
  deepStrictEqual([...bytes], [1, 2, 3]);
  strictEqual(bytes.buffer.byteLength, 3);
});
