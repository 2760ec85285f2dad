/** What a server reports about itself. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../src/core/errors.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { answerChunks } from "../../src/servers/chunks/chunk_handler.ts";
import { ChunkUploads } from "../../src/servers/chunks/chunk_uploads.ts";
import type { Handler } from "../../src/servers/handler.ts";
import { Metrics, METRICS_BYTES } from "../../src/servers/metrics.ts";
import { atMostOncePerSecond } from "../../src/servers/problems.ts";
import { FROM, ServedChunks } from "../../src/servers/chunks/served_chunks.ts";
import { answerHealth, answerMetrics, measured } from "../../src/servers/monitoring.ts";
import { RemoteStore } from "../support/servers/remote_store.ts";
import { sample } from "./chunks/samples.ts";
import { ask } from "./requests.ts";

/** The value of each line. */
function values(text: string): Map<string, number> {
  const lines = text.trimEnd().split("\n").filter((line) => !line.startsWith("#"));
  return new Map(lines.map((line) => {
    match(line, /^[a-z_]+(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? [0-9.e+-]+$/);
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

Deno.test("requests, bytes and chunks are counted", async () => {
  const metrics = new Metrics();
  const [store, cache] = [new RemoteStore(), new RemoteStore()];
  const [one, other] = [sample(1), sample(2)];
  await store.put(one.plain);
  await cache.put(other.plain);
  const chunks = new ServedChunks({ stores: [store], cache }, { codec: nativeCodec, counts: metrics.chunks });
  const uploads = new ChunkUploads(store, { codec: nativeCodec });
  const handler = measured(answerHealth(answerMetrics(answerChunks(chunks, { uploads }), metrics)), metrics);
  for (let i = 0; i < 3; i++) await ask(handler, "GET", one.path.plain);
  await ask(handler, "GET", other.path.plain);
  await ask(handler, "GET", sample(3).path.plain);
  await ask(handler, "HEAD", one.path.plain);
  await ask(handler, "PUT", one.path.plain, { body: one.bytes });
  for (const method of ["BREW", 'X"} 1\n', "DELETE"]) await ask(handler, method, one.path.plain);
  const { status, headers, text } = await ask(handler, "GET", "/-/metrics");
  strictEqual(status, 200);
  strictEqual(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const got = values(text);
  const expected = {
    'desync_http_requests_total{method="GET",status="200"}': 4,
    'desync_http_requests_total{method="GET",status="404"}': 1,
    'desync_http_requests_total{method="HEAD",status="200"}': 1,
    'desync_http_requests_total{method="PUT",status="200"}': 1,
    'desync_http_requests_total{method="other",status="405"}': 3,
    // This one.
    "desync_http_requests_in_flight": 1,
    "desync_http_request_bytes_total": 4000,
    'desync_chunks_total{from="memory"}': 3,
    'desync_chunks_total{from="cache"}': 1,
    'desync_chunks_total{from="store"}': 1,
    "desync_chunks_missing_total": 1,
    "desync_http_request_duration_seconds_count": 10,
    'desync_http_request_duration_seconds_bucket{le="+Inf"}': 10,
  };
  for (const [name, value] of Object.entries(expected)) strictEqual(got.get(name), value, name);
  const sent = got.get("desync_http_response_bytes_total")!;
  strictEqual(sent > 16_000 && sent < 17_000, true, String(sent));
  match(metrics.text(), /\ndesync_http_requests_in_flight 0\n/);
});

Deno.test("times are counted in the bucket that they fit in, and all larger ones", () => {
  const metrics = new Metrics();
  for (const milliseconds of [0.5, 0.6, 7, 61_000]) {
    metrics.answered("GET", { status: 200, headers: {} }, milliseconds);
  }
  const got = values(metrics.text());
  const bucket = (bound: string) => got.get(`desync_http_request_duration_seconds_bucket{le="${bound}"}`);
  deepStrictEqual(["0.0005", "0.001", "0.005", "0.01", "60", "+Inf"].map(bucket), [1, 2, 2, 3, 3, 4]);
  strictEqual(Math.round(1e4 * got.get("desync_http_request_duration_seconds_sum")!), 610_081);
});

Deno.test("the numbers of threads that share memory are added", () => {
  const memory = new SharedArrayBuffer(2 * METRICS_BYTES);
  const [one, other, all] = [new Metrics(memory, 0), new Metrics(memory, 1), new Metrics()];
  const count = (metrics: Metrics, status: number, milliseconds: number) => {
    for (const counting of [metrics, all]) {
      for (let i = 0; i < 3; i++) counting.began();
      counting.answered("GET", { status, headers: {}, body: new Uint8Array(status) }, milliseconds);
      counting.received(status);
      for (const from of Object.values(FROM)) counting.chunks[from] += status + from;
    }
  };
  count(one, 200, 1);
  count(one, 599, 2000);
  count(other, 200, 4);
  for (const metrics of [one, other]) strictEqual(metrics.text(), all.text());
  const got = values(all.text());
  strictEqual(got.get('desync_http_requests_total{method="GET",status="599"}'), 1);
  strictEqual(got.get("desync_http_requests_in_flight"), 6);
});

Deno.test("the health is answered for GET and HEAD at its path alone", async () => {
  const inside: Handler = () => ({ status: 418, headers: {} });
  const handler = answerHealth(inside);
  const { status, text, headers } = await ask(handler, "GET", "/-/health");
  deepStrictEqual([status, text, headers["cache-control"]], [200, "ok\n", "no-store"]);
  strictEqual((await ask(handler, "HEAD", "/-/health")).status, 200);
  for (
    const [method, path] of [["PUT", "/-/health"], ["GET", "/-/health/"], ["GET", "/-/metrics"], ["GET", "/"]]
  ) {
    strictEqual((await ask(handler, method, path)).status, 418, `${method} ${path}`);
  }
});

Deno.test("problems of one kind are reported once a second, with their number", () => {
  let now = 0;
  const reported: string[] = [];
  const report = atMostOncePerSecond(({ message }) => reported.push(message), () => now);
  const problem = (code: "timeout" | "store", store: string, chunk: number) =>
    report(new DesyncError(code, { subject: `chunk ${chunk}`, reason: "failed", store }));
  for (let i = 0; i < 10; i++) problem("timeout", "a", i);
  problem("store", "a", 0);
  problem("timeout", "b", 0);
  deepStrictEqual(reported.splice(0), ["chunk 0 failed", "chunk 0 failed", "chunk 0 failed"]);
  now = 999;
  problem("timeout", "a", 10);
  deepStrictEqual(reported, []);
  now = 1000;
  problem("timeout", "a", 11);
  deepStrictEqual(reported.splice(0), ["chunk 11 failed (10 more like it before)"]);
  now = 2000;
  problem("timeout", "a", 12);
  deepStrictEqual(reported, ["chunk 12 failed"]);
});
