/**
 * The limit of concurrent requests adapts to the link.
 *
 * It starts low and doubles for as long as requests take hardly longer than the fastest one did: then they mostly wait
 * for the way to the server, and more of them can wait at the same time. It also doubles while that brings clearly more
 * bytes a second, since some servers take their time for each request. The bytes alone do not show it: parts of a blob
 * that compress well bring few of them. On a short way both stop early.
 */

/** Bounds of the limit. */
export interface LimiterOptions {
  /** Requests in flight at first. */
  readonly start: number;
  /** Requests in flight at most. */
  readonly max: number;
}

/** The default. */
export const DEFAULT_LIMITS: LimiterOptions = { start: 16, max: 128 };

/** The bounds for a store that may have so many concurrent requests, and so many connections. */
export function limitsFor(
  { concurrency = DEFAULT_LIMITS.max, connections = Infinity }: {
    concurrency?: number;
    connections?: number;
  },
): LimiterOptions {
  const max = Math.min(concurrency, connections);
  return { start: Math.min(DEFAULT_LIMITS.start, max), max };
}

/** Requests that take less than so many times the shortest one mostly wait for the way. */
const HARDLY_LONGER = 1.75;
/** Otherwise doubling has to bring this much more, or the limit stays. */
const WORTHWHILE_GAIN = 1.4;
/** Rounds without gain after which the limit stays. */
const PATIENCE = 3;

/** Lets requests start and learns from those that ended. */
export class Limiter {
  /** How many may ever be in flight. */
  readonly max: number;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #inFlight = 0;
  #bestRate = 0;
  #patience = PATIENCE;
  readonly #now: () => number;
  #shortest = Infinity;
  #roundStart: number;
  #roundRequests = 0;
  #roundBytes = 0;
  #roundDurations = 0;

  /** `now` gives the time in milliseconds: tests have their own. */
  constructor(options: LimiterOptions = DEFAULT_LIMITS, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#roundStart = now();
    this.max = options.max;
    this.#limit = Math.min(options.start, options.max);
  }

  /** How many may be in flight now. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * Runs the request when there is room for it. `bytesOf` says how many bytes it moved; from one that is not about bytes
   * (`undefined`) nothing is learned, nor from one that fails: how long a refusal takes says nothing of the link.
   */
  async run<T>(request: () => Promise<T>, bytesOf: (result: T) => number | undefined): Promise<T> {
    const waiting = this.#enter();
    if (waiting !== undefined) await waiting;
    let bytes: number | undefined;
    const start = this.#now();
    try {
      const result = await request();
      bytes = bytesOf(result);
      return result;
    } finally {
      if (bytes !== undefined) this.#learn(bytes, this.#now() - start);
      this.#release();
    }
  }

  /**
   * Runs work that makes requests by itself, with as many of `most` places as are free. It waits for the first of them.
   * Nothing is learned from it.
   */
  async hold<T>(most: number, work: (places: number) => Promise<T>): Promise<T> {
    const waiting = this.#enter();
    if (waiting !== undefined) await waiting;
    const more = Math.max(0, Math.min(most - 1, this.#limit - this.#inFlight));
    this.#inFlight += more;
    try {
      return await work(1 + more);
    } finally {
      this.#inFlight -= more;
      this.#release();
    }
  }

  /** Takes a place, at once or when the promise is resolved. */
  #enter(): Promise<void> | undefined {
    if (this.#inFlight >= this.#limit) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#inFlight++;
    return undefined;
  }

  /** A request ended: its place goes to those who wait, and so do the places that the limit has grown by. */
  #release(): void {
    this.#inFlight--;
    while (this.#inFlight < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inFlight++;
      next();
    }
  }

  #learn(bytes: number, duration: number): void {
    this.#shortest = Math.min(this.#shortest, duration);
    this.#roundRequests++;
    this.#roundBytes += bytes;
    this.#roundDurations += duration;
    if (this.#patience === 0 || this.#limit >= this.max || this.#roundRequests < this.#limit) return;
    const now = this.#now();
    const rate = this.#roundBytes / Math.max(1, now - this.#roundStart);
    if (this.#roundDurations < HARDLY_LONGER * this.#shortest * this.#roundRequests) {
      this.#grow(rate);
    } else if (this.#roundRequests < 2 * this.#limit) {
      return;
    } else if (rate > this.#bestRate * WORTHWHILE_GAIN) {
      this.#grow(rate);
    } else {
      this.#patience--;
    }
    this.#roundStart = now;
    this.#roundRequests = 0;
    this.#roundBytes = 0;
    this.#roundDurations = 0;
  }

  #grow(rate: number): void {
    this.#bestRate = Math.max(rate, this.#bestRate);
    this.#limit = Math.min(this.max, this.#limit * 2);
    this.#patience = PATIENCE;
  }
}
