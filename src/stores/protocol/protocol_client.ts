/** One session of the casync protocol as its client: many concurrent requests, answers matched by their ids. */
import { type ChunkId, maxStoredSize, type StoredChunk } from "../../core/chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import {
  encodeMessage,
  type Message,
  MessageDecoder,
  SERVES_CHUNKS,
  WANTS_CHUNKS,
} from "../../formats/protocol.ts";
import type { Connection } from "./connection.ts";
import { MessageStream } from "./message_stream.ts";
import type { Session } from "./session_pool.ts";

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
export class ProtocolClient implements Session {
  readonly #stream: MessageStream<Message>;
  /** Pending requests: all callers for the same chunk share one. */
  readonly #pending = new Map<ChunkId, Waiter[]>();

  private constructor(connection: Connection, { location, idleTimeoutMs, maxChunkSize }: SessionOptions) {
    this.#stream = new MessageStream(connection, {
      decoder: new MessageDecoder({
        maxChunkBytes: maxChunkSize === undefined ? undefined : maxStoredSize(maxChunkSize),
      }),
      names: { protocol: "the casync protocol", unit: "message" },
      context: { action: "read from", subject: location },
      idleTimeoutMs,
      handle: (message) => this.#handle(message),
      over: (error) => this.#rejectAll(error),
    });
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
    await client.#stream.open(() => client.#greet(), signal);
    client.#stream.listen();
    return client;
  }

  get load(): number {
    return this.#pending.size;
  }

  get ended(): boolean {
    return this.#stream.ended;
  }

  get finished(): Promise<void> {
    return this.#stream.finished;
  }

  /** The chunk as the other end holds it, `null` when it is missing there. */
  get(id: ChunkId): Promise<StoredChunk | null> {
    const { problem, watch } = this.#stream;
    if (problem !== undefined) return Promise.reject(problem);
    const waiter: Waiter = Promise.withResolvers();
    const waiters = this.#pending.get(id);
    if (waiters === undefined) {
      this.#pending.set(id, [waiter]);
      this.#send({ type: "request", highPriority: false, ids: [id] });
      if (this.#pending.size === 1) watch.touch();
    } else {
      waiters.push(waiter);
    }
    return waiter.promise;
  }

  /** Sends GOODBYE and ends the connection. Pending requests fail. */
  async close(): Promise<void> {
    await this.#stream.close(encodeMessage({ type: "goodbye" }));
  }

  /** Failing to send shows as the end of what is received, which says more. */
  #send(message: Message): void {
    this.#stream.send(encodeMessage(message)).catch(() => {});
  }

  async #greet(): Promise<void> {
    this.#send({ type: "hello", flags: WANTS_CHUNKS });
    const message = await this.#stream.first();
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
    const { watch } = this.#stream;
    watch.touch();
    if (this.#pending.size === 0) watch.pause();
  }

  #rejectAll(error: DesyncError): void {
    for (const waiters of this.#pending.values()) for (const { reject } of waiters) reject(error);
    this.#pending.clear();
  }
}

function aborted(reason: string): DesyncError {
  const said = foreignText(reason) || "no reason given";
  return new DesyncError("store", { reason: `the server aborted the session: ${said}` });
}
