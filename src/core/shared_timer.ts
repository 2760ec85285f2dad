/** One timer for many that wait for about as long: setting and clearing one for each takes ten times as long. */

/** Something that waits. */
export interface Waiter {
  /** When it is due, by `performance.now()`. Only to be made later while it waits. */
  due: number;
  /** Called when it is due, or a little later. It waits no more then, unless it is added again. */
  ring(now: number): void;
}

/** Those that wait, and the timer for the first of them. */
export class SharedTimer {
  readonly #waiters = new Set<Waiter>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer is due. */
  #due = Infinity;

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
    if (waiter.due < this.#due) this.#set(waiter.due);
  }

  /** Nothing stays behind when nothing waits any more. */
  delete(waiter: Waiter): void {
    if (this.#waiters.delete(waiter) && this.#waiters.size === 0) this.#set(Infinity);
  }

  #set(due: number): void {
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = due === Infinity
      ? undefined
      : setTimeout(() => this.#ring(), Math.max(0, due - performance.now()));
  }

  #ring(): void {
    const now = performance.now();
    for (const waiter of [...this.#waiters]) {
      // One that rings may end others.
      if (waiter.due <= now && this.#waiters.delete(waiter)) waiter.ring(now);
    }
    let next = Infinity;
    for (const { due } of this.#waiters) next = Math.min(next, due);
    this.#set(next);
  }
}
