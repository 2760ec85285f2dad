/** How chunks are added to a store. */
import type { StoredForm } from "../../core/chunk.ts";
import { DEFAULT_ZSTD_LEVEL } from "../../codec/codec.ts";
import type { Progress } from "../../core/progress.ts";
import type { WritableChunkStore } from "../../stores/store.ts";
import { FilledStore } from "./filled_store.ts";

/** What functions may be given that add chunks to a store. */
export interface StoringOptions {
  /** How chunks are stored, unless the store wants another form. Default: compressed, with zstd. */
  readonly form?: StoredForm;
  /** zstd's level, for chunks that have to be compressed. Default: 3. */
  readonly level?: number;
  /**
   * Return when the chunks are on the disk, and let no power cut leave a part of one under its name: for a directory of this
   * machine. Default: true.
   */
  readonly sync?: boolean;
  /** Threads at most. Default: one for each processor. */
  readonly threads?: number;
  /** Stops the work. What is stored by then stays. */
  readonly signal?: AbortSignal;
  /** Counted up while the work goes on. */
  readonly progress?: Progress;
}

/** The store while chunks are added to it. To be disposed of. */
export function fillStore(store: WritableChunkStore, options: StoringOptions): FilledStore {
  const { level = DEFAULT_ZSTD_LEVEL, sync = true } = options;
  const form = store.properties.form ?? options.form ?? "compressed";
  return new FilledStore(store, { form, level }, sync);
}
