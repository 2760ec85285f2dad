/** One session with an SFTP server: many concurrent requests, answers matched by their ids. */
import { concat, freeBytes } from "../../core/bytes.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import { IdleWatch } from "../http/idle_watch.ts";
import type { Connection } from "../protocol/protocol_client.ts";
import type { Session } from "../protocol/session_pool.ts";
import { beginningOf, wordsInstead } from "../protocol/words_instead.ts";
import { statusError } from "./sftp_errors.ts";
import {
  DATA_OVERHEAD,
  encodeRequest,
  limitsIn,
  MAX_PACKET_BYTES,
  type RequestType,
  type SftpAnswer,
  SftpDecoder,
  STATUS,
  stringField,
} from "./sftp_packets.ts";

/** How a session is run. */
export interface SftpSessionOptions {
  /**
   * The session fails when requests are waiting and nothing, or less than 100 bytes a second, arrives for so long, in
   * milliseconds. Default: one minute.
   */
  readonly idleTimeoutMs?: number;
}

/** The version that is spoken: OpenSSH's. */
const VERSION = 3;
/** Every server takes as much at once (draft, section 3), whatever it says. */
const LEAST_AT_ONCE = 32 * 1024;
const MOST_AT_ONCE = MAX_PACKET_BYTES - DATA_OVERHEAD;
/** What is sent is taken as slowly as the link is, and each packet has to be answered in time. */
const MOST_WRITTEN_AT_ONCE = 64 * 1024;
/** Small requests are sent together, up to so many bytes. */
const BATCH_BYTES = 64 * 1024;

/** What comes in parts, of any number and size: requests for the next one, and their answers. */
const PARTS: ReadonlySet<RequestType | SftpAnswer["type"]> = new Set(["read", "readdir", "data", "names"]);

type Answered = Exclude<SftpAnswer, { readonly type: "version" }>;

/** A session that is open until it fails or is closed. Errors have neither action nor subject: the caller adds them. */
export class SftpSession implements Session {
  /** Bytes to be read at once. */
  readAtOnce = LEAST_AT_ONCE;
  /** Bytes to be written at once. */
  writeAtOnce = LEAST_AT_ONCE;
  readonly #connection: Connection;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new SftpDecoder();
  readonly #pending = new Map<number, PromiseWithResolvers<Answered>>();
  readonly #outgoing: Uint8Array[] = [];
  #sending = false;
  #nextId = 0;
  #extensions: ReadonlyMap<string, string> = new Map();
  /** It is over; why may not be known yet. */
  #failing = false;
  #failure: DesyncError | undefined;
  #closing = false;
  /** Pauses while nothing is due. */
  readonly #watch: IdleWatch;
  /** What came before the first packet, for the error if it is not one. */
  #seen = "";
  readonly #finish: () => void;
  readonly finished: Promise<void>;

  private constructor(connection: Connection, options: SftpSessionOptions) {
    this.#connection = connection;
    this.#writer = connection.writable.getWriter();
    this.#reader = connection.readable.getReader();
    this.#watch = new IdleWatch(options.idleTimeoutMs);
    this.#watch.signal.addEventListener("abort", () => this.#reader.cancel().catch(() => {}));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
  }

  /** Agrees on the version, until `signal` ends that. Throws `protocol`, `store` or `timeout`. */
  static async open(
    connection: Connection,
    options: SftpSessionOptions,
    signal?: AbortSignal,
  ): Promise<SftpSession> {
    const session = new SftpSession(connection, options);
    const giveUp = () => session.#letGo();
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      await session.#greet();
      session.#listen();
      if (session.has("limits@openssh.com")) await session.#askLimits();
    } catch (error) {
      throw session.#failure ?? await session.#fail(error, false);
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
    return session;
  }

  get load(): number {
    return this.#pending.size;
  }

  get ended(): boolean {
    return this.#failing || this.#closing;
  }

  /** Whether the server has the extension. */
  has(extension: string): boolean {
    return this.#extensions.has(extension);
  }

