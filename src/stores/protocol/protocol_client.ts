/** One session of the casync protocol as its client: many concurrent requests, answers matched by their ids. */
import { type ChunkId, maxStoredSize, type StoredChunk } from "../../core/chunk.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import {
  encodeMessage,
  type Message,
  MessageDecoder,
  SERVES_CHUNKS,
  WANTS_CHUNKS,
} from "../../formats/protocol.ts";
import { IdleWatch } from "../http/idle_watch.ts";
import { beginningOf, wordsInstead } from "./words_instead.ts";

/** The two directions of a connection, and what may be learnt when it breaks. */
export interface Connection {
  /** What the other end sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What it is sent. */
  readonly writable: WritableStream<Uint8Array>;
  /** Set where bytes have left the program when writing them resolves: nothing looks at them any more. */
  readonly writesThrough?: boolean;
  /** Why it ended, as far as is known: the remote's last words, or a program's status. Ends it if it has not. */
  diagnose(): Promise<string>;
  /** Ends it. */
  close(): Promise<void>;
}

/** How a session is run. */
export interface SessionOptions {
  /** What the store is called in messages. */
  readonly location: string;
  /**
   * The session fails when requests are waiting and nothing, or less than 100 bytes a second, arrives for so long, in
   * milliseconds. Default: one minute.
   */
  readonly idleTimeoutMs?: number;
  /** No chunk is larger, in bytes uncompressed (an index says so). Default: what a message of the protocol can hold. */
  readonly maxChunkSize?: number;
}

/** One who waits for a chunk. */
type Waiter = PromiseWithResolvers<StoredChunk | null>;

/** A session that is open until it fails or is closed. */
export class ProtocolClient {
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder: MessageDecoder;
  /** Pending requests: all callers for the same chunk share one. */
  readonly #pending = new Map<ChunkId, Waiter[]>();
  /** It is over; why may not be known yet. */
  #failing = false;
  #failure: DesyncError | undefined;
  #closing = false;
  /** Pauses while nothing is due. */
  readonly #watch: IdleWatch;
  /** What came before the first message, for the error if it is not one. */
  #seen = "";
  readonly #finish: () => void;
  /** Resolves when the session has ended, whatever the reason. */
  readonly finished: Promise<void>;

