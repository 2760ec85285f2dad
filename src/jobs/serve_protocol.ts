/** One session of the casync protocol as its server: chunks out of any store. */
import type { ChunkId, StoredChunk } from "../core/chunk.ts";
import { concat, freeWholeBytes } from "../core/bytes.ts";
import type { Codec } from "../codec/codec.ts";
import { isInvalid, openByEitherDigest } from "../codec/open_chunk.ts";
import { DesyncError, type ErrorCode, messageOf } from "../core/errors.ts";
import { onAbort } from "../core/on_abort.ts";
import {
  CHUNK_OVERHEAD,
  MAX_MESSAGE_BYTES,
  type Message,
  MessageDecoder,
  messageParts,
  SERVES_CHUNKS,
  WANTS_CHUNKS,
} from "../formats/protocol.ts";
import { IdleWatch, leastRateMs } from "../stores/http/idle_watch.ts";
import { openFrom } from "../stores/wrappers/open_from.ts";
import type { ChunkStore } from "../stores/store.ts";

/** What a server needs. */
export interface ServeOptions {
  /** Verifies the chunks, and decrypts them. */
  readonly codec: Codec;
  /**
   * Verify also what lies in a directory of this machine in the form in which it is sent. Default: false, since every client
   * verifies what it gets. All else is verified.
   */
  readonly verifyReads?: boolean;
  /** Compresses chunks that lie plain in the store: desync's client reads no others. Default: they go out plain. */
  readonly compress?: (bytes: Uint8Array) => Uint8Array;
  /** Gets a sentence for each chunk that the store has but that is not sent. */
  readonly onProblem: (sentence: string) => void;
  /**
   * The session fails when a client that has begun a message, or was sent one, does not go on with it for so long, in
   * milliseconds, or with less than 100 bytes a second. Default: one minute.
   */
  readonly idleTimeoutMs?: number;
  /** Ends the session. */
  readonly signal?: AbortSignal;
}

/** Requests that are looked up ahead of the one that is answered, except in a directory, which has nothing to wait for. */
const AHEAD = 16;
/** Messages are sent in pieces of so many bytes, each of which the client has to take in time. */
const SENT_BYTES = 32 * 1024;

/**
 * Serves until the client sends GOODBYE, the input ends, or the signal comes, even when the client takes no answers then.
 * What a client asks for is read only as fast as it takes the answers. Throws `protocol` when the client does not speak
 * it, after telling it so, and `timeout` when it is too slow. Between its requests it may take its time. Streams that fail
 * mean that the client is gone, which is a good end too, unless they fail with a {@linkcode DesyncError}, which is thrown.
 *
 * @example Say hello to a server
 * ```ts
 * import { encodeMessage, MemoryStore, MessageDecoder, portableCodec, serveChunks } from "@desync/desync";
 *
 * const input = new Blob([encodeMessage({ type: "hello", flags: 0x40n }), encodeMessage({ type: "goodbye" })]);
 * const decoder = new MessageDecoder();
 * const output = new WritableStream<Uint8Array>({ write: (piece) => decoder.push(piece) });
 * const options = { codec: portableCodec, onProblem: console.warn };
 * await serveChunks(new MemoryStore(), input.stream(), output, options);
 * if (decoder.next()?.type !== "hello") throw new Error("it greets as well");
 * ```
 */
export async function serveChunks(
  store: ChunkStore,
  input: ReadableStream<Uint8Array>,
  output: WritableStream<Uint8Array>,
  options: ServeOptions,
): Promise<void> {
  const writer = output.getWriter();
  await serveInto(store, input, {
    // It may keep what it gets.
    write: (pieces) => writer.write(concat(pieces)),
    close: () => writer.close(),
    abort: () => writer.abort(),
  }, options);
}

/** Where answers go. All fail when the client is gone. */
export interface AnswerOutput {
  /** Takes all bytes of the pieces, which are used for others once it is done. */
  readonly write: (pieces: readonly Uint8Array[]) => Promise<void>;
  /** All was written. */
  readonly close: () => Promise<void>;
  /** Nothing more is, and what was begun need not be completed. */
  readonly abort: () => Promise<void>;
}

