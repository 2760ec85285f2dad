/** One session of the casync protocol as its client: many requests under way, answers matched by their ids. */
import type { ChunkId, StoredChunk } from "../chunk.ts";
import { DesyncError, messageOf } from "../errors.ts";
import {
  encodeMessage,
  type Message,
  MessageDecoder,
  SERVES_CHUNKS,
  WANTS_CHUNKS,
} from "../formats/protocol.ts";

/** The two directions of a connection, and what may be learnt when it breaks. */
export interface Connection {
  /** What the other end sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What it is sent. */
  readonly writable: WritableStream<Uint8Array>;
  /** Why it ended, as far as anybody told: the remote's last words, or a program's status. Ends it if it has not. */
  diagnose(): Promise<string>;
  /** Ends it. */
  close(): Promise<void>;
}

/** How a session is run. */
export interface SessionOptions {
  /** What the store is called in messages. */
  readonly location: string;
  /** The session fails when requests are waiting and nothing arrives for so long, in milliseconds. */
  readonly idleTimeoutMs: number;
}

/** One who waits for a chunk. */
type Waiter = PromiseWithResolvers<StoredChunk | null>;

/** A session that is open until it fails or is closed. */
export class ProtocolClient {
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new MessageDecoder();
  /** Requests under way: all who want the same chunk share one. */
  readonly #pending = new Map<ChunkId, Waiter[]>();
  /** It is over; why may not be known yet. */
  #failing = false;
  #failure: DesyncError | undefined;
  #closing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timedOut: DesyncError | undefined;
  /** What came before the first message, to be shown when it is none. */
  #seen = "";
  readonly #finish: () => void;
  /** Resolves when the session has ended, whatever the reason. */
  readonly finished: Promise<void>;

  private constructor(connection: Connection, options: SessionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#writer = connection.writable.getWriter();
    this.#reader = connection.readable.getReader();
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
      if (this.#pending.size === 1) this.#watch();
    } else {
      waiters.push(waiter);
    }
    return waiter.promise;
  }

  /** Says goodbye and ends the connection. Requests under way fail. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearTimeout(this.#timer);
    this.#rejectAll(this.#closed());
    if (this.#failure === undefined) {
      this.#send({ type: "goodbye" });
      // Not waited for: the other end may have stopped reading.
      this.#writer.close().catch(() => {});
    }
    await this.#connection.close();
    this.#letGo();
  }

  /** Failing to send shows as the end of what is received, which tells more. */
  #send(message: Message): void {
    this.#writer.write(encodeMessage(message)).catch(() => {});
  }

  async #greet(): Promise<void> {
    this.#send({ type: "hello", flags: WANTS_CHUNKS });
    this.#watch(true);
    let message: Message | null;
    try {
      message = await this.#receive(true);
    } catch (error) {
      throw wordsInstead(this.#seen, error);
    }
    clearTimeout(this.#timer);
    if (message === null) throw new DesyncError("store", "the connection ended before a greeting");
    if (message.type === "abort") throw aborted(message.reason);
    if (message.type !== "hello") {
      throw new DesyncError("protocol", `it began with ${message.type}, not with hello`);
    }
    if ((message.flags & SERVES_CHUNKS) === 0n) {
      throw new DesyncError("store", "it has no store that can be read");
    }
  }

  async #listen(): Promise<void> {
    try {
      for (let message = await this.#receive(); message !== null; message = await this.#receive()) {
        if (!this.#closing) this.#handle(message);
      }
      if (!this.#closing) throw new DesyncError("store", "the connection ended", { retriable: true });
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
        throw new DesyncError("store", "it said goodbye", { retriable: true });
      default:
        throw new DesyncError("protocol", `it sent ${message.type}, which nobody asked for`);
    }
  }

  #settle(id: ChunkId, chunk: StoredChunk | null): void {
    const waiters = this.#pending.get(id);
    if (waiters === undefined) {
      throw new DesyncError("protocol", `it sent chunk ${id}, which nobody asked for`);
    }
    this.#pending.delete(id);
    // Whoever gets the bytes may do with them what he likes.
    waiters.forEach(({ resolve }, i) => {
      resolve(chunk === null || i === 0 ? chunk : { form: chunk.form, bytes: chunk.bytes.slice() });
    });
    this.#watch();
  }

  /** The next message, `null` at the end. */
  async #receive(first = false): Promise<Message | null> {
    while (true) {
      const message = this.#decoder.next();
      if (message !== null) return message;
      const { value } = await this.#reader.read();
      if (value === undefined) {
        if (this.#timedOut !== undefined) throw this.#timedOut;
        if (this.#decoder.pending > 0) {
          throw new DesyncError("store", "the connection ended within a message", { retriable: true });
        }
        return null;
      }
      if (first) this.#seen += new TextDecoder("latin1").decode(value.subarray(0, 200));
      this.#decoder.push(value);
      if (this.#pending.size > 0) this.#watch();
    }
  }

  /** Starts the time within which something has to arrive, when something is due. */
  #watch(due = this.#pending.size > 0): void {
    clearTimeout(this.#timer);
    if (!due || this.ended) return;
    this.#timer = setTimeout(() => {
      const seconds = this.#options.idleTimeoutMs / 1000;
      const error = new DesyncError("timeout", `no answer for ${seconds} seconds`, { retriable: true });
      this.#timedOut = error;
      this.#reader.cancel().catch(() => {});
    }, this.#options.idleTimeoutMs);
  }

  /** Ends the session; all who wait learn why. */
  async #fail(error: unknown, opened: boolean): Promise<DesyncError> {
    this.#failing = true;
    clearTimeout(this.#timer);
    // The end of its input tells the other end to stop.
    this.#writer.abort().catch(() => {});
    const said = await this.#connection.diagnose();
    const known = error instanceof DesyncError;
    const reason = messageOf(error);
    const more = said === "" || said === reason ? "" : ` (${said})`;
    const text = printable(`Cannot read from ${this.#options.location}: ${reason}${more}`);
    this.#failure = new DesyncError(known ? error.code : "store", text, {
      cause: error,
      retriable: opened && (!known || error.retriable),
    });
    this.#letGo();
    this.#rejectAll(this.#failure);
    return this.#failure;
  }

  #closed(): DesyncError {
    return new DesyncError("store", `Cannot read from ${this.#options.location}: it has been closed`);
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

/** What the other end said may hold what would do things to a terminal. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- that is what has to go
  return text.replaceAll(/\s*[\x00-\x1f\x7f-\x9f]+\s*/g, " ").trim();
}

function aborted(reason: string): DesyncError {
  return new DesyncError("store", `it gave up: ${reason === "" ? "no reason given" : reason}`);
}

/** What a remote shell or a wrong program says instead of a greeting is worth showing. */
function wordsInstead(seen: string, error: unknown): unknown {
  const words = printable(seen.slice(0, 200).replaceAll(/[\x80-\xff]+/g, " "));
  // Messages begin with their size, of which the upper half is zero.
  if (words.length < 4 || seen.slice(0, 8).includes("\0")) return error;
  const text = `it says ${JSON.stringify(words)} instead of speaking the casync protocol`;
  return new DesyncError("protocol", text, { cause: error });
}
