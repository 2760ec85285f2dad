/** Heads of HTTP answers. */
import { ok } from "node:assert/strict";
import { bodyEnd, parseAnswerHead } from "../../src/deno/net/http1/answer_head.ts";
import { splitLines, type Target, words } from "../target.ts";

export const httpHead: Target = {
  name: "http_head",
  codes: [],
  words: words(
    "HTTP/1.1 200 OK",
    "HTTP/1.0 ",
    "\r\n",
    "Content-Length: ",
    "Transfer-Encoding: chunked",
    "Content-Encoding: gzip",
    "Connection: close",
    "keep-alive, close",
    ": ",
    " folded",
    "\t",
    "\0",
  ),
  seeds: () =>
    words(
      'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: application/octet-stream\r\nContent-Length: 123\r\nETag: "a"',
      "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive",
      "HTTP/1.0 304\r\nDate: x\r\nConnection: close",
    ),
  split: splitLines,
  check(input) {
    const head = parseAnswerHead(new TextDecoder("latin1").decode(input));
    if (head === undefined) return "not understood";
    ok(head.status >= 200 && head.status <= 999);
    for (const [name, value] of head.headers) ok(/^[^\s:]+$/.test(name) && !/[\r\n\0]/.test(name + value));
    const end = bodyEnd(head, "GET");
    ok(typeof end !== "number" || (Number.isSafeInteger(end) && end >= 0));
    return `${head.stays} ${typeof end === "number" ? end > 9 : end}`;
  },
};
