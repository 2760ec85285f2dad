/** What the sessions of every protocol do alike: messages come over a connection until it fails or is closed. */
import { DesyncError, type ErrorFields, messageOf } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import { onAbort } from "../../core/on_abort.ts";
import { IdleWatch } from "../http/idle_watch.ts";
import type { Connection } from "./connection.ts";
import { PieceReader } from "./piece_reader.ts";
import { beginningOf, wordsInstead } from "./words_instead.ts";

/** How messages come, and what becomes of them. */
export interface MessageStreamOptions<M> {
  /** Bytes to messages. */
  readonly decoder: {
    /** Bytes that are no whole message yet. */
    readonly pending: number;
    push(piece: Uint8Array): void;
    /** After `null` nothing refers to the pieces any more. */
    next(): M | null;
  };
  /** What messages about the protocol call it, and one of its messages. */
  readonly names: { readonly protocol: string; readonly unit: string };
  /** For all errors: what could not be done. Default: the caller adds that. */
  readonly context?: Pick<ErrorFields, "action" | "subject">;
  /** See {@linkcode IdleWatch}; in milliseconds. */
  readonly idleTimeoutMs?: number;
  /** Takes a message. It throws if the session cannot go on. */
  readonly handle: (message: M) => void;
  /** The session is over: what was requested will not come. */
  readonly over: (error: DesyncError) => void;
}

/** Receives messages from the start to the end of a session, which ends once. */
export class MessageStream<M> {
  /** Pauses while nothing is due. */
  readonly watch: IdleWatch;
  /** Resolves when the session has ended, whatever the reason. */
  readonly finished: Promise<void>;
  readonly #connection: Connection;
  readonly #options: MessageStreamOptions<M>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: PieceReader;
  readonly #finish: () => void;
  /** It is over; why may not be known yet. */
  #failing = false;
  #failure: DesyncError | undefined;
  #closing = false;
  /** What came before the first message, for the error if it is not one. */
  #seen = "";

  /** Nothing is read before {@linkcode open}. */
  constructor(connection: Connection, options: MessageStreamOptions<M>) {
    this.#connection = connection;
    this.#options = options;
    this.#writer = connection.writable.getWriter();
    this.#reader = new PieceReader(connection.readable);
    this.watch = new IdleWatch(options.idleTimeoutMs);
    onAbort(this.watch.signal, () => this.#reader.cancel().catch(() => {}));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
  }

  /** Whether it cannot be used any more. */
  get ended(): boolean {
    return this.#failing || this.#closing;
  }

  /** Why nothing can be requested any more, once that is known. */
  get problem(): DesyncError | undefined {
    return this.#failure ?? (this.#closing ? this.#closed() : undefined);
  }

  /** Opens the session by `work`, until `signal` ends that. What fails meanwhile has ended it. */
  async open(work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const over = onAbort(signal, () => this.#letGo());
    try {
      await work();
    } catch (error) {
      throw this.#failure ?? await this.#fail(error, false);
    } finally {
      over();
    }
  }

  /** Sends bytes. The promise rejects when they cannot be sent; that also shows as the end of what is received, which says more. */
  async send(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes);
  }

  /** The first message, `null` when the connection ended before. */
  async first(): Promise<M | null> {
    this.watch.touch();
    try {
      return await this.#receive(true);
    } catch (error) {
      throw wordsInstead(this.#seen, this.#options.names.protocol, error);
    } finally {
      this.watch.pause();
    }
  }

  /** Has all that comes handled, to the end of the session. */
  async listen(): Promise<void> {
    try {
      for (let message = await this.#receive(); message !== null; message = await this.#receive()) {
        if (!this.#closing) this.#options.handle(message);
      }
      if (!this.#closing) throw new DesyncError("store", { reason: "the connection ended", retriable: true });
    } catch (error) {
      if (!this.ended) await this.#fail(error, true);
    } finally {
      this.#finish();
    }
  }

  /** Ends the session, with last bytes. */
  async close(last?: Uint8Array): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.watch.stop();
    this.#options.over(this.#closed());
    if (this.#failure === undefined) {
      // Not waited for: the other end may have stopped reading.
      if (last !== undefined) this.send(last).catch(() => {});
      this.#writer.close().catch(() => {});
    }
    await this.#connection.close();
    this.#letGo();
  }

  /** The next message, `null` at the end. */
  async #receive(first = false): Promise<M | null> {
    const { decoder, names } = this.#options;
    while (true) {
      const message = decoder.next();
      if (message !== null) return message;
      const value = await this.#reader.read();
      if (value === undefined) {
        if (this.watch.timedOut) {
          throw new DesyncError("timeout", { reason: this.watch.complaint, retriable: true });
        }
        if (decoder.pending > 0) {
          const reason = `the connection ended within a ${names.unit}`;
          throw new DesyncError("store", { reason, retriable: true });
        }
        return null;
      }
      this.watch.received(value.length);
      if (first) this.#seen = beginningOf(this.#seen, value);
      decoder.push(value);
    }
  }

  /** Ends the session; all who wait learn why. */
  async #fail(error: unknown, opened: boolean): Promise<DesyncError> {
    this.#failing = true;
    this.watch.stop();
    // The end of its input has the other end stop.
    this.#writer.abort().catch(() => {});
    const said = foreignText(await this.#connection.diagnose());
    const known = error instanceof DesyncError
      ? error
      : new DesyncError("store", { reason: foreignText(messageOf(error)), cause: error, retriable: true });
    this.#failure = known.withContext({
      ...this.#options.context,
      hint: said === "" || said === known.reason ? known.hint : said,
      retriable: opened && known.retriable,
    });
    this.#letGo();
    this.#options.over(this.#failure);
    return this.#failure;
  }

  #closed(): DesyncError {
    return new DesyncError("store", { ...this.#options.context, reason: "it has been closed" });
  }

  /** Gives both directions up, if the connection's end has not done so. */
  #letGo(): void {
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }
}
