/**
 * Sessions of casync's protocol in which workers read the answers themselves: chunks do not pass the main thread, which sends
 * the requests. It has no sessions of its own meanwhile. Anything but a chunk or its absence ends these for good, and the main
 * thread, which has the words and the patience for it, requests what did not come.
 */
import { concat } from "../../core/bytes.ts";
import type { ChunkId } from "../../core/chunk.ts";
import { encodeMessage, WANTS_CHUNKS } from "../../formats/protocol.ts";
import { DEFAULT_IDLE_TIMEOUT_MS } from "../http/idle_watch.ts";
import type { NearFailure, NearSessionRequest, NearStore, NearTurn } from "../store.ts";

/** A connection at whose socket workers wait. */
export interface WorkerConnection {
  /** The number of the socket in this process. */
  readonly socket: number;
  /** Whether all of the bytes could be sent at once. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean;
  /** Whether who waits at the socket need not wait: something has come, or nothing will. */
  readonly isReady: boolean;
  /** Ends it, when no worker waits at it any more. */
  close(): Promise<void>;
}

/** How such sessions are opened. */
export interface NearSessionsOptions {
  /** Makes a connection that asks the user for nothing; `null` where that cannot be done. */
  readonly connect: () => WorkerConnection | null;
  readonly maxSessions: number;
  /** Requests that wait for their answers in one session. */
  readonly maxRequests: number;
  readonly idleTimeoutMs?: number;
}

/** A host that falls silent is left to the main thread after so long, in milliseconds. */
const IDLE_TIMEOUT_MS = 20_000;

/** A turn that takes no longer is quick, in milliseconds. */
const QUICK_MS = 500;

/** So many may be on their way at a time: hosts refuse to start many at once. */
const AT_ONCE = 2;

/** Numbers of sessions: workers know them by these. */
let lastNumber = 0;

/** All such sessions with one store, opened as they are needed. */
export class NearSessions implements NearStore {
  found = false;
  readonly #options: NearSessionsOptions;
  #sessions: NearSession[] = [];
  /** How many were opened, those that are over included: a host that wants no more gets no more. */
  #begun = 0;
  #isOver = false;
  #isSilent = false;
  #isRefused = false;
  /** Whether the last turn took no more than a moment, though others had to come before it. */
  #isQuick = false;
  /** Those who wait for room in a session. */
  readonly #waiting: (() => void)[] = [];
  readonly #closing: Promise<void>[] = [];
  #ending: Promise<void> | undefined;

