/** A thread of node, as the worker's module expects it. */
import { parentPort, workerData } from "node:worker_threads";

/** What a web worker's global object has. */
interface Scope {
  readonly name: unknown;
  readonly postMessage: unknown;
  onmessage?: (event: { data: unknown }) => void;
}

const scope: Scope = Object.assign(globalThis as object, {
  name: workerData,
  postMessage: (message: unknown, transfer: []) => parentPort!.postMessage(message, transfer),
});
await import("../src/workers/worker.ts");
parentPort!.on("message", (data) => scope.onmessage?.({ data }));
