/** What a server does, in numbers. Source of the text: Prometheus, "Exposition formats", text format 0.0.4. */
import type { ServerResponse } from "./exchange.ts";
import { type ChunkCounts, chunkCounts } from "./chunks/served_chunks.ts";

/** Upper bounds of the times that requests take, in seconds. */
const BOUNDS: readonly number[] = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];
/** Clients may send any method: those that no handler answers are counted together. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "OPTIONS"]);

/** Numbers that grow while a server runs. */
export class Metrics {
  /** Where chunks came from; for {@linkcode ServedChunks}. */
  readonly chunks: ChunkCounts = chunkCounts();
  /** Requests that are being answered. */
  inFlight = 0;
  /** Bytes of the bodies of requests. */
  receivedBytes = 0;
  #sentBytes = 0;
  #seconds = 0;
  /** Requests by method and status. */
  readonly #requests = new Map<number, Map<string, number>>();
  /** For each bound the requests that took as long, but longer than the bound before; at last those that took longer. */
  readonly #times: number[] = Array.from({ length: BOUNDS.length + 1 }, () => 0);

  /** Counts a request that was answered after so many milliseconds. */
  answered(method: string, { status, body }: ServerResponse, milliseconds: number): void {
    let methods = this.#requests.get(status);
    if (methods === undefined) this.#requests.set(status, methods = new Map());
    const name = METHODS.has(method) ? method : "other";
    methods.set(name, (methods.get(name) ?? 0) + 1);
    if (body !== undefined && method !== "HEAD") this.#sentBytes += body.length;
    const seconds = milliseconds / 1000;
    this.#seconds += seconds;
    let at = 0;
    while (at < BOUNDS.length && seconds > BOUNDS[at]) at++;
    this.#times[at]++;
  }

  /** All numbers in Prometheus's text format. */
  text(): string {
    const { fromMemory, fromCache, fromStores, missing } = this.chunks;
    return [
      ...series("desync_http_requests_total", "counter", "Requests answered.", this.#requestLines()),
      ...series("desync_http_requests_in_flight", "gauge", "Requests being answered.", [["", this.inFlight]]),
      ...series("desync_http_request_bytes_total", "counter", "Bytes of bodies received.", [[
        "",
        this.receivedBytes,
      ]]),
      ...series("desync_http_response_bytes_total", "counter", "Bytes of bodies in answers.", [[
        "",
        this.#sentBytes,
      ]]),
      ...this.#histogram("desync_http_request_duration_seconds", "Time until the answer was ready."),
      ...series("desync_chunks_total", "counter", "Chunks by where they came from.", [
        ['{from="memory"}', fromMemory],
        ['{from="cache"}', fromCache],
        ['{from="store"}', fromStores],
      ]),
      ...series("desync_chunks_missing_total", "counter", "Chunks that no store had.", [["", missing]]),
    ].join("\n");
  }

  #requestLines(): [string, number][] {
    const lines: [string, number][] = [];
    for (const [status, methods] of this.#requests) {
      for (const [method, count] of methods) lines.push([`{method="${method}",status="${status}"}`, count]);
    }
    return lines.sort(([a], [b]) => a < b ? -1 : 1);
  }

  #histogram(name: string, help: string): string[] {
    let count = 0;
    const lines = this.#times.map((times, i): [string, number] => {
      count += times;
      return [`_bucket{le="${BOUNDS[i] ?? "+Inf"}"}`, count];
    });
    return series(name, "histogram", help, [...lines, ["_sum", this.#seconds], ["_count", count]]);
  }
}

function series(
  name: string,
  type: string,
  help: string,
  lines: readonly (readonly [string, number])[],
): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...lines.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}