  constructor(options: NearSessionsOptions) {
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the host let none in, and did not answer for as long as it may be silent: to ask once more would double that. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  get isNear(): boolean {
    return !this.#isOver && this.#isQuick;
  }

  prepare(): void {
    while (this.#mayBegin) this.#begin();
  }

  async turn<T>(
    { ids, sessionWorkers }: NearTurn,
    work: (request: NearSessionRequest) => Promise<T>,
  ): Promise<T | undefined> {
    if (sessionWorkers === 0) this.#isOver = true;
    while (true) {
      const session = await this.#room(ids.length);
      if (session === undefined) return undefined;
      let result: T | undefined;
      try {
        if (session.request(ids)) {
          const start = performance.now();
          result = await work(this.#requestFor(session, sessionWorkers));
          this.#isQuick = session.isOpen && performance.now() - start < QUICK_MS;
          session.isOpen ||= session.failure === undefined;
        } else this.#failed(session, session.isOpen ? "unusual" : "refused");
      } catch (error) {
        // The worker may have read a part of an answer.
        this.#isOver = true;
        throw error;
      } finally {
        session.pending -= ids.length;
        if (session.failure !== undefined) this.#close(session);
        for (const wake of this.#waiting.splice(0)) wake();
      }
      // Another session may have been let in.
      if (!session.isShut || this.#isOver) return result;
    }
  }

  report(failure: NearFailure | undefined, { session: number }: NearSessionRequest): void {
    const session = this.#sessions.find((other) => other.number === number);
    if (failure !== undefined && session !== undefined) this.#failed(session, failure);
  }

  #failed(session: NearSession, failure: NearFailure): void {
    session.failure ??= failure;
    // It would refuse the next one as well, and count how often it did.
    if (session.isShut) this.#begun = this.#options.maxSessions;
    const isLast = this.#sessions.every((other) => other.failure !== undefined);
    // The others have been waited for as long. A host that refused one has something to say to the main thread.
    this.#isRefused ||= failure === "refused";
    this.#isSilent ||= failure === "silent" && !this.#isRefused &&
      this.#sessions.every(({ isOpen }) => !isOpen);
    if (!session.isShut || isLast || this.#isSilent) this.#isOver = true;
  }

  #requestFor(session: NearSession, workers: number): NearSessionRequest {
    const { idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS } = this.#options;
    return {
      kind: "session",
      session: session.number,
      worker: session.place % workers,
      socket: session.connection.socket,
      idleTimeoutMs: Math.min(idleTimeoutMs, IDLE_TIMEOUT_MS),
      greetingTimeoutMs: idleTimeoutMs,
    };
  }

  /** Ends them for good, when what was requested has come; `undefined` when there are none. */
  end(): Promise<void> | undefined {
    this.#isOver = true;
    if (this.#sessions.length === 0 && this.#closing.length === 0) return undefined;
    return this.#ending ??= this.#endAll();
  }

  async #endAll(): Promise<void> {
    while (this.#sessions.some(({ pending }) => pending > 0)) await this.#change();
    for (const session of this.#sessions) this.#close(session);
    await Promise.all(this.#closing);
    this.#closing.length = 0;
  }

  /** A session that has room for so many requests, when there is one: that with the least to do, or a new one. */
  async #room(count: number): Promise<NearSession | undefined> {
    while (!this.#isOver) {
      const best = this.#usable().sort((one, other) => one.pending - other.pending).at(0);
      const pending = best?.pending ?? Infinity;
      if (pending > 0 && this.#mayBegin) this.#begin();
      else if (best !== undefined && (pending === 0 || pending + count <= this.#options.maxRequests)) {
        best.pending += count;
        return best;
      } else await this.#change();
    }
    return undefined;
  }

  /**
   * Once one is open, another is used when it is let in, not before: the worker that waited for that would leave what comes in
   * its other sessions.
   */
  #usable(): NearSession[] {
    const sessions = this.#sessions.filter(({ failure }) => failure === undefined);
    const isAnyOpen = sessions.some(({ isOpen }) => isOpen);
    return sessions.filter(({ isOpen, pending, connection }) =>
      isOpen || !isAnyOpen || (pending === 0 && connection.isReady)
    );
  }

  get #mayBegin(): boolean {
    const connecting = this.#sessions.filter(({ isOpen }) => !isOpen);
    return !this.#isOver && this.#begun < this.#options.maxSessions && connecting.length < AT_ONCE;
  }

  #begin(): void {
    const connection = this.#options.connect();
    if (connection === null) {
      // Where there is none, there never will be.
      this.#begun = this.#options.maxSessions;
      if (this.#sessions.length === 0) this.#isOver = true;
      return;
    }
    const session = new NearSession(connection, this.#begun++);
    session.greet();
    this.#sessions.push(session);
  }

  /** Resolves when there may be room, or all is over. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #close(session: NearSession): void {
    if (session.pending > 0) return;
    this.#sessions = this.#sessions.filter((other) => other !== session);
    this.#closing.push(session.close());
  }
}

/** One session. */
class NearSession {
  readonly number = ++lastNumber;
  /** Its place among those of the store. */
  readonly place: number;
  readonly connection: WorkerConnection;
  /** Requests that wait for their answers. */
  pending = 0;
  /** Whether answers have come. */
  isOpen = false;
  /** Why nothing more comes. */
  failure: NearFailure | undefined;

  /** Whether it was not let in. */
  get isShut(): boolean {
    return this.failure === "refused" || this.failure === "silent";
  }

  constructor(connection: WorkerConnection, place: number) {
    this.connection = connection;
    this.place = place;
  }

  /** Sends what comes first. Where it cannot be sent, requests cannot either. */
  greet(): void {
    this.connection.send(encodeMessage({ type: "hello", flags: WANTS_CHUNKS }));
  }

  /** Whether the requests could be sent. */
  request(ids: readonly ChunkId[]): boolean {
    const messages = ids.map((id) => encodeMessage({ type: "request", highPriority: false, ids: [id] }));
    return this.connection.send(concat(messages));
  }

  async close(): Promise<void> {
    if (this.failure === undefined) this.connection.send(encodeMessage({ type: "goodbye" }));
    await this.connection.close();
  }
}
