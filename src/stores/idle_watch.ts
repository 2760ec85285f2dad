/** How long a server may be silent. */

const DEFAULT_IDLE_TIMEOUT_MS = 60_000;

/** Ends a request that has been silent for too long, or that the caller gave up. */
export class IdleWatch {
  readonly milliseconds: number;
  timedOut = false;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #giveUp = () => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastTouch = 0;

  constructor(milliseconds = DEFAULT_IDLE_TIMEOUT_MS, outer?: AbortSignal) {
    this.milliseconds = milliseconds;
    this.#outer = outer;
    outer?.addEventListener("abort", this.#giveUp);
    if (outer?.aborted) this.#giveUp();
    this.touch();
    this.#wait(milliseconds);
  }

  /** What the request is made with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Called for every piece, so it starts no timer: the one that runs looks when it was last. `grace` is how much longer
   * the next piece may take, in milliseconds.
   */
  touch(grace = 0): void {
    this.#lastTouch = performance.now() + grace;
  }

  /** Nothing is expected until the next touch. */
  pause(): void {
    this.#lastTouch = Infinity;
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      const left = this.#lastTouch + this.milliseconds - performance.now();
      if (left > 0) return this.#wait(Math.min(left, this.milliseconds));
      this.timedOut = true;
      this.#controller.abort();
    }, milliseconds);
  }

  /** The request is over. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#giveUp);
  }
}
