/** Asks again when a store failed in a way that may pass. The only retry loop there is. */
import type { ChunkId, StoredChunk } from "../chunk.ts";
import { DesyncError, interrupted } from "../errors.ts";
import type { LimiterOptions } from "./limiter.ts";
import type { ChunkStore } from "./store.ts";

/** How often and how fast to ask again. */
export interface RetryOptions {
  /** Further tries after the first. */
  readonly retries: number;
  /** Wait before the first of them, in milliseconds; it grows by as much with each. */
  readonly baseIntervalMs: number;
}

/** What desync does: three tries in all, the second after 0.5 seconds, the third 1 second later. */
export const DEFAULT_RETRY: RetryOptions = { retries: 2, baseIntervalMs: 500 };

/** A server that wants to be left alone for longer is asked all the same: the user is waiting. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** The result of `attempt`, which is made again while it throws a retriable {@linkcode DesyncError}. */
export async function retrying<T>(
  options: RetryOptions,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof DesyncError) || !error.retriable || signal?.aborted) throw error;
      if (tries > options.retries) throw givenUp(error, tries);
      const wanted = Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
      await wait(Math.max(tries * options.baseIntervalMs, wanted), signal);
    }
  }
}

function givenUp(error: DesyncError, tries: number): DesyncError {
  if (tries === 1) return error;
  return new DesyncError(error.code, `${error.message} (tried ${tries} times)`, { cause: error });
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(interrupted());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * A store that is asked again when it fails in passing.
 *
 * @example Patience with a store that is far away
 * ```ts
 * import { HttpStore, RetryStore } from "@desync/desync";
 *
 * const far = new HttpStore("https://example.com/store/");
 * await using stack = new AsyncDisposableStack();
 * const store = stack.adopt(new RetryStore(far, { retries: 5, baseIntervalMs: 200 }), (store) => store.close());
 * if (store.location !== far.location) throw new Error("messages name the store itself");
 * ```
 */
export class RetryStore implements ChunkStore {
  readonly location: string;
  readonly limits?: LimiterOptions;
  readonly storedSize?: ChunkStore["storedSize"];
  readonly retry: RetryOptions;
  readonly #store: ChunkStore;
  #hasDelivered = false;

  /** Wraps `store`, which is closed with this one. */
  constructor(store: ChunkStore, options: RetryOptions = DEFAULT_RETRY) {
    this.location = store.location;
    this.limits = store.limits;
    this.#store = store;
    this.retry = options;
    if (store.storedSize !== undefined) {
      this.storedSize = (id, signal) => this.#ask(id, signal, () => store.storedSize!(id, signal));
    }
  }

  get hasDelivered(): boolean {
    return this.#hasDelivered;
  }

  get(id: ChunkId, signal?: AbortSignal): Promise<StoredChunk | null> {
    return this.#ask(id, signal, () => this.#store.get(id, signal));
  }

  has(id: ChunkId, signal?: AbortSignal): Promise<boolean> {
    return this.#ask(id, signal, () => this.#store.has(id, signal));
  }

  /** Errors say which chunk of which store was asked for, and when nothing was ever had there. */
  async #ask<T>(chunk: ChunkId, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    try {
      const result = await retrying(this.retry, signal, attempt);
      if (result !== null && result !== false) this.#hasDelivered = true;
      return result;
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
      const { code, retriable, cause } = error;
      const wasRetried = retriable || (cause instanceof DesyncError && cause.retriable);
      const help = wasRetried && !this.#hasDelivered
        ? "; no request to this store has succeeded: is its address right?"
        : "";
      throw new DesyncError(code, error.message + help, {
        cause: error,
        retriable,
        chunk,
        store: this.location,
      });
    }
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
