/** Items handed from one loop to another that takes them at its own pace. */

/** Holds a number of items; who adds more waits until some are taken. */
export class BoundedQueue<T> {
  readonly #most: number;
  readonly #items: T[] = [];
  #isClosed = false;
  #failure: { readonly error: unknown } | undefined;
  /** Wakes all who wait for a change. */
  #changed = Promise.withResolvers<void>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Adds an item, when there is room. Throws what the queue {@linkcode fail}ed with. */
  async add(item: T): Promise<void> {
    while (this.#failure === undefined && this.#items.length >= this.#most) await this.#changed.promise;
    this.#throwFailure();
    this.#items.push(item);
    this.#wake();
  }

  /** No more will be added. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Ends all waiting with this error. Returns what no one will take any more. */
  fail(error: unknown): T[] {
    this.#failure ??= { error };
    this.#wake();
    return this.#items.splice(0);
  }

  /**
   * What is there, as soon as there is one, until the queue is closed and empty: at a time up to `count` items, which
   * together weigh no more than `most` unless one alone does.
   */
  async *groups(
    count: number | (() => number),
    most: number = Infinity,
    weigh: (item: T) => number = () => 1,
  ): AsyncGenerator<T[], void> {
    while (true) {
      this.#throwFailure();
      if (this.#items.length > 0) {
        const now = typeof count === "number" ? count : count();
        const group = this.#items.splice(0, this.#countOfGroup(now, most, weigh));
        this.#wake();
        yield group;
      } else if (this.#isClosed) return;
      else await this.#changed.promise;
    }
  }

  #countOfGroup(count: number, most: number, weigh: (item: T) => number): number {
    let sum = 0;
    for (let i = 0; i < Math.min(count, this.#items.length); i++) {
      sum += weigh(this.#items[i]);
      if (sum > most) return Math.max(i, 1);
    }
    return count;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
