/** The other end of a connection, which says what the test tells it to. */

import { encodeMessage, type Message, MessageDecoder } from "../../../src/formats/protocol.ts";
import type { Connection } from "../../../src/stores/protocol/connection.ts";

/** What a server says first. */
export const serverHello: Message = { type: "hello", flags: 1n };

/** One connection, and its far end in the test's hands. */
export class Host {
  /** What a client uses. */
  readonly connection: Connection;
  /** Whether the client has given the connection back. */
  closed = false;
  /** What the client is told about the end. */
  lastWords = "";
  /** Where the client's bytes arrive. */
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #decoder = new MessageDecoder();

  constructor() {
    const plenty = { highWaterMark: 1000 };
    const toHost = new TransformStream<Uint8Array, Uint8Array>({}, plenty, plenty);
    const toClient = new TransformStream<Uint8Array, Uint8Array>({}, plenty, plenty);
    this.reader = toHost.readable.getReader();
    this.#writer = toClient.writable.getWriter();
    const end = () => {
      this.closed = true;
      this.#writer.close().catch(() => {}); // closed before
      this.reader.cancel().catch(() => {});
    };
    this.connection = {
      readable: toClient.readable,
      writable: toHost.writable,
      diagnose: () => {
        end();
        return Promise.resolve(this.lastWords);
      },
      close: () => Promise.resolve(end()),
    };
  }

  /** The client's next message, `null` at the end of what it sends. */
  async next(): Promise<Message | null> {
    while (true) {
      const message = this.#decoder.next();
      if (message !== null) return message;
      const { value } = await this.reader.read().catch(() => ({ value: undefined }));
      if (value === undefined) return null;
      this.#decoder.push(value);
    }
  }

  /** The ids in the client's next requests. */
  async asked(count: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const message = await this.next();
      if (message?.type !== "request") throw new Error(`the client sent ${message?.type ?? "its end"}`);
      ids.push(...message.ids);
    }
    return ids;
  }

  /** Sends messages, or bytes that are none. Does not wait until they are read. */
  send(...what: (Message | Uint8Array)[]): void {
    for (const one of what) {
      this.#writer.write(one instanceof Uint8Array ? one : encodeMessage(one)).catch(() => {});
    }
  }

  /** Sends nothing more. */
  end(): void {
    this.#writer.close().catch(() => {});
  }
}
