/** A store at the other end of connections that speak the casync protocol: usually over ssh. */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { abortable } from "../../core/abortable.ts";
import { DesyncError, interrupted } from "../../core/errors.ts";
import { DEFAULT_IDLE_TIMEOUT_MS, silenceOf } from "../http/idle_watch.ts";
import type { Connection } from "./connection.ts";
import { NearSessions, type WorkerConnection } from "./near_sessions.ts";
import { ProtocolClient, type SessionOptions } from "./protocol_client.ts";
import { SessionPool } from "./session_pool.ts";
import type { ChunkStore, RequestOptions, StoreProperties } from "../store.ts";

/** Options of {@linkcode ProtocolStore}. */
export interface ProtocolStoreOptions extends SessionOptions {
  /** Makes a connection. The store can do without one that `isFurther`: it must not ask the user for a password, say. */
  readonly connect: (isFurther: boolean) => Connection | Promise<Connection>;
  /**
   * Makes a connection that the program's workers read by themselves, which asks the user for nothing; `null` where that
   * cannot be done. Default: none is made.
   */
  readonly connectForWorkers?: () => WorkerConnection | null;
  /** Connections at most. One fills a link; two use two processors for encryption. */
  readonly maxSessions: number;
}

/** Requests that wait for a session, or on one, before another is opened. */
const BUSY = 32;
/** Pending requests on one session: their answers fill what ssh lets a host send ahead (2 MB). */
const REQUESTS_PER_SESSION = 128;

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
  readonly #sessions: SessionPool<ProtocolClient>;
  readonly #near: NearSessions | undefined;
  readonly #silence: DesyncError;

  /** Connects when the first chunk is asked for. */
  constructor(options: ProtocolStoreOptions) {
    const { maxSessions, idleTimeoutMs, connectForWorkers } = options;
    this.#sessions = new SessionPool({
      open: async (signal, isFurther) =>
        await ProtocolClient.open(await options.connect(isFurther), options, signal),
      maxSessions,
      busy: BUSY,
    });
    const most = REQUESTS_PER_SESSION * maxSessions;
    const concurrency = { start: Math.min(REQUESTS_PER_SESSION, most), max: most };
    this.#near = connectForWorkers && new NearSessions({
      connect: connectForWorkers,
      maxSessions,
      maxRequests: REQUESTS_PER_SESSION,
      idleTimeoutMs,
    });
    // As when a session is not opened in time: it is not tried again.
    this.#silence = new DesyncError("timeout", {
      reason: silenceOf(idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS),
      retriable: true,
    }).withContext({ action: "read from", subject: options.location, retriable: false });
    this.properties = { location: options.location, concurrency, probe: "by-get", near: this.#near };
  }

  async get(id: ChunkId, { signal }: RequestOptions = {}): Promise<StoredChunk | null> {
    return await abortable(async () => {
      // No more sessions than may be, and no two kinds of them: a host may have refused one.
      const ending = this.#near?.end();
      if (ending !== undefined) {
        await ending;
        if (signal?.aborted) throw interrupted();
      }
      if (this.#near?.isSilent) throw this.#silence;
      const session = this.#sessions.session();
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
    await Promise.all([this.#near?.end(), this.#sessions[Symbol.asyncDispose]()]);
  }
}