/** The same into an output that keeps nothing: chunks are written from where they were read. */
export async function serveInto(
  store: ChunkStore,
  input: ReadableStream<Uint8Array>,
  output: AnswerOutput,
  options: ServeOptions,
): Promise<void> {
  const reader = input.getReader();
  const stopped = Promise.withResolvers<void>();
  const over = onAbort(options.signal, () => stopped.resolve());
  const tooSlow = (what: string) => {
    const watch = new IdleWatch(options.idleTimeoutMs);
    onAbort(watch.signal, () => {
      stopped.reject(notServed("timeout", what, watch.complaint));
    });
    return watch;
  };
  const sends = tooSlow("it does not go on with its message");
  const takes = tooSlow("it does not take its answers");
  takes.pause();
  try {
    const outbox = new Outbox(output, takes);
    await Promise.race([converse(store, new Inbox(reader, sends), outbox, options), stopped.promise]);
  } finally {
    over();
    sends.stop();
    takes.stop();
    reader.cancel().catch(() => {});
    if (options.signal?.aborted || sends.timedOut || takes.timedOut) output.abort().catch(() => {});
  }
}

/** The whole session, from one greeting to the other's end. */
async function converse(
  store: ChunkStore,
  inbox: Inbox,
  outbox: Outbox,
  options: ServeOptions,
): Promise<void> {
  const send = (message: Message) => outbox.send(message);
  try {
    await send({ type: "hello", flags: SERVES_CHUNKS });
    await answerAll(inbox, store, send, options);
    await send({ type: "goodbye" });
    await outbox.close();
  } catch (error) {
    if (options.signal?.aborted) return;
    if (error instanceof ClientGone) {
      // No caller is left to report to.
      outbox.abort();
      return;
    }
    await send({ type: "abort", errorNumber: 0, reason: messageOf(error) }).catch(() => {});
    await outbox.close().catch(() => {});
    throw error;
  }
}

/** One of the two directions was closed. */
class ClientGone extends Error {}

function gone(cause: unknown): never {
  // A stream that knows better says so.
  if (cause instanceof DesyncError) throw cause;
  throw new ClientGone("The client is gone", { cause });
}

/** Messages out of a stream. */
class Inbox {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new MessageDecoder();
  readonly #watch: IdleWatch;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, watch: IdleWatch) {
    this.#reader = reader;
    this.#watch = watch;
    watch.pause();
  }

  /** The next message if it has come already, `null` otherwise. */
  buffered(): Message | null {
    return this.#decoder.next();
  }

  /** The next message, `null` at the end. Whether it is `due` or not, one that has begun has to go on. */
  async next(due = false): Promise<Message | null> {
    this.#watch.touch();
    this.#watch.pause();
    while (true) {
      const message = this.#decoder.next();
      if (message !== null) return message;
      if (due || this.#decoder.pending > 0) this.#watch.resume();
      const { value } = await this.#reader.read().catch(gone);
      if (value === undefined) return null;
      this.#watch.received(value.length);
      this.#watch.pause();
      this.#decoder.push(value);
    }
  }
}

/** Messages into an output. */
class Outbox {
  readonly #output: AnswerOutput;
  readonly #watch: IdleWatch;

  constructor(output: AnswerOutput, watch: IdleWatch) {
    this.#output = output;
    this.#watch = watch;
  }

  /** Waits until the message has been taken. The bytes of a chunk must not be used afterwards. */
  async send(message: Message): Promise<void> {
    const [beginning, carried] = messageParts(message);
    if (carried === undefined) return await this.#write([beginning]);
    let at = SENT_BYTES - beginning.length;
    await this.#write([beginning, carried.subarray(0, at)]);
    for (; at < carried.length; at += SENT_BYTES) await this.#write([carried.subarray(at, at + SENT_BYTES)]);
    // The next chunk gets this memory, which is in the processor's cache.
    freeWholeBytes(carried);
  }

