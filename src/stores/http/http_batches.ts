/** Requests for several chunks at a time, to servers that answer them: `desync chunk-server` does. */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { BATCH_PATH, MOST_IN_BATCH } from "../../core/chunk_batch.ts";
import { abortable } from "../../core/abortable.ts";
import { onAbort } from "../../core/on_abort.ts";
import type { BatchedStore, BatchRequest } from "../store.ts";
import { batchBody, LARGEST_ANSWER, parseBatch } from "./batch_answer.ts";
import { type HttpOptions, httpPost } from "./http_client.ts";

/** Requests at a time. */
const MOST_REQUESTS = 4;

/** What is known of a chunk then: `undefined` when it was not in the answer. */
type Answer = StoredChunk | null | undefined;

interface Wanted {
  readonly id: ChunkId;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** The requests to one store. */
export class HttpBatches implements BatchedStore {
  readonly request: BatchRequest;
  answers: boolean | undefined;
  found: boolean | undefined;
  readonly #options: HttpOptions;
  readonly #waiting: Wanted[] = [];
  #requests = 0;

  /** `base` ends in a slash. */
  constructor(base: URL, redacted: string, options: HttpOptions) {
    const { headers, idleTimeoutMs } = options;
    const { href: url } = new URL(BATCH_PATH, base);
    this.request = { url, redacted: `${redacted}${BATCH_PATH}`, headers, idleTimeoutMs };
    this.#options = options;
  }

  /** The chunk, `null` when it is not there, `undefined` when it has to be requested alone. */
  async get(id: ChunkId, signal: AbortSignal | undefined): Promise<Answer> {
    if (this.answers === false) return undefined;
    return await abortable(
      () =>
        new Promise<Answer>((resolve, reject) => {
          this.#waiting.push({ id, signal, resolve, reject });
          // Others may be wanted in the same breath.
          queueMicrotask(() => this.#dispatch());
        }),
      signal,
    );
  }

  #dispatch(): void {
    // The first shows whether there is an answer.
    const most = this.answers === undefined ? 1 : MOST_REQUESTS;
    while (this.#waiting.length > 0 && this.#requests < most) {
      const batch = this.#waiting.splice(0, MOST_IN_BATCH).filter(({ signal }) => !signal?.aborted);
      if (batch.length > 0) this.#send(batch);
    }
  }

  async #send(batch: readonly Wanted[]): Promise<void> {
    this.#requests++;
    const stop = new AbortController();
    let left = batch.length;
    const forget = batch.map(({ signal }) =>
      onAbort(signal, () => {
        if (--left === 0) stop.abort();
      })
    );
    try {
      const answers = await this.#request(batch.map(({ id }) => id), stop.signal);
      this.answers = true;
      // The first alone when it was omitted: it does not fit into any answer. The others go first next time.
      const again = batch.slice(1).filter(({ id }) => !answers.has(id));
      for (const { id, resolve } of batch.filter((one) => !again.includes(one))) resolve(answers.get(id));
      this.#waiting.unshift(...again);
    } catch (error) {
      // Whatever is wrong, requests for single chunks show it.
      if (this.answers === undefined && !stop.signal.aborted) {
        this.answers = false;
        for (const { resolve } of [...batch, ...this.#waiting.splice(0)]) resolve(undefined);
      } else for (const { reject } of batch) reject(error);
    } finally {
      for (const one of forget) one();
      this.#requests--;
      this.#dispatch();
    }
  }

  async #request(
    ids: readonly ChunkId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<ChunkId, StoredChunk | null>> {
    const { url, redacted } = this.request;
    const body = batchBody(ids);
    const answer = await httpPost(new URL(url), redacted, body, LARGEST_ANSWER, this.#options, signal);
    return parseBatch(answer, redacted);
  }
}
