/** Retries what failed in a way that may pass. This is the only retry loop. */
import type { ChunkId } from "../../core/chunk.ts";
import { DesyncError, interrupted } from "../../core/errors.ts";
import { onAbort } from "../../core/on_abort.ts";
import type { ChunkStore, StoreProperties } from "../store.ts";
import { type WrapRequest, wrapStore } from "./wrap.ts";

/** How often and how fast to retry. */
export interface RetryOptions {
  /** Tries after the first. */
  readonly retries: number;
  /** Wait before the first of them, in milliseconds; it grows by as much with each. */
  readonly baseIntervalMs: number;
}

/** What desync does: three tries in all, the second after 0.5 seconds, the third 1 second later. */
export const DEFAULT_RETRY: RetryOptions = { retries: 2, baseIntervalMs: 500 };

/** A server that wants fewer requests is asked for the same chunk no more than so often while it answers others. */
const MOST_REFUSALS = 30;

/** One try alone. */
export const NO_RETRY: RetryOptions = { retries: 0, baseIntervalMs: 0 };

/** A server that wants to be left alone for longer is asked all the same: the user is waiting. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/**
 * The result of `attempt`, which is made again while it throws a retriable {@linkcode DesyncError}. Where `cameFurther` says that
 * a failed try achieved something that the next need not do, it is counted as if it were the first.
 */
export async function retrying<T>(
  options: RetryOptions,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
  cameFurther: (error: DesyncError) => boolean = () => false,
): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof DesyncError) || !error.retriable || signal?.aborted) throw error;
      if (cameFurther(error)) tries = 1;
      if (tries > options.retries) throw givenUp(error, tries);
      const wanted = Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
      const interval = tries * options.baseIntervalMs * (1 + Math.random());
      // Many that were refused together would be refused together again.
      await wait(Math.max(interval, wanted), signal);
    }
  }
}

function givenUp(error: DesyncError, tries: number): DesyncError {
  if (tries === 1) return error;
  return error.withHint(`tried ${tries} times`, { retriable: false });
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      over();
      resolve();
    }, milliseconds);
    const over = onAbort(signal, () => {
      clearTimeout(timer);
      reject(interrupted());
    });
  });
}

/**
 * The store with failed requests retried, as far as a retry may help. It can do all that `store` can do.
 *
 * @param known what is known of the result besides the retries; default: what is known of `store`
 *
 * @example Patience with a store that is far away
 * ```ts
 * import { HttpStore, retryStore } from "@desync/desync";
 *
 * const far = new HttpStore("https://example.com/store/");
 * await using store = retryStore(far, { retries: 5, baseIntervalMs: 200 });
 * if (store.properties.location !== far.properties.location) throw new Error("messages name the store itself");
 * ```
 */
export function retryStore<S extends ChunkStore>(
  store: S,
  options: RetryOptions = DEFAULT_RETRY,
  known: StoreProperties = store.properties,
): S {
  let found = false;
  let answered = 0;
  const { location } = known;
  const wrap: WrapRequest = async (send, { id, signal }) => {
    let before = answered;
    let refusals = 0;
    /** A server that wants fewer requests, and answers others meanwhile, will get to this one. */
    const isInQueue = ({ retryAfterMs }: DesyncError): boolean => {
      const moves = answered > before;
      before = answered;
      return retryAfterMs !== undefined && moves && ++refusals < MOST_REFUSALS;
    };
    try {
      const answer = await retrying(options, signal, send, isInQueue);
      answered++;
      if (answer !== null && answer !== false) found = true;
      return answer;
    } catch (error) {
      throw explained(error, id, location, found || wasFoundByWorkers(known));
    }
  };
  const properties = {
    ...known,
    retry: options,
    get found() {
      return found || wasFoundByWorkers(known);
    },
  };
  return wrapStore(store, wrap, properties);
}

/** Whether workers have found a chunk in the store by their own requests. */
function wasFoundByWorkers({ batches, near }: StoreProperties): boolean {
  return batches?.found === true || near?.found === true;
}

/** The error with the chunk and the store that the request was about, and a hint when nothing was ever found there. */
function explained(error: unknown, chunk: ChunkId, store: string, found: boolean): unknown {
  if (!(error instanceof DesyncError) || error.code === "interrupted") return error;
  const { retriable, cause } = error;
  const wasRetried = retriable || (cause instanceof DesyncError && cause.retriable);
  if (!wasRetried || found) return error.with({ chunk, store });
  return error.withHint("no request to this store has succeeded: is its address right?", { chunk, store });
}