  /** Sends a request; the answer to it, of any kind. Nothing that was sent before is waited for. */
  async request(type: RequestType, ...fields: readonly Uint8Array[]): Promise<Answered> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing) throw closedError();
    do this.#nextId = (this.#nextId + 1) >>> 0; while (this.#pending.has(this.#nextId));
    const id = this.#nextId;
    const waiter = Promise.withResolvers<Answered>();
    this.#pending.set(id, waiter);
    if (this.#pending.size === 1) {
      if (PARTS.has(type)) this.#watch.resume();
      else this.#watch.touch();
    }
    this.#send(encodeRequest(type, id, fields));
    return await waiter.promise;
  }

  /** Ends the connection. Pending requests fail. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#watch.stop();
    this.#rejectAll(closedError());
    // Not waited for: the other end may have stopped reading.
    if (this.#failure === undefined) this.#writer.close().catch(() => {});
    await this.#connection.close();
    this.#letGo();
  }

  #send(packet: Uint8Array): void {
    this.#outgoing.push(packet);
    if (this.#sending) return;
    this.#sending = true;
    // What is asked for in the same turn goes with it.
    queueMicrotask(() => this.#flush());
  }

  /** Failing to send shows as the end of what is received, which says more. */
  async #flush(): Promise<void> {
    try {
      while (this.#outgoing.length > 0) {
        let bytes = 0;
        let count = 0;
        do bytes += this.#outgoing[count++].length; while (
          count < this.#outgoing.length && bytes + this.#outgoing[count].length <= BATCH_BYTES
        );
        const batch = this.#outgoing.splice(0, count);
        const joined = batch.length === 1 ? batch[0] : concat(batch);
        await this.#writer.write(joined);
        // At once: uploads would fill the memory before it is collected.
        if (this.#connection.writesThrough) { for (const one of new Set([joined, ...batch])) freeBytes(one); }
      }
    } catch {
      this.#outgoing.length = 0;
    } finally {
      this.#sending = false;
    }
  }

  async #greet(): Promise<void> {
    this.#send(encodeRequest("init", VERSION, []));
    this.#watch.touch();
    let answer: SftpAnswer | null;
    try {
      answer = await this.#receive(true);
    } catch (error) {
      throw wordsInstead(this.#seen, "SFTP", error);
    }
    this.#watch.pause();
    if (answer === null) {
      throw new DesyncError("store", { reason: "the connection ended before SFTP began" });
    }
    if (answer.type !== "version") {
      throw new DesyncError("protocol", { reason: `it began with ${answer.type}, not with its version` });
    }
    if (answer.version < VERSION) {
      const reason = `the server speaks version ${answer.version} of SFTP, not ${VERSION}`;
      throw new DesyncError("unsupported", { reason });
    }
    this.#extensions = answer.extensions;
  }

  async #askLimits(): Promise<void> {
    const answer = await this.request("extended", stringField("limits@openssh.com"));
    if (answer.type !== "extended") return;
    const { read, write } = limitsIn(answer.bytes);
    // Zero means that the server does not say.
    if (read > 0) this.readAtOnce = Math.min(read, MOST_AT_ONCE);
    if (write > 0) this.writeAtOnce = Math.min(write, MOST_WRITTEN_AT_ONCE);
  }

  async #listen(): Promise<void> {
    try {
      for (let answer = await this.#receive(); answer !== null; answer = await this.#receive()) {
        if (!this.#closing) this.#settle(answer);
      }
      if (!this.#closing) throw new DesyncError("store", { reason: "the connection ended", retriable: true });
    } catch (error) {
      if (!this.#closing) await this.#fail(error, true);
    } finally {
      this.#finish();
    }
  }

  #settle(answer: SftpAnswer): void {
    if (answer.type === "version") {
      throw new DesyncError("protocol", { reason: "it sent its version again, which was not requested" });
    }
    const waiter = this.#pending.get(answer.id);
    if (waiter === undefined) {
      throw new DesyncError("protocol", {
        reason: `it sent an answer (${answer.type}) to request ${answer.id}, which does not exist`,
      });
    }
    this.#pending.delete(answer.id);
    waiter.resolve(answer);
    // A new request does not excuse a silent host; an answer does, unless parts trickle.
    if (!PARTS.has(answer.type)) this.#watch.touch();
    if (this.#pending.size === 0) this.#watch.pause();
  }

  /** The next answer, `null` at the end. */
  async #receive(first = false): Promise<SftpAnswer | null> {
    while (true) {
      const answer = this.#decoder.next();
      if (answer !== null) return answer;
      const { value } = await this.#reader.read();
      if (value === undefined) {
        if (this.#watch.timedOut) {
          throw new DesyncError("timeout", { reason: this.#watch.complaint, retriable: true });
        }
        if (this.#decoder.pending > 0) {
          const reason = "the connection ended within a packet";
          throw new DesyncError("store", { reason, retriable: true });
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
    this.#failure = known.with({
      hint: said === "" || said === known.reason ? known.hint : said,
      retriable: opened && known.retriable,
    });
    this.#letGo();
    this.#rejectAll(this.#failure);
    return this.#failure;
  }

  #rejectAll(error: DesyncError): void {
    for (const { promise, reject } of this.#pending.values()) {
      // Some of the answers are not waited for.
      promise.catch(() => {});
      reject(error);
    }
    this.#pending.clear();
  }

  /** Gives both directions up, if the connection's end has not done so. */
  #letGo(): void {
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }
}

/** The answer, which has to be of this type. Throws what a STATUS says, or `protocol`. */
export function answerOf<T extends Answered["type"]>(
  answer: Answered,
  type: T,
): Extract<Answered, { readonly type: T }> {
  if (isOf(answer, type)) return answer;
  if (answer.type === "status" && answer.code !== STATUS.ok) throw statusError(answer);
  throw new DesyncError("protocol", { reason: `it answered with ${answer.type} instead of ${type}` });
}

/** Throws unless it is a STATUS without an error. */
export function checkDone(answer: Answered): void {
  const status = answerOf(answer, "status");
  if (status.code !== STATUS.ok) throw statusError(status);
}

function isOf<T extends Answered["type"]>(
  answer: Answered,
  type: T,
): answer is Extract<Answered, { readonly type: T }> {
  return answer.type === type;
}

function closedError(): DesyncError {
  return new DesyncError("store", { reason: "it has been closed" });
}
