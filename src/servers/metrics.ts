/** What a server does, in numbers. Source of the text: Prometheus, "Exposition formats", text format 0.0.4. */
import type { ServerResponse } from "./handler.ts";
import { type ChunkCounts, FROM } from "./chunks/served_chunks.ts";

/** Upper bounds of the times that requests take, in seconds. */
const BOUNDS: readonly number[] = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];
/** Clients may send any method: those that no handler answers are counted together. */
const METHODS: readonly string[] = ["GET", "HEAD", "PUT", "OPTIONS", "other"];
/** Statuses are below this. */
const STATUSES = 600;

/** Where each number of a thread is. */
const IN_FLIGHT = 0;
const RECEIVED_BYTES = 1;
const SENT_BYTES = 2;
const SECONDS = 3;
/** Chunks by where they came from. */
const CHUNKS = 4;
/** For each bound the requests that took as long, but longer than the bound before; at last those that took longer. */
const TIMES = CHUNKS + Object.keys(FROM).length;
/** Requests by status and method. */
const REQUESTS = TIMES + BOUNDS.length + 1;
const LENGTH = REQUESTS + STATUSES * METHODS.length;

/** Bytes of memory for the numbers of a thread. */
export const METRICS_BYTES: number = LENGTH * Float64Array.BYTES_PER_ELEMENT;

/** Numbers that grow while a server runs. */
export class Metrics {
  /** Where chunks came from; for {@linkcode ServedChunks}. */
  readonly chunks: ChunkCounts;
  /** The numbers of all threads: each counts on its own. */
  readonly #all: Float64Array;
  readonly #own: Float64Array;

  /** Those of one of the threads that share the memory, {@linkcode METRICS_BYTES} for each. */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(METRICS_BYTES), thread = 0) {
    this.#all = new Float64Array(memory);
    this.#own = this.#all.subarray(thread * LENGTH, (thread + 1) * LENGTH);
    this.chunks = this.#own.subarray(CHUNKS, TIMES);
  }

  /** Counts a request that begins to be answered. */
  began(): void {
    this.#own[IN_FLIGHT]++;
  }

  /** Counts bytes of a request's body. */
  received(bytes: number): void {
    this.#own[RECEIVED_BYTES] += bytes;
  }

  /** Counts a request that was answered after so many milliseconds. */
  answered(method: string, { status, body }: ServerResponse, milliseconds: number): void {
    this.#own[IN_FLIGHT]--;
    const known = METHODS.indexOf(method);
    this.#own[REQUESTS + status * METHODS.length + (known < 0 ? METHODS.length - 1 : known)]++;
    if (body !== undefined && method !== "HEAD") this.#own[SENT_BYTES] += body.length;
    const seconds = milliseconds / 1000;
    this.#own[SECONDS] += seconds;
    let at = 0;
    while (at < BOUNDS.length && seconds > BOUNDS[at]) at++;
    this.#own[TIMES + at]++;
  }

  /** The numbers of all threads together, in Prometheus's text format. */
  text(): string {
    return [
      ...series("desync_http_requests_total", "counter", "Requests answered.", this.#requestLines()),
      ...this.#one("desync_http_requests_in_flight", "gauge", "Requests being answered.", IN_FLIGHT),
      ...this.#one("desync_http_request_bytes_total", "counter", "Bytes of bodies received.", RECEIVED_BYTES),
      ...this.#one("desync_http_response_bytes_total", "counter", "Bytes of bodies in answers.", SENT_BYTES),
      ...this.#histogram("desync_http_request_duration_seconds", "Time until the answer was ready."),
      ...series("desync_chunks_total", "counter", "Chunks by where they came from.", [
        ['{from="memory"}', this.#sum(CHUNKS + FROM.memory)],
        ['{from="cache"}', this.#sum(CHUNKS + FROM.cache)],
        ['{from="store"}', this.#sum(CHUNKS + FROM.stores)],
      ]),
      ...this.#one("desync_chunks_missing_total", "counter", "Chunks that no store had.", CHUNKS + FROM.none),
    ].join("\n");
  }

  #sum(place: number): number {
    let sum = 0;
    for (let at = place; at < this.#all.length; at += LENGTH) sum += this.#all[at];
    return sum;
  }

  #one(name: string, type: string, help: string, place: number): string[] {
    return series(name, type, help, [["", this.#sum(place)]]);
  }

  #requestLines(): [string, number][] {
    const lines: [string, number][] = [];
    for (const [i, method] of METHODS.entries()) {
      for (let status = 0; status < STATUSES; status++) {
        const count = this.#sum(REQUESTS + status * METHODS.length + i);
        if (count > 0) lines.push([`{method="${method}",status="${status}"}`, count]);
      }
    }
    return lines;
  }

  #histogram(name: string, help: string): string[] {
    let count = 0;
    const lines = [...BOUNDS, "+Inf"].map((bound, i): [string, number] => {
      count += this.#sum(TIMES + i);
      return [`_bucket{le="${bound}"}`, count];
    });
    return series(name, "histogram", help, [...lines, ["_sum", this.#sum(SECONDS)], ["_count", count]]);
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
