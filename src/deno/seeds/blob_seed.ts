/** Files at hand that a blob has much in common with: what the library is given, and what is made of it. */
import type { DesyncError } from "../../core/errors.ts";
import type { Index } from "../../formats/index/index.ts";
import type { SeedFile } from "../../transfer/messages.ts";

/** A file or block device of this machine that has chunks of the blob, usually an older version of it. */
export interface BlobSeed {
  /** Where it is. */
  readonly path: string;
  /** Its index. Default: it is cut as the blob was, by all processors. */
  readonly index?: Index;
}

/** What is done when a seed is not what its index describes, or cannot be read. */
export type InvalidSeeds =
  /** Nothing is written, and an error thrown: `invalid-index`, or that of reading it. */
  | "fail"
  /** The chunks that it does not have are taken from elsewhere. */
  | "skip"
  /** The seed is cut anew, once. */
  | "regenerate";

/** A seed whose chunks are known. */
export interface OpenedSeed {
  readonly file: SeedFile;
  readonly index: Index;
  /** `skip` for what was cut just now: what changes meanwhile is taken from elsewhere. */
  readonly invalid: InvalidSeeds;
  /** Called when it is not what its index describes. */
  readonly onInvalid?: () => void;
}

/** Gets what is wrong with a seed that is skipped. */
export type OnSeedProblem = (error: DesyncError, path: string) => void;
