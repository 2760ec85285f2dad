/** One timer for many that wait for about as long: setting and clearing one for each takes ten times as long. */

/** What every runtime takes. A timer that goes off before anything is due is set again. */
const MOST_MS = 2 ** 31 - 1;

/** Something that waits. */
export interface Waiter {
  /** When it is due, by `performance.now()`. Only to be made later while it waits. */
  due: number;
  /** Called when it is due, or a little later. It waits no more then, unless it is added again. */
  ring(now: number): void;
}

/**
 * Those that wait, and the timer for the first of them: AbortSignal's, since Deno takes 4 ms to load setTimeout, which short
 * jobs can do without.
 */
export class SharedTimer {
  readonly #waiters = new Set<Waiter>();
  #timer: AbortSignal | undefined;
  /** When the timer is due. */
  #due = Infinity;
  readonly #onTime = () => this.#ring();

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
    if (waiter.due < this.#due) this.#set(waiter.due);
    else if (this.#waiters.size === 1) this.#listen();
  }

  /** When nothing waits any more, the timer is not listened to: it goes on, but no program waits for its end. */
  delete(waiter: Waiter): void {
    if (this.#waiters.delete(waiter) && this.#waiters.size === 0) this.#ignore();
  }

  #set(due: number): void {
    this.#ignore();
    this.#due = due;
    this.#timer = AbortSignal.timeout(Math.min(MOST_MS, Math.max(0, Math.ceil(due - performance.now()))));
    this.#listen();
  }

  #listen(): void {
    // It may have gone off while nothing waited.
    if (this.#timer?.aborted) this.#ring();
    else this.#timer?.addEventListener("abort", this.#onTime);
  }

  #ignore(): void {
    this.#timer?.removeEventListener("abort", this.#onTime);
  }

  #ring(): void {
    const now = performance.now();
    for (const waiter of [...this.#waiters]) {
      // One that rings may end others.
      if (waiter.due <= now && this.#waiters.delete(waiter)) waiter.ring(now);
    }
    let next = Infinity;
    for (const { due } of this.#waiters) next = Math.min(next, due);
    this.#due = Infinity;
    if (next < Infinity) this.#set(next);
  }
}
