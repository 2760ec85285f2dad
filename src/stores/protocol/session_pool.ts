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
  /** Opens one; the signal ends that. The pool can do without one that `isFurther`. */
  readonly open: (signal: AbortSignal, isFurther: boolean) => Promise<S>;
  /** Sessions at most. One fills a link; two use two processors for encryption. */
  readonly maxSessions: number;
  /** Requests that wait for a session, or on one, before another is opened. */
  readonly busy: number;
}

/** Opens sessions as they are needed, and another one for each that broke. */
export class SessionPool<S extends Session> implements AsyncDisposable {
  readonly #options: SessionPoolOptions<S>;
  #sessions: Promise<S>[] = [];
  #open: S[] = [];
  /** The session that is waited for while none is open, and how many requests do so. */
  #first: Promise<S> | undefined;
  #waiting = 0;
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
    if (best === undefined) return this.#firstSession();
    if (best.load >= this.#options.busy) this.#beginFurther();
    return best;
  }

  #firstSession(): Promise<S> {
    if (this.#first === undefined) {
      const first = this.#first = this.#begin(false);
      this.#waiting = 0;
      const settled = () => {
        if (this.#first === first) this.#first = undefined;
      };
      first.then(settled, settled);
    }
    // Connecting takes long: the second one is not begun after the first, but beside it.
    if (++this.#waiting > this.#options.busy) this.#beginFurther();
    return this.#first;
  }

  /** It is not waited for: it is used when it is there. A host that wants no more gets no more. */
  #beginFurther(): void {
    const opening = this.#sessions.length - this.#open.length - (this.#first === undefined ? 0 : 1);
    if (opening > 0 || this.#sessions.length >= this.#maxSessions) return;
    this.#begin(true).catch(() => {
      this.#maxSessions = Math.max(1, this.#open.length);
    });
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

  #begin(isFurther: boolean): Promise<S> {
    const session = this.#connect(isFurther);
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

  async #connect(isFurther: boolean): Promise<S> {
    try {
      return await this.#options.open(this.#closing.signal, isFurther);
    } catch (error) {
      // A first connection that fails is the user's to mend; one that fails later may come back.
      if (!(error instanceof DesyncError) || !this.#everOpened) throw error;
      throw error.with({ retriable: true });
    }
  }
}
