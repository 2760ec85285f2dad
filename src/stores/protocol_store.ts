/** A store at the other end of connections that speak the casync protocol: over ssh, as a rule. */
import type { ChunkId, StoredChunk } from "../chunk.ts";
import { DesyncError } from "../errors.ts";
import type { LimiterOptions } from "./limiter.ts";
import { type Connection, ProtocolClient, type SessionOptions } from "./protocol_client.ts";
import type { ChunkStore } from "./store.ts";

/** Options of {@linkcode ProtocolStore}. */
export interface ProtocolStoreOptions extends SessionOptions {
  /** Makes a connection. */
  readonly connect: () => Connection | Promise<Connection>;
  /** Connections at most. One fills a link; two use two processors for encryption. */
  readonly maxSessions: number;
}

/** Requests under way on a session before another is opened. */
const BUSY = 32;
/** Requests under way on one session: they fill 50 ms of a gigabit link. */
const REQUESTS_PER_SESSION = 64;

/** Opens sessions as they are needed, and another one for each that broke. */
export class ProtocolStore implements ChunkStore {
  readonly location: string;
  readonly limits: LimiterOptions;
  readonly #options: ProtocolStoreOptions;
  #sessions: Promise<ProtocolClient>[] = [];
  #open: ProtocolClient[] = [];
  #everOpened = false;

  constructor(options: ProtocolStoreOptions) {
    this.location = options.location;
    this.#options = options;
    const most = REQUESTS_PER_SESSION * options.maxSessions;
    this.limits = { start: Math.min(REQUESTS_PER_SESSION, most), max: most };
  }

  async get(id: ChunkId): Promise<StoredChunk | null> {
    const session = await this.#session();
    return await session.get(id);
  }

  /** The protocol has no way to ask but to fetch. */
  async has(id: ChunkId): Promise<boolean> {
    return await this.get(id) !== null;
  }

  async close(): Promise<void> {
    const sessions = this.#sessions;
    this.#sessions = [];
    this.#open = [];
    await Promise.all(sessions.map(async (opening) => {
      const session = await opening.catch(() => null);
      await session?.close();
    }));
  }

  /** The session with the least to do; a new one when all have much and there may be more. */
  async #session(): Promise<ProtocolClient> {
    this.#open = this.#open.filter((session) => !session.ended);
    const best = this.#open.reduce<ProtocolClient | undefined>(
      (least, session) => least === undefined || session.load < least.load ? session : least,
      undefined,
    );
    const opening = this.#sessions.length > this.#open.length;
    if (best === undefined) return await (opening ? this.#sessions.at(-1)! : this.#begin());
    if (best.load >= BUSY && !opening && this.#sessions.length < this.#options.maxSessions) {
      // Nobody waits for it: it is used when it is there. If it fails, the next request tries again.
      this.#begin().catch(() => {});
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
      return await ProtocolClient.open(await this.#options.connect(), this.#options);
    } catch (error) {
      // A first connection that fails is the user's to mend; one that fails later may come back.
      if (!(error instanceof DesyncError) || !this.#everOpened) throw error;
      throw new DesyncError(error.code, error.message, { cause: error, retriable: true });
    }
  }
}
