/** A store at the other end of connections that speak the casync protocol: usually over ssh. */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import { abortable } from "../../core/abortable.ts";
import { type Connection, ProtocolClient, type SessionOptions } from "./protocol_client.ts";
import type { ChunkStore, RequestOptions, StoreProperties } from "../store.ts";

/** Options of {@linkcode ProtocolStore}. */
export interface ProtocolStoreOptions extends SessionOptions {
  /** Makes a connection. */
  readonly connect: () => Connection | Promise<Connection>;
  /** Connections at most. One fills a link; two use two processors for encryption. */
  readonly maxSessions: number;
}

/** Pending requests on a session before another is opened. */
const BUSY = 32;
/** Pending requests on one session: they fill 50 ms of a gigabit link. */
const REQUESTS_PER_SESSION = 64;

/**
 * Opens sessions as they are needed, and another one for each that broke.
 *
 * @example A store at the other end of two streams
 * ```ts
 * import { ProtocolStore, serveChunks } from "@desync/desync";
 * import { LocalStore, nativeCodec } from "@desync/desync/deno";
 *
 * // In real life there is a network between the two.
 * const served = new LocalStore("testdata/casync-zstd.castr");
 * const connect = () => {
 *   const toServer = new TransformStream<Uint8Array, Uint8Array>();
 *   const toClient = new TransformStream<Uint8Array, Uint8Array>();
 *   const options = { codec: nativeCodec, onProblem: console.warn };
 *   const done = serveChunks(served, toServer.readable, toClient.writable, options);
 *   return {
 *     readable: toClient.readable,
 *     writable: toServer.writable,
 *     diagnose: () => Promise.resolve(""),
 *     close: () => done,
 *   };
 * };
 * await using store = new ProtocolStore({ location: "there", idleTimeoutMs: 5000, maxSessions: 1, connect });
 * const chunk = await store.get("16b1c96db6c7d6f593e18793030220c1c43918fd1b3b102804c10ef55213260b");
 * if (chunk?.form !== "compressed") throw new Error("it comes as it lies there");
 * ```
 */
export class ProtocolStore implements ChunkStore {
  readonly properties: StoreProperties;
  readonly #options: ProtocolStoreOptions;
  #sessions: Promise<ProtocolClient>[] = [];
  #open: ProtocolClient[] = [];
  readonly #closing = new AbortController();
  #maxSessions: number;
  #everOpened = false;

  /** Connects when the first chunk is asked for. */
  constructor(options: ProtocolStoreOptions) {
    this.#options = options;
    this.#maxSessions = options.maxSessions;
    const most = REQUESTS_PER_SESSION * options.maxSessions;
    const concurrency = { start: Math.min(REQUESTS_PER_SESSION, most), max: most };
    this.properties = { location: options.location, concurrency, probe: "by-get" };
  }

  async get(id: ChunkId, { signal }: RequestOptions = {}): Promise<StoredChunk | null> {
    return await abortable(async () => {
      const session = this.#session();
      // At once where that is possible: the next one who asks has to see how much it has to do.
      return await (session instanceof ProtocolClient ? session : await session).get(id);
    }, signal);
  }

  /** The protocol has no way to ask but to fetch. */
  async has(id: ChunkId, options?: RequestOptions): Promise<boolean> {
    return await this.get(id, options) !== null;
  }

  async storedSize(id: ChunkId, options?: RequestOptions): Promise<number | null> {
    return (await this.get(id, options))?.bytes.length ?? null;
  }

  /** Ends all sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const sessions = this.#sessions;
    this.#sessions = [];
    this.#open = [];
    await Promise.all(sessions.map(async (opening) => {
      const session = await opening.catch(() => null);
      await session?.close();
    }));
  }

  /** The session with the least to do; a new one when all have much and there may be more. */
  #session(): ProtocolClient | Promise<ProtocolClient> {
    this.#open = this.#open.filter((session) => !session.ended);
    const best = this.#open.reduce<ProtocolClient | undefined>(
      (least, session) => least === undefined || session.load < least.load ? session : least,
      undefined,
    );
    const opening = this.#sessions.length > this.#open.length;
    if (best === undefined) return opening ? this.#sessions.at(-1)! : this.#begin();
    if (best.load >= BUSY && !opening && this.#sessions.length < this.#maxSessions) {
      // It is not waited for: it is used when it is there. A host that wants no more gets no more.
      this.#begin().catch(() => {
        this.#maxSessions = Math.max(1, this.#open.length);
      });
    }
    return best;
  }

  #begin(): Promise<ProtocolClient> {
    const session = this.#connect();
    this.#sessions.push(session);
    session.then(
      (open) => {
        this.#everOpened = true;
        this.#open.push(open);
        open.finished.then(() => this.#forget(session));
      },
      () => this.#forget(session),
    );
    return session;
  }

  #forget(session: Promise<ProtocolClient>): void {
    this.#sessions = this.#sessions.filter((other) => other !== session);
  }

  async #connect(): Promise<ProtocolClient> {
    try {
      return await ProtocolClient.open(await this.#options.connect(), this.#options, this.#closing.signal);
    } catch (error) {
      // A first connection that fails is the user's to mend; one that fails later may come back.
      if (!(error instanceof DesyncError) || !this.#everOpened) throw error;
      throw error.with({ retriable: true });
    }
  }
}
