/** Chunks with very many places, in parts. */
import type { Origin } from "../core/origin.ts";

/** A chunk that occurs very often is delivered in parts: the first brings it, the others copy what that wrote. */
export class FirstPart {
  /** A place of the chunk in the blob that the first part writes. */
  readonly offset: number;
  readonly #delivered = Promise.withResolvers<void>();
  #origin: Origin | undefined;

  constructor(offset: number) {
    this.offset = offset;
    // Nothing may be waiting when it fails.
    this.#delivered.promise.catch(() => {});
  }

  /** What the chunk came from, once it is {@linkcode delivered}. */
  get origin(): Origin | undefined {
    return this.#origin;
  }

  /** Resolves when the chunk is at its place. Throws what kept it from getting there. */
  get delivered(): Promise<void> {
    return this.#delivered.promise;
  }

  /** The chunk is at its place. */
  deliver(origin: Origin): void {
    this.#origin = origin;
    this.#delivered.resolve();
  }

  /** It will not get there. */
  fail(error: unknown): void {
    this.#delivered.reject(error);
  }
}