  async #write(pieces: readonly Uint8Array[]): Promise<void> {
    let length = 0;
    for (const piece of pieces) length += piece.length;
    // How much of this has been taken is not seen.
    this.#watch.touch(leastRateMs(length));
    await this.#output.write(pieces).catch(gone);
    this.#watch.pause();
  }

  async close(): Promise<void> {
    await this.#output.close().catch(gone);
  }

  abort(): void {
    this.#output.abort().catch(() => {});
  }
}

async function answerAll(
  inbox: Inbox,
  store: ChunkStore,
  send: (message: Message) => Promise<void>,
  options: ServeOptions,
): Promise<void> {
  const greeting = await inbox.next(true);
  if (greeting === null) return;
  if (greeting.type !== "hello") {
    throw notServed("protocol", `it began with ${greeting.type}, not with hello`);
  }
  if ((greeting.flags & WANTS_CHUNKS) === 0n) {
    throw notServed("protocol", "it wants something else than chunks");
  }
  const most = store.properties.directory === undefined ? AHEAD : 1;
  const ahead: Promise<Message>[] = [];
  const sendNext = async () => {
    const message = await ahead[0];
    await send(message);
    ahead.shift();
  };
  while (true) {
    const buffered = inbox.buffered();
    // A client may be waiting for these before it asks for more.
    if (buffered === null) { while (ahead.length > 0) await sendNext(); }
    const message = buffered ?? await inbox.next();
    if (message === null || message.type === "goodbye") break;
    if (message.type === "abort") return;
    if (message.type !== "request") {
      throw notServed("protocol", `it sent ${message.type}, not a request`);
    }
    for (const id of message.ids) {
      const answer = lookUp(store, id, options);
      answer.catch(() => {});
      ahead.push(answer);
      if (ahead.length >= most) await sendNext();
    }
  }
  while (ahead.length > 0) await sendNext();
}

function notServed(code: ErrorCode, reason: string, hint?: string): DesyncError {
  return new DesyncError(code, { action: "serve", subject: "the client", reason, hint });
}

/** The answer to a request: the chunk when it is there and right, and that it is missing otherwise. */
async function lookUp(store: ChunkStore, id: ChunkId, options: ServeOptions): Promise<Message> {
  const damage: DesyncError[] = [];
  const open = (stored: StoredChunk) => answerOf(store, stored, id, options);
  try {
    const answer = await openFrom(store, id, open, { damage, signal: options.signal });
    if (answer !== null) return answer;
  } catch (error) {
    if (!isInvalid(error)) throw error;
    damage.push(error);
  }
  for (const error of damage) options.onProblem(messageOf(error));
  return { type: "missing", id };
}

/** The message that gives the chunk out. Throws as `openChunk` does when that cannot be done. */
function answerOf(store: ChunkStore, found: StoredChunk, id: ChunkId, options: ServeOptions): Message {
  const { codec, compress, verifyReads = false } = options;
  const sentForm = compress === undefined ? found.form : "compressed";
  const isReady = found.form === sentForm && found.encryption === undefined && found.bytes.length > 0;
  const asItIs = isReady && !verifyReads && store.properties.directory !== undefined;
  const { stored } = asItIs ? { stored: found } : openByEitherDigest(codec, found, id);
  if (stored.bytes.length === 0) {
    throw new DesyncError("unsupported", {
      reason: "it is empty, which a message of the protocol cannot say",
    });
  }
  const bytes = stored.form === "plain" && compress !== undefined ? compress(stored.bytes) : stored.bytes;
  if (bytes.length <= MAX_MESSAGE_BYTES - CHUNK_OVERHEAD) {
    return { type: "chunk", id, compressed: sentForm === "compressed", bytes };
  }
  const reason = `it has ${bytes.length} bytes, more than a message of the protocol can hold`;
  throw new DesyncError("unsupported", { reason });
}