  private constructor(connection: Connection, options: SessionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#writer = connection.writable.getWriter();
    this.#reader = connection.readable.getReader();
    const { maxChunkSize } = options;
    this.#decoder = new MessageDecoder({
      maxChunkBytes: maxChunkSize === undefined ? undefined : maxStoredSize(maxChunkSize),
    });
    this.#watch = new IdleWatch(options.idleTimeoutMs);
    this.#watch.signal.addEventListener("abort", () => this.#reader.cancel().catch(() => {}));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
  }

  /**
   * Exchanges greetings, until `signal` ends that. Throws `protocol`, `store` or `timeout` when the other end is no store
   * that can be read.
   */
  static async open(
    connection: Connection,
    options: SessionOptions,
    signal?: AbortSignal,
  ): Promise<ProtocolClient> {
    const client = new ProtocolClient(connection, options);
    const giveUp = () => client.#letGo();
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      await client.#greet();
    } catch (error) {
      throw await client.#fail(error, false);
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
    client.#listen();
    return client;
  }

  /** Requests that wait for an answer. */
  get load(): number {
    return this.#pending.size;
  }

  /** Whether it cannot be used any more. */
  get ended(): boolean {
    return this.#failing || this.#closing;
  }

  /** The chunk as the other end holds it, `null` when it is missing there. */
  get(id: ChunkId): Promise<StoredChunk | null> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closing) return Promise.reject(this.#closed());
    const waiter: Waiter = Promise.withResolvers();
    const waiters = this.#pending.get(id);
    if (waiters === undefined) {
      this.#pending.set(id, [waiter]);
      this.#send({ type: "request", highPriority: false, ids: [id] });
      if (this.#pending.size === 1) this.#watch.touch();
    } else {
      waiters.push(waiter);
    }
    return waiter.promise;
  }

  /** Sends GOODBYE and ends the connection. Pending requests fail. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#watch.stop();
    this.#rejectAll(this.#closed());
    if (this.#failure === undefined) {
      this.#send({ type: "goodbye" });
      // Not waited for: the other end may have stopped reading.
      this.#writer.close().catch(() => {});
    }
    await this.#connection.close();
    this.#letGo();
  }

  /** Failing to send shows as the end of what is received, which says more. */
  #send(message: Message): void {
    this.#writer.write(encodeMessage(message)).catch(() => {});
  }

  async #greet(): Promise<void> {
    this.#send({ type: "hello", flags: WANTS_CHUNKS });
    this.#watch.touch();
    let message: Message | null;
    try {
      message = await this.#receive(true);
    } catch (error) {
      throw wordsInstead(this.#seen, "the casync protocol", error);
    }
    this.#watch.pause();
    if (message === null) {
      throw new DesyncError("store", { reason: "the connection ended before a greeting" });
    }
    if (message.type === "abort") throw aborted(message.reason);
    if (message.type !== "hello") {
      throw new DesyncError("protocol", { reason: `it began with ${message.type}, not with hello` });
    }
    if ((message.flags & SERVES_CHUNKS) === 0n) {
      throw new DesyncError("store", { reason: "it has no readable store" });
    }
  }

  async #listen(): Promise<void> {
    try {
      for (let message = await this.#receive(); message !== null; message = await this.#receive()) {
        if (!this.#closing) this.#handle(message);
      }
      if (!this.#closing) throw new DesyncError("store", { reason: "the connection ended", retriable: true });
    } catch (error) {
      if (!this.#closing) await this.#fail(error, true);
    } finally {
      this.#finish();
    }
  }

  #handle(message: Message): void {
    switch (message.type) {
      case "chunk":
        return this.#settle(message.id, {
          form: message.compressed ? "compressed" : "plain",
          bytes: message.bytes,
        });
      case "missing":
        return this.#settle(message.id, null);
      case "abort":
        throw aborted(message.reason);
      case "goodbye":
        throw new DesyncError("store", { reason: "the server closed the session", retriable: true });
      default:
        throw new DesyncError("protocol", { reason: `it sent ${message.type}, which was not requested` });
    }
  }

  #settle(id: ChunkId, chunk: StoredChunk | null): void {
    const waiters = this.#pending.get(id);
    if (waiters === undefined) {
      throw new DesyncError("protocol", { reason: `it sent chunk ${id}, which was not requested` });
    }
    this.#pending.delete(id);
    // The caller may change the bytes.
    waiters.forEach(({ resolve }, i) => {
      resolve(chunk === null || i === 0 ? chunk : { form: chunk.form, bytes: chunk.bytes.slice() });
    });
    // A new request does not excuse a silent host; an answer does.
    this.#watch.touch();
    if (this.#pending.size === 0) this.#watch.pause();
  }

  /** The next message, `null` at the end. */
  async #receive(first = false): Promise<Message | null> {
    while (true) {
      const message = this.#decoder.next();
      if (message !== null) return message;
      const { value } = await this.#reader.read();
      if (value === undefined) {
        if (this.#watch.timedOut) {
          throw new DesyncError("timeout", { reason: this.#watch.complaint, retriable: true });
        }
        if (this.#decoder.pending > 0) {
          throw new DesyncError("store", {
            reason: "the connection ended within a message",
            retriable: true,
          });
        }
        return null;
      }
      this.#watch.received(value.length);
      if (first) this.#seen = beginningOf(this.#seen, value);
      this.#decoder.push(value);
    }
  }

  /** Ends the session; all who wait learn why. */
  async #fail(error: unknown, opened: boolean): Promise<DesyncError> {
    this.#failing = true;
    this.#watch.stop();
    // The end of its input has the other end stop.
    this.#writer.abort().catch(() => {});
    const said = foreignText(await this.#connection.diagnose());
    const known = error instanceof DesyncError
      ? error
      : new DesyncError("store", { reason: foreignText(messageOf(error)), cause: error, retriable: true });
    this.#failure = known.withContext({
      action: "read from",
      subject: this.#options.location,
      hint: said === "" || said === known.reason ? known.hint : said,
      retriable: opened && known.retriable,
    });
    this.#letGo();
    this.#rejectAll(this.#failure);
    return this.#failure;
  }

  #closed(): DesyncError {
    const fields = { action: "read from", subject: this.#options.location, reason: "it has been closed" };
    return new DesyncError("store", fields);
  }

  #rejectAll(error: DesyncError): void {
    for (const waiters of this.#pending.values()) for (const { reject } of waiters) reject(error);
    this.#pending.clear();
  }

  /** Gives both directions up, if the connection's end has not done so. */
  #letGo(): void {
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }
}

function aborted(reason: string): DesyncError {
  const said = foreignText(reason) || "no reason given";
  return new DesyncError("store", { reason: `the server aborted the session: ${said}` });
}
