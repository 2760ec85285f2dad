/** The other threads of a server, as the main one sees them. */
import { DesyncError, errorFromWire } from "../../core/errors.ts";
import type { ListenAddress } from "../../deno/server/listen_address.ts";
import { warn } from "../output/output.ts";
import type { Reload, ServerFlags, ThreadOptions } from "./server_thread.ts";
import { SERVER_WORKER_NAME, SERVER_WORKER_URL } from "./server_worker.ts";
import type { NumberedOrder, Order, Report } from "./worker_messages.ts";

/** Throws `unsupported` and `usage` where threads cannot share what is listened at. */
export function checkWorkers(
  { workers, writable }: ServerFlags,
  kind: "chunks" | "indexes",
  addresses: readonly ListenAddress[],
): void {
  if (workers === 1) return;
  const invalid = (reason: string, hint: string) =>
    new DesyncError("usage", { problem: "Invalid", subject: "option --workers", reason, hint });
  if (kind === "indexes" && writable) {
    throw invalid("with --writable one thread replaces indexes, one after the other", "omit one of the two");
  }
  if (!addresses.some(({ kind }) => kind === "port")) {
    throw invalid("threads share only ports, and none is listened on", "name one with --listen");
  }
  if (Deno.build.os === "linux") return;
  const reason = "only Linux lets several threads listen on one port";
  throw new DesyncError("unsupported", { action: "use", subject: "--workers", reason });
}

interface Pending {
  readonly worker: Worker;
  readonly resolve: () => void;
  readonly reject: (error: DesyncError) => void;
}

/** Workers that serve as the main thread does. */
export class ServerWorkers implements Disposable {
  readonly #url: string;
  readonly #onLog: (lines: string) => void;
  /** Those that have not failed. */
  readonly #workers = new Set<Worker>();
  /** Orders that were not answered yet, by their numbers. */
  readonly #pending = new Map<number, Pending>();
  #nextNumber = 0;
  readonly #failed = Promise.withResolvers<never>();

  /** `onLog` gets what workers add to the log. `url` is their module: tests have their own. */
  constructor(onLog: (lines: string) => void, url: string = SERVER_WORKER_URL) {
    this.#onLog = onLog;
    this.#url = url;
    this.failed.catch(() => {});
  }

  /** Rejects with an `io` error when a worker ends by itself. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Starts so many, numbered from 1. Resolves when all listen. Throws what the first throws that cannot. */
  async start(count: number, options: ThreadOptions): Promise<void> {
    const started = Array.from({ length: count }, (_, i) => {
      const worker = this.#start();
      return this.#order(worker, { kind: "start", options: { ...options, thread: i + 1 } });
    });
    await Promise.all(started);
  }

  /** Throws what the first throws for which all stays as it is. */
  async reload(reload: Reload): Promise<void> {
    await Promise.all(this.#all({ kind: "reload", reload }));
  }

  /** Resolves when all have answered what was requested, and closed all. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#all({ kind: "stop" }));
  }

  /** Ends them, whatever they are doing. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }

  #all(order: Order): Promise<void>[] {
    return [...this.#workers].map((worker) => this.#order(worker, order));
  }

  #order(worker: Worker, order: Order): Promise<void> {
    return new Promise((resolve, reject) => {
      const number = this.#nextNumber++;
      this.#pending.set(number, { worker, resolve, reject });
      const numbered: NumberedOrder = { ...order, number };
      worker.postMessage(numbered);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#url, { type: "module", name: SERVER_WORKER_NAME });
    worker.onmessage = ({ data }: MessageEvent<Report>) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const reason = "a worker thread failed";
      const error = new DesyncError("io", { action: "go on", reason, hint: event.message });
      this.#workers.delete(worker);
      for (const pending of this.#pending.values()) if (pending.worker === worker) pending.reject(error);
      this.#failed.reject(error);
    };
    this.#workers.add(worker);
    return worker;
  }

  #receive(report: Report): void {
    if (report.kind === "warning") return warn(report.sentence);
    if (report.kind === "log") return this.#onLog(report.text);
    const pending = this.#pending.get(report.number);
    this.#pending.delete(report.number);
    if (report.kind === "done") pending?.resolve();
    else pending?.reject(errorFromWire(report.error));
  }
}
