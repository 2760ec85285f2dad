/** Long work on one thread, in turns: between them others are heard, such as Ctrl-C. */
import { interrupted } from "./errors.ts";

/** A turn, in milliseconds. */
const TURN_MS = 50;

/** Chunks of an index that are looked at before the clock is. */
export const SLICE = 10_000;

/** The turns of one job. */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  #began = performance.now();

  /** `signal` asks the job to stop. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is time to {@linkcode give} others their turn. Throws `interrupted` when the job has to stop. */
  get over(): boolean {
    if (this.#signal?.aborted) throw interrupted();
    return performance.now() - this.#began > TURN_MS;
  }

  /** Gives others their turn when it is time. Throws `interrupted` when the job has to stop. */
  async pass(): Promise<void> {
    if (!this.over) return;
    await this.give();
    if (this.#signal?.aborted) throw interrupted();
  }

  /** Goes on when all others that were waiting have had their turn. */
  async give(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#began = performance.now();
  }
}
