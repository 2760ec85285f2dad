/** Requests that several callers make at the same time: each is made once. */
import { abortable } from "../core/abortable.ts";

/** A request that runs. */
interface Running<T> {
  readonly answer: Promise<T>;
  readonly stop: AbortController;
  /** Callers that wait for the answer. */
  waiting: number;
}

/** Makes requests, which have names, once for all who want the answer at that time. */
export class SharedRequests<T> {
  /** Those that callers may join. */
  readonly #running = new Map<string, Running<T>>();
  readonly #all = new Set<Running<T>>();

  /**
   * The answer to the request of that name: of one that runs already, else of `send`. A caller whose signal is aborted
   * gets `interrupted`; the request itself is aborted when all of its callers are gone.
   */
  async get(name: string, send: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const request = this.#running.get(name) ?? this.#begin(name, send);
    request.waiting++;
    try {
      return await abortable(() => request.answer, signal);
    } finally {
      request.waiting--;
      if (request.waiting === 0 && signal?.aborted) {
        this.#leave(name, request);
        request.stop.abort();
      }
    }
  }

  /** Who asks from now on gets a new answer. */
  forget(name: string): void {
    this.#running.delete(name);
  }

  /** Resolves when no request runs. */
  async idle(): Promise<void> {
    while (this.#all.size > 0) await Promise.allSettled([...this.#all].map(({ answer }) => answer));
  }

  #begin(name: string, send: (signal: AbortSignal) => Promise<T>): Running<T> {
    const stop = new AbortController();
    const request = { answer: send(stop.signal), stop, waiting: 0 };
    this.#running.set(name, request);
    this.#all.add(request);
    const end = () => {
      this.#all.delete(request);
      this.#leave(name, request);
    };
    request.answer.then(end, end);
    return request;
  }

  /** Nobody joins it any more. */
  #leave(name: string, request: Running<T>): void {
    if (this.#running.get(name) === request) this.#running.delete(name);
  }
}
