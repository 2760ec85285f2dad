/** Requests that several callers make at the same time: each is made once. */
import { abortable } from "../core/abortable.ts";

/** A request, with the number of callers that wait for its answer. */
interface Shared<T> {
  readonly answer: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/** How a request is made. It ends when the signal is aborted. */
type Send<T> = (signal: AbortSignal) => Promise<T>;

/** Makes requests by name, each once for all concurrent callers. */
export class SharedRequests<T> {
  /** Those that callers may join. */
  readonly #open = new Map<string, Shared<T>>();
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #all = new Set<Promise<T>>();

  /**
   * The answer to the request of that name: of one that runs already, else of `send`. A caller whose signal is aborted
   * gets `interrupted`; the request itself is aborted when all of its callers have left.
   */
  async get(name: string, send: Send<T>, signal?: AbortSignal): Promise<T> {
    return await this.#join(name, this.#open.get(name) ?? this.#begin(name, send), signal);
  }

  /**
   * The same of a request that has not yet begun: it begins when the one that runs has ended. So the answer is never older
   * than this call.
   */
  async getNext(name: string, send: Send<T>, signal?: AbortSignal): Promise<T> {
    const running = this.#running.get(name);
    const sendLater: Send<T> = async (stop) => {
      await running?.catch(() => {});
      this.#open.delete(name);
      const answer = send(stop);
      this.#running.set(name, answer);
      try {
        return await answer;
      } finally {
        if (this.#running.get(name) === answer) this.#running.delete(name);
      }
    };
    return await this.#join(name, this.#open.get(name) ?? this.#begin(name, sendLater), signal);
  }

  /** Later callers get a new answer. */
  forget(name: string): void {
    this.#open.delete(name);
  }

  /** Resolves when no request runs. */
  async idle(): Promise<void> {
    while (this.#all.size > 0) await Promise.allSettled(this.#all);
  }

  #begin(name: string, send: Send<T>): Shared<T> {
    const stop = new AbortController();
    const shared = { answer: send(stop.signal), stop, waiting: 0 };
    this.#open.set(name, shared);
    this.#all.add(shared.answer);
    const end = () => {
      this.#all.delete(shared.answer);
      this.#close(name, shared);
    };
    shared.answer.then(end, end);
    return shared;
  }

  async #join(name: string, shared: Shared<T>, signal?: AbortSignal): Promise<T> {
    shared.waiting++;
    try {
      return await abortable(() => shared.answer, signal);
    } finally {
      shared.waiting--;
      if (shared.waiting === 0 && signal?.aborted) {
        this.#close(name, shared);
        shared.stop.abort();
      }
    }
  }

  /** From now on it is not joined. */
  #close(name: string, shared: Shared<T>): void {
    if (this.#open.get(name) === shared) this.#open.delete(name);
  }
}
