/** A session with the server of the casync protocol, the client's end of it in hand. */

import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { encodeMessage, type Message, MessageDecoder } from "../../src/formats/protocol.ts";
import { serveChunks } from "../../src/jobs/serve_protocol.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import type { ChunkStore } from "../../src/stores/store.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { type Form, stored } from "../support/made.ts";
import { Random } from "../support/random.ts";
import { sha512256 } from "../support/sha.ts";

export const hello: Message = { type: "hello", flags: 0x40n };
export const goodbye: Message = { type: "goodbye" };
export const generator = new Random(31);
export const content = Array.from({ length: 400 }, () => generator.bytes(1000));
export const ids = content.map(sha512256);
export const request = (...wanted: string[]): Message => ({
  type: "request",
  highPriority: false,
  ids: wanted,
});

export async function full(form: Form = "zstd", digest = sha512256): Promise<MemoryStore> {
  const store = new MemoryStore("the store");
  for (const bytes of content) {
    const kind = form === "plain" ? "plain" : "compressed";
    await store.put(asVerified(digest(bytes), { form: kind, bytes: stored(bytes, form) }));
  }
  return store;
}

/** A session with a server, the client's end of it in hand. */
export class Session {
  readonly #toServer = new TransformStream<Uint8Array, Uint8Array>({}, { highWaterMark: 1e6 });
  readonly #toClient = new TransformStream<Uint8Array, Uint8Array>();
  readonly #writer = this.#toServer.writable.getWriter();
  readonly reader: ReadableStreamDefaultReader<Uint8Array> = this.#toClient.readable.getReader();
  readonly #decoder = new MessageDecoder();
  readonly problems: string[] = [];
  readonly stop = new AbortController();
  /** The server's end. */
  readonly done: Promise<void>;

  constructor(store: ChunkStore, compress?: (bytes: Uint8Array) => Uint8Array, idleTimeoutMs?: number) {
    this.done = serveChunks(store, this.#toServer.readable, this.#toClient.writable, {
      codec: nativeCodec,
      compress,
      idleTimeoutMs,
      onProblem: (sentence) => this.problems.push(sentence),
      signal: this.stop.signal,
    });
    this.done.catch(() => {});
  }

  send(...what: (Message | Uint8Array)[]): void {
    for (const one of what) {
      this.#writer.write(one instanceof Uint8Array ? one : encodeMessage(one)).catch(() => {});
    }
  }

  end(): void {
    this.#writer.close().catch(() => {});
  }

  async next(): Promise<Message | null> {
    while (true) {
      const message = this.#decoder.next();
      if (message !== null) return message;
      const { value } = await this.reader.read();
      if (value === undefined) return null;
      this.#decoder.push(value);
    }
  }

  /** All messages up to the end. */
  async rest(): Promise<Message[]> {
    const messages: Message[] = [];
    for (let message = await this.next(); message !== null; message = await this.next()) {
      messages.push(message);
    }
    return messages;
  }
}

export function answer(i: number, form: Form = "zstd", digest = sha512256): Message {
  const bytes = stored(content[i], form);
  return { type: "chunk", id: digest(content[i]), compressed: form !== "plain", bytes };
}

export const absent = sha512256(new Uint8Array(9));
export const serverHello: Message = { type: "hello", flags: 1n };

export const text = (words: string) => new TextEncoder().encode(words);
