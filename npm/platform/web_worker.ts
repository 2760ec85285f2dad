/** Web workers, as far as they are used, by node's threads. `worker.ts` is the other end. */
import { type TransferListItem, Worker as Thread } from "node:worker_threads";

/** A thread that runs a module. */
export class WebWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onerror: ((event: { readonly message: string; preventDefault(): void }) => void) | null = null;
  readonly #thread: Thread;

  constructor(url: string, { name }: { readonly name: string }) {
    this.#thread = new Thread(new URL(url), { name, workerData: name });
    this.#thread.on("message", (data: unknown) => this.onmessage?.({ data }));
    this.#thread.on(
      "error",
      (error: Error) => this.onerror?.({ message: error.message, preventDefault: () => {} }),
    );
  }

  postMessage(message: unknown, transfer: readonly TransferListItem[]): void {
    this.#thread.postMessage(message, transfer);
  }

  terminate(): void {
    this.#thread.terminate();
  }
}
