/**
 * A map whose entries come and go all the time, such as what is under way.
 *
 * A `Map` of V8 moves to a new table every so many deletions, and the old table points to it. Once one has been promoted to
 * the old generation, each collection of the young one takes it for alive until the old one is collected as well, and with it
 * all tables that follow and what was in them: everything that came and went. The young generation grows for that to its
 * largest size, which takes 50 MB. A new `Map` every so many deletions is pointed to by none.
 */
export class TurnoverMap<K, V> {
  #entries = new Map<K, V>();
  #deleted = 0;

  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value);
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    if (!this.#entries.delete(key)) return false;
    this.#deleted++;
    // Each entry that stays is copied once for each that was deleted, at most.
    if (this.#deleted >= Math.max(LEAST_DELETED, this.#entries.size)) {
      this.#entries = new Map(this.#entries);
      this.#deleted = 0;
    }
    return true;
  }

  clear(): void {
    this.#entries = new Map();
    this.#deleted = 0;
  }

  /** In the order in which they came, as they are now. */
  values(): V[] {
    return [...this.#entries.values()];
  }
}

/** Deletions before the entries are copied. */
const LEAST_DELETED = 64;
