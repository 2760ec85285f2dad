/** One session with an SFTP server: many concurrent requests, answers matched by their ids. */
import { concat, freeBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import type { Connection } from "../protocol/connection.ts";
import { MessageStream } from "../protocol/message_stream.ts";
import type { Session } from "../protocol/session_pool.ts";
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
  readonly #stream: MessageStream<SftpAnswer>;
  /** Whether bytes have left the program when they are sent. */
  readonly #writesThrough: boolean;
  readonly #pending = new Map<number, PromiseWithResolvers<Answered>>();
  readonly #outgoing: Uint8Array[] = [];
  #sending = false;
  #nextId = 0;
  #extensions: ReadonlyMap<string, string> = new Map();

  private constructor(connection: Connection, { idleTimeoutMs }: SftpSessionOptions) {
    this.#writesThrough = connection.writesThrough ?? false;
    this.#stream = new MessageStream(connection, {
      decoder: new SftpDecoder(),
      names: { protocol: "SFTP", unit: "packet" },
      idleTimeoutMs,
      handle: (answer) => this.#settle(answer),
      over: (error) => this.#rejectAll(error),
    });
  }

  /** Agrees on the version, until `signal` ends that. Throws `protocol`, `store` or `timeout`. */
  static async open(
    connection: Connection,
    options: SftpSessionOptions,
    signal?: AbortSignal,
  ): Promise<SftpSession> {
    const session = new SftpSession(connection, options);
    await session.#stream.open(async () => {
      await session.#greet();
      session.#stream.listen();
      if (session.has("limits@openssh.com")) await session.#askLimits();
    }, signal);
    return session;
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

  /** Whether the server has the extension. */
  has(extension: string): boolean {
    return this.#extensions.has(extension);
  }

  /** Sends a request; the answer to it, of any kind. Nothing that was sent before is waited for. */
  async request(type: RequestType, ...fields: readonly Uint8Array[]): Promise<Answered> {
    const { problem, watch } = this.#stream;
    if (problem !== undefined) throw problem;
    do this.#nextId = (this.#nextId + 1) >>> 0; while (this.#pending.has(this.#nextId));
    const id = this.#nextId;
    const waiter = Promise.withResolvers<Answered>();
    this.#pending.set(id, waiter);
    if (this.#pending.size === 1) {
      if (PARTS.has(type)) watch.resume();
      else watch.touch();
    }
    this.#send(encodeRequest(type, id, fields));
    return await waiter.promise;
  }

  /** Ends the connection. Pending requests fail. */
  async close(): Promise<void> {
    await this.#stream.close();
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
        await this.#stream.send(joined);
        // At once: uploads would fill the memory before it is collected.
        if (this.#writesThrough) { for (const one of new Set([joined, ...batch])) freeBytes(one); }
      }
    } catch {
      this.#outgoing.length = 0;
    } finally {
      this.#sending = false;
    }
  }

  async #greet(): Promise<void> {
    this.#send(encodeRequest("init", VERSION, []));
    const answer = await this.#stream.first();
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
    const { watch } = this.#stream;
    if (!PARTS.has(answer.type)) watch.touch();
    if (this.#pending.size === 0) watch.pause();
  }

  #rejectAll(error: DesyncError): void {
    for (const { promise, reject } of this.#pending.values()) {
      // Some of the answers are not waited for.
      promise.catch(() => {});
      reject(error);
    }
    this.#pending.clear();
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
