/** Names that came up lately, in bounded memory: about the last so many, at least half of them. */
export class RecentNames {
  readonly #half: number;
  #newer = new Set<string>();
  #older = new Set<string>();

  /** Remembers so many names at most. */
  constructor(most: number) {
    this.#half = most / 2;
  }

  /** Notes the name. Whether it came up lately. */
  note(name: string): boolean {
    const isKnown = this.#newer.has(name) || this.#older.has(name);
    this.#newer.add(name);
    if (this.#newer.size >= this.#half) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    return isKnown;
  }
}
