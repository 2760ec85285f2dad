/** Long work on one thread that yields, so that other work such as Ctrl-C is handled meanwhile. */
import { interrupted } from "./errors.ts";

/** Work without a pause, in milliseconds. */
const SLICE_MS = 50;

/** Chunks of an index that are handled before the clock is read. */
export const CHUNKS_PER_CHECK = 10_000;

/** Pauses one job whenever it has worked for a while. */
export class Yielder {
  readonly #signal: AbortSignal | undefined;
  #began = performance.now();

  /** `signal` asks the job to stop. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether the job has to stop. */
  get isAborted(): boolean {
    return this.#signal?.aborted ?? false;
  }

  /** Whether it is time to {@linkcode yieldNow}. Throws `interrupted` when the job has to stop. */
  get isDue(): boolean {
    if (this.#signal?.aborted) throw interrupted();
    return performance.now() - this.#began > SLICE_MS;
  }

  /** Yields when it is time. Throws `interrupted` when the job has to stop. */
  async yieldIfDue(): Promise<void> {
    if (!this.isDue) return;
    await this.yieldNow();
    if (this.#signal?.aborted) throw interrupted();
  }

  /** Continues when all other work that was waiting has run. */
  async yieldNow(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#began = performance.now();
  }
}
