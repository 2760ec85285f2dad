/** How a store is verified, and what is found: the same for all ways to do it. */
import type { DigestName } from "../core/chunk.ts";
import type { Progress } from "../core/progress.ts";
import type { InvalidChunk } from "../transfer/messages.ts";

/** What to do about what is found. */
export interface VerifyOptions {
  /** Which digest the ids are. Default: SHA-512/256. */
  readonly digest?: DigestName;
  /** Remove invalid chunks, and what killed writers left long ago. */
  readonly repair?: boolean;
  /** Called for each invalid chunk, at once. */
  readonly onInvalid?: (chunk: InvalidChunk) => void;
  /** Called with a sentence for each chunk, or part of the store, that could not be checked. */
  readonly onUnreadable?: (sentence: string) => void;
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /**
   * Counts chunks and the bytes that they take. What it has done of its total is counted in `abcd` directories for a
   * directory of this machine, in chunks for other stores.
   */
  readonly progress?: Progress;
  /** Called once with what there is to read, before it is read; not for a directory of this machine. */
  readonly onListed?: (listed: ListedAmount) => void;
}

/** What a store has. */
export interface ListedAmount {
  /** Chunks; one that is stored in two forms counts twice. */
  readonly chunks: number;
  /** Bytes that they take. */
  readonly storedBytes: number;
}

/** What was found. */
export interface VerifySummary {
  /** Chunks that were looked at. */
  chunks: number;
  /** Bytes that they take. */
  storedBytes: number;
  /** Chunks that are invalid, removed or not. */
  invalid: number;
  /** Chunks that were removed. */
  removed: number;
  /** Chunks, or parts of the store, that could not be checked. */
  unreadable: number;
  /** Chunks that are what their ids say under the other digest. */
  otherDigest: number;
  /** Stale temporary files that were removed. */
  staleFiles: number;
}

/** Nothing was found yet. */
export function emptySummary(): VerifySummary {
  return {
    chunks: 0,
    storedBytes: 0,
    invalid: 0,
    removed: 0,
    unreadable: 0,
    otherDigest: 0,
    staleFiles: 0,
  };
}
