/** Whether a job still fills its cache: one that cannot be read or written is no reason to fail where stores work. */
import { DesyncError, messageOf } from "../errors.ts";
import type { Sources } from "./store.ts";

/** The cache of one job. */
export class CacheUse {
  readonly #sources: Sources;
  #fills: boolean;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#fills = sources.cache !== undefined;
  }

  /** Whether the cache gets what the stores deliver. */
  get fills(): boolean {
    return this.#fills;
  }

  /**
   * Notes that the cache failed, after which it is not filled any more. Throws the error again when the job was
   * interrupted, or has no store to go on with.
   */
  failed(error: unknown): void {
    const known = error instanceof DesyncError ? error : undefined;
    if (known?.code === "interrupted" || this.#sources.stores.length === 0) throw error;
    if (!this.#fills) return;
    this.#fills = false;
    const problem = known ?? new DesyncError("store", messageOf(error), { cause: error });
    this.#sources.onCacheProblem?.(problem);
  }
}
