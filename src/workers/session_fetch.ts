/**
 * In a worker: the answers of sessions of casync's protocol, in which the main thread has sent the requests. They have to
 * come in the order of these, as all servers send them. Whatever is unusual ends the session.
 */
import { viewOf } from "../core/bytes.ts";
import { maxStoredSize, type StoredChunk } from "../core/chunk.ts";
import { WaitingConnection } from "../deno/net/waiting_connection.ts";
import {
  decodeMessage,
  type Message,
  MESSAGE_HEADER_BYTES,
  messageSize,
  SERVES_CHUNKS,
} from "../formats/protocol.ts";
import type { NearFailure } from "../stores/store.ts";
import type { NearRequests } from "../transfer/messages.ts";
import type { NearSource, Wanted } from "./near_source.ts";

/** Memory for what has come: several chunks, or more for a large one. */
const BUFFER_BYTES = 512 * 1024;
/** A host that sends fewer bytes a millisecond, all the while, counts as silent. */
const LEAST_RATE = 0.1;

/** A call takes so long only where this program was stopped meanwhile, and did not hear what came, in milliseconds. */
const STOPPED_MS = 250;

type SessionRequests = Extract<NearRequests, { readonly kind: "session" }>;

/** One for each thread: keeps what has come in each session from task to task. */
export class SessionFetch {
  readonly #sessions = new Map<number, Incoming>();

  /** Goes on with the session of these requests. */
  begin(requests: SessionRequests): NearSource {
    let incoming = this.#sessions.get(requests.session);
    if (incoming === undefined) {
      incoming = new Incoming(WaitingConnection.over(requests.socket));
      this.#sessions.set(requests.session, incoming);
    }
    incoming.begin(requests);
    return incoming;
  }

  /** Forgets the sessions that are over. */
  release(): void {
    for (const [number, { failure }] of this.#sessions) {
      if (failure !== undefined) this.#sessions.delete(number);
    }
  }
}

/** What comes in one session. */
class Incoming implements NearSource {
  readonly #connection: WaitingConnection | null;
  #requests: SessionRequests | undefined;
  #buffer = new Uint8Array(BUFFER_BYTES);
  /** What has come and was not taken yet lies between. */
  #start = 0;
  #end = 0;
  #hasGreeted = false;
  failure: NearFailure | undefined;

  /** Nothing comes without a connection. */
  constructor(connection: WaitingConnection | null) {
    this.#connection = connection;
  }

  begin(requests: SessionRequests): void {
    this.#requests = requests;
  }

  take({ id, size }: Wanted): StoredChunk | "absent" | null {
    if (this.failure !== undefined) return null;
    const limit = maxStoredSize(size);
    try {
      if (!this.#hasGreeted) {
        const greeting = this.#next(limit);
        const serves = greeting?.type === "hello" && (greeting.flags & SERVES_CHUNKS) !== 0n;
        if (!serves) return this.#fail("refused");
        this.#hasGreeted = true;
      }
      const message = this.#next(limit);
      if (message?.type === "missing" && message.id === id) return "absent";
      if (message?.type === "chunk" && message.id === id) {
        return { form: message.compressed ? "compressed" : "plain", bytes: message.bytes };
      }
    } catch {
      // It is no message of the protocol.
    }
    return this.#fail(this.#hasGreeted ? "unusual" : "refused");
  }

  get isHere(): boolean {
    return this.failure !== undefined || this.#end > this.#start || this.#connection?.hasMore !== false;
  }

  #fail(why: NearFailure): null {
    this.failure ??= why;
    return null;
  }

  /** The next message, valid until the next call; `undefined` when none comes. */
  #next(maxChunkBytes: number): Message | undefined {
    if (!this.#gather(MESSAGE_HEADER_BYTES)) return undefined;
    const header = this.#buffer.subarray(this.#start, this.#start + MESSAGE_HEADER_BYTES);
    const size = messageSize(viewOf(header), maxChunkBytes);
    if (!this.#gather(size)) return undefined;
    this.#start += size;
    return decodeMessage(this.#buffer.subarray(this.#start - size, this.#start));
  }

  /** Waits until so many bytes have come, and says whether they have. */
  #gather(count: number): boolean {
    this.#makeRoom(count);
    const { stopped, idleTimeoutMs, greetingTimeoutMs } = this.#requests!;
    const timeoutMs = this.#hasGreeted ? idleTimeoutMs : greetingTimeoutMs;
    let windowStart = performance.now();
    let windowBytes = 0;
    while (this.#end - this.#start < count) {
      if (Atomics.load(stopped, 0) !== 0) this.#fail("unusual");
      if (this.failure !== undefined) return false;
      const start = performance.now();
      const received = this.#connection === null
        ? 0
        : this.#connection.receive(this.#buffer.subarray(this.#end), false) ?? "nothing yet";
      if (received !== "nothing yet") {
        if (received <= 0) return false;
        this.#end += received;
        windowBytes += received;
      }
      const now = performance.now();
      if (now - start > STOPPED_MS) windowStart = now;
      if (now - windowStart < timeoutMs) continue;
      if (windowBytes < LEAST_RATE * timeoutMs) {
        this.#fail(this.#hasGreeted ? "slow" : "silent");
        return false;
      }
      windowStart = now;
      windowBytes = 0;
    }
    return true;
  }

  /** Makes the buffer hold so many bytes from the first on that was not taken. */
  #makeRoom(count: number): void {
    if (this.#start + count <= this.#buffer.length) return;
    const rest = this.#buffer.subarray(this.#start, this.#end);
    const target = count <= this.#buffer.length ? this.#buffer : new Uint8Array(count);
    target.set(rest);
    this.#buffer = target;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
