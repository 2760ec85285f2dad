/** Requests for several chunks at a time, to servers that answer them: `desync chunk-server` does. */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { BATCH_BYTES, BATCH_PATH, MOST_IN_BATCH } from "../../core/chunk_batch.ts";
import { abortable } from "../../core/abortable.ts";
import { DesyncError } from "../../core/errors.ts";
import { onAbort } from "../../core/on_abort.ts";
import { MAX_MESSAGE_BYTES, MessageDecoder } from "../../formats/protocol.ts";
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
export class HttpBatches {
  readonly #url: URL;
  readonly #redacted: string;
  readonly #options: HttpOptions;
  readonly #waiting: Wanted[] = [];
  #requests = 0;
  /** Whether the server answers them: known after the first. */
  #answers: boolean | undefined;

  /** `base` ends in a slash. */
  constructor(base: URL, redacted: string, options: HttpOptions) {
    this.#url = new URL(BATCH_PATH, base);
    this.#redacted = `${redacted}${BATCH_PATH}`;
    this.#options = options;
  }

  /** The chunk, `null` when it is not there, `undefined` when it has to be requested alone. */
  async get(id: ChunkId, signal: AbortSignal | undefined): Promise<Answer> {
    if (this.#answers === false) return undefined;
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
    const most = this.#answers === undefined ? 1 : MOST_REQUESTS;
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
      this.#answers = true;
      // The first alone when it was omitted: it does not fit into any answer. The others go first next time.
      const again = batch.slice(1).filter(({ id }) => !answers.has(id));
      for (const { id, resolve } of batch.filter((one) => !again.includes(one))) resolve(answers.get(id));
      this.#waiting.unshift(...again);
    } catch (error) {
      // Whatever is wrong, requests for single chunks show it.
      if (this.#answers === undefined && !stop.signal.aborted) {
        this.#answers = false;
        for (const { resolve } of [...batch, ...this.#waiting.splice(0)]) resolve(undefined);
      } else for (const { reject } of batch) reject(error);
    } finally {
      for (const one of forget) one();
      this.#requests--;
      this.#dispatch();
    }
  }

  async #request(ids: readonly ChunkId[], signal: AbortSignal): Promise<Map<ChunkId, StoredChunk | null>> {
    const body = new TextEncoder().encode(`${ids.join("\n")}\n`);
    const limit = BATCH_BYTES + MAX_MESSAGE_BYTES;
    const bytes = await httpPost(this.#url, this.#redacted, body, limit, this.#options, signal);
    const answers = new Map<ChunkId, StoredChunk | null>();
    const decoder = new MessageDecoder();
    decoder.push(bytes);
    for (let message = decoder.next(); message !== null; message = decoder.next()) {
      if (message.type === "missing") answers.set(message.id, null);
      else if (message.type === "chunk") {
        const form = message.compressed ? "compressed" : "plain";
        answers.set(message.id, { form, bytes: message.bytes });
      } else throw this.#wrong();
    }
    if (decoder.pending > 0) throw this.#wrong();
    return answers;
  }

  #wrong(): DesyncError {
    const reason = "the answer is not chunks";
    return new DesyncError("store", { action: "read", subject: this.#redacted, reason, retriable: true });
  }
}
