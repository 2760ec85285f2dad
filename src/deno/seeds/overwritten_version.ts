/** The output that is updated in place, as the old version that a delta is for. */
import { DesyncError } from "../../core/errors.ts";
import { BLOB_FLAGS, type Index } from "../../formats/index/index.ts";
import { makeFromFile } from "../../jobs/make.ts";
import type { OldVersion } from "../../jobs/open_patches.ts";
import type { Workers } from "../../transfer/ports.ts";
import { inspectSource } from "../files/source_file.ts";
import { KeptIndexes } from "./kept_indexes.ts";

/** How it is looked at. */
interface OverwrittenOptions {
  readonly signal?: AbortSignal;
  /** Called when it is cut. */
  readonly onCut?: () => void;
  /** A directory in which its index is kept, for the next run after one that was interrupted. Default: it is not. */
  readonly seedIndexes?: string;
}

/** A file, or block device, that the blob is written to. */
export class OverwrittenVersion {
  readonly #path: string;
  readonly #index: Index;
  readonly #workers: Workers;
  readonly #options: OverwrittenOptions;
  readonly #kept: KeptIndexes | undefined;

  /** `index` is that of the blob. */
  constructor(path: string, index: Index, workers: Workers, options: OverwrittenOptions = {}) {
    const { seedIndexes } = options;
    this.#path = path;
    this.#index = index;
    this.#workers = workers;
    this.#options = options;
    this.#kept = seedIndexes === undefined ? undefined : new KeptIndexes(seedIndexes);
  }

  /**
   * Its first bytes as an old version, as they are and as an earlier run kept it; `undefined` when it has not so many, or cannot
   * be read.
   */
  async find(bytes: number): Promise<OldVersion | undefined> {
    const { sizes, digest } = this.#index;
    const { signal, onCut } = this.#options;
    const path = this.#path;
    try {
      const was = this.#kept?.findOverwritten(path, digest);
      const { size } = inspectSource(path);
      if (size < bytes && was === undefined) return undefined;
      onCut?.();
      const cutting = { sizes, digest, flags: BLOB_FLAGS, signal };
      const end = Math.min(size, Math.max(bytes, was?.size ?? 0));
      const { index } = await makeFromFile({ path, start: 0, end }, this.#workers, cutting);
      return { index, file: { path, displayName: path }, was };
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
      return undefined;
    }
  }

  /** Keeps the index of what it is until it is overwritten. */
  async keep(index: Index): Promise<void> {
    await this.#kept?.keepOverwritten(this.#path, index);
  }
}
