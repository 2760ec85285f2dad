/** For operators: the health of a server, and its metrics. */
import type { Handler, ServerRequest } from "./handler.ts";
import type { Metrics } from "./metrics.ts";
import { plainAnswer } from "./statuses.ts";

/** The handler with every request counted. */
export function measured(handler: Handler, metrics: Metrics): Handler {
  return (request) => {
    const { method } = request;
    const began = performance.now();
    metrics.began();
    const answer = handler(method === "PUT" ? withCountedBody(request, metrics) : request);
    if (answer instanceof Promise) {
      return answer.then((response) => {
        metrics.answered(method, response, performance.now() - began);
        return response;
      });
    }
    metrics.answered(method, answer, performance.now() - began);
    return answer;
  };
}

function withCountedBody(
  { method, path, header, body, signal }: ServerRequest,
  metrics: Metrics,
): ServerRequest {
  return { method, path, header, body: counted(body, metrics), signal };
}

async function* counted(body: AsyncIterable<Uint8Array>, metrics: Metrics): AsyncGenerator<Uint8Array, void> {
  for await (const piece of body) {
    metrics.received(piece.length);
    yield piece;
  }
}

/** The handler that also answers `/-/health`, which says that the server runs. Put it outside authorization. */
export function answerHealth(handler: Handler): Handler {
  return (request) => isRead(request, "/-/health") ? plainAnswer(200, "ok") : handler(request);
}

/** The handler that also answers `/-/metrics`, in Prometheus's text format. */
export function answerMetrics(handler: Handler, metrics: Metrics): Handler {
  const type = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
  return (request) =>
    isRead(request, "/-/metrics") ? plainAnswer(200, metrics.text(), type) : handler(request);
}

function isRead({ method, path }: ServerRequest, wanted: string): boolean {
  return path === wanted && (method === "GET" || method === "HEAD");
}
