/** What could not be restored: counted by kind, so that each is said once and none is silent. */

/** One kind of loss. */
export interface Loss {
  /** As in "the owners of 12 files were not restored". */
  readonly what: string;
  /** How many files it happened to. */
  count: number;
  /** The first that it happened to, and why. */
  readonly path: string;
  /** Why, in the system's words. */
  readonly reason: string;
}

/** Counts losses. */
export class Losses {
  readonly #losses = new Map<string, Loss>();

  /** In the order in which they first happened. */
  get all(): Loss[] {
    return [...this.#losses.values()];
  }

  /** Counts one. `path` is asked for only when it is the first of its kind. */
  add(what: string, path: () => string, reason: string): void {
    const loss = this.#losses.get(what);
    if (loss === undefined) this.#losses.set(what, { what, count: 1, path: path(), reason });
    else loss.count++;
  }
}
