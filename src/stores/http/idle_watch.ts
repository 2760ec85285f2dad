/** How long the other end of a connection may be silent, and how slow it may be. */
import { onAbort } from "../../core/on_abort.ts";
import { SharedTimer, type Waiter } from "../../core/shared_timer.ts";

/** How long that is unless somebody says otherwise, in milliseconds. */
export const DEFAULT_IDLE_TIMEOUT_MS = 60_000;

/** A timer that is so late shows that this program was not able to read, in milliseconds. */
const BUSY_MS = 100;

/**
 * What trickles in more slowly than this counts as silent. Low enough for many requests at a time over the slowest of
 * links, and high enough that a byte now and then is not taken for an answer.
 */
export const LEAST_BYTES_PER_SECOND = 100;

/** For all requests: most are over long before they are due. */
const timer = new SharedTimer();

/** What an error says of a host that was silent for so long. */
export function silenceOf(milliseconds: number): string {
  return `no answer for ${milliseconds / 1000} seconds`;
}

/** How much longer than silence may last the bytes may take, in milliseconds. */
export function leastRateMs(bytes: number): number {
  return bytes * 1000 / LEAST_BYTES_PER_SECOND;
}

/**
 * Ends a request whose other end has been silent or too slow for too long, or that the caller aborted.
 *
 * There is a stock of patience, full at first: time uses it up, and bytes give back as much as they may take at the least
 * rate. Silence ends it, and so does what trickles; what pauses but is fast enough on the whole does not.
 */
export class IdleWatch {
  readonly milliseconds: number;
  timedOut = false;
  readonly #controller = new AbortController();
  readonly #forgetOuter: () => void;
  readonly #waiter: Waiter = { due: 0, ring: (now) => this.#look(now) };
  /** When patience is at its end, while something is expected. */
  #deadline = 0;
  /** What was left of it, while nothing is. */
  #paused: number | undefined;
  #lastBytes = -Infinity;

  /** Begins with full patience of so many milliseconds. */
  constructor(milliseconds: number = DEFAULT_IDLE_TIMEOUT_MS, outer?: AbortSignal) {
    this.milliseconds = milliseconds;
    this.#forgetOuter = onAbort(outer, () => this.#controller.abort());
    this.touch();
    this.#wait(performance.now(), milliseconds);
  }

  /** What the request is made with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the other end did wrong, for a message. */
  get complaint(): string {
    const seconds = `${this.milliseconds / 1000} seconds`;
    const silent = performance.now() - this.#lastBytes >= this.milliseconds;
    return silent
      ? silenceOf(this.milliseconds)
      : `less than ${LEAST_BYTES_PER_SECOND} bytes a second for ${seconds}`;
  }

  /**
   * Something that was waited for is complete: patience is full again. Starts no timer, being called often: the one that
   * runs looks how much is left. `grace` is how much longer the next thing may take, in milliseconds.
   */
  touch(grace = 0): void {
    this.#paused = undefined;
    this.#deadline = performance.now() + this.milliseconds + grace;
  }

  /** So many bytes came. */
  received(bytes: number): void {
    const now = performance.now();
    this.#lastBytes = now;
    this.#deadline = Math.min(now + this.milliseconds, this.#deadline + leastRateMs(bytes));
  }

  /** Nothing is expected until {@linkcode resume} or {@linkcode touch}. */
  pause(): void {
    this.#paused ??= this.#deadline - performance.now();
  }

  /** The same is expected again that was before. */
  resume(): void {
    if (this.#paused === undefined) return;
    this.#deadline = performance.now() + this.#paused;
    this.#paused = undefined;
  }

  #wait(now: number, milliseconds: number): void {
    this.#waiter.due = now + milliseconds;
    timer.add(this.#waiter);
  }

  #look(now: number): void {
    const late = now - this.#waiter.due;
    // What came while this program was busy, or stopped, has yet to be read.
    if (late > BUSY_MS) this.#deadline = Math.max(this.#deadline, now + Math.min(late, this.milliseconds));
    const left = this.#paused === undefined ? this.#deadline - now : this.milliseconds;
    if (left > 0) return this.#wait(now, Math.min(left, this.milliseconds));
    this.timedOut = true;
    this.#controller.abort();
  }

  /** The request is over. */
  stop(): void {
    timer.delete(this.#waiter);
    this.#forgetOuter();
  }
}
