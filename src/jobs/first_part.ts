/** A chunk that occurs very often is delivered in parts: the first brings it, the others copy what that wrote. */
export class FirstPart {
  /** A place of the chunk in the blob that the first part writes. */
  readonly offset: number;
  readonly #delivered = Promise.withResolvers<void>();
  #source = "";

  constructor(offset: number) {
    this.offset = offset;
    // Nobody may be waiting when it fails.
    this.#delivered.promise.catch(() => {});
  }

  /** What the chunk came from, once it is {@linkcode delivered}. */
  get source(): string {
    return this.#source;
  }

  /** Resolves when the chunk is at its place. Throws what kept it from getting there. */
  get delivered(): Promise<void> {
    return this.#delivered.promise;
  }

  /** The chunk is at its place. */
  deliver(source: string): void {
    this.#source = source;
    this.#delivered.resolve();
  }

  /** It will not get there. */
  fail(error: unknown): void {
    this.#delivered.reject(error);
  }
}
