/** Sessions with one host, opened as they are needed. */
import { DesyncError } from "../../core/errors.ts";

/** What is open until it fails or is closed. */
export interface Session {
  /** Requests that wait for an answer. */
  readonly load: number;
  /** Whether it cannot be used any more. */
  readonly ended: boolean;
  /** Resolves when it has ended, whatever the reason. */
  readonly finished: Promise<void>;
  close(): Promise<void>;
}

/** Options of {@linkcode SessionPool}. */
export interface SessionPoolOptions<S> {
  /** Opens one; the signal ends that. */
  readonly open: (signal: AbortSignal) => Promise<S>;
  /** Sessions at most. One fills a link; two use two processors for encryption. */
  readonly maxSessions: number;
  /** Pending requests on a session before another is opened. */
  readonly busy: number;
}

/** Opens sessions as they are needed, and another one for each that broke. */
export class SessionPool<S extends Session> implements AsyncDisposable {
  readonly #options: SessionPoolOptions<S>;
  #sessions: Promise<S>[] = [];
  #open: S[] = [];
  readonly #closing = new AbortController();
  #maxSessions: number;
  #everOpened = false;

  /** Opens the first session when it is needed. */
  constructor(options: SessionPoolOptions<S>) {
    this.#options = options;
    this.#maxSessions = options.maxSessions;
  }

  /**
   * The session with the least to do; a new one when all have much and there may be more. At once where that is possible:
   * the next one who asks has to see how much it has to do.
   */
  session(): S | Promise<S> {
    this.#open = this.#open.filter((session) => !session.ended);
    const best = this.#open.reduce<S | undefined>(
      (least, session) => least === undefined || session.load < least.load ? session : least,
      undefined,
    );
    const opening = this.#sessions.length > this.#open.length;
    if (best === undefined) return opening ? this.#sessions.at(-1)! : this.#begin();
    if (best.load >= this.#options.busy && !opening && this.#sessions.length < this.#maxSessions) {
      // It is not waited for: it is used when it is there. A host that wants no more gets no more.
      this.#begin().catch(() => {
        this.#maxSessions = Math.max(1, this.#open.length);
      });
    }
    return best;
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

  #begin(): Promise<S> {
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

  #forget(session: Promise<S>): void {
    this.#sessions = this.#sessions.filter((other) => other !== session);
  }

  async #connect(): Promise<S> {
    try {
      return await this.#options.open(this.#closing.signal);
    } catch (error) {
      // A first connection that fails is the user's to mend; one that fails later may come back.
      if (!(error instanceof DesyncError) || !this.#everOpened) throw error;
      throw error.with({ retriable: true });
    }
  }
}
