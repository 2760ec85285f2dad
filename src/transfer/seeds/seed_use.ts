/** The seeds of one delivery, and what is done when one of them is not what it should be. */
import type { ChunkId } from "../../core/chunk.ts";
import { DesyncError, errorFromWire } from "../../core/errors.ts";
import type { Origin } from "../../core/origin.ts";
import type { InvalidPlace, SeedFile } from "../messages.ts";

/** What a seed's bytes count as. */
export function seedOrigin({ displayName }: SeedFile): Origin {
  return { kind: "seed", location: displayName };
}

/** A chunk that a seed should have and has not. */
export interface InvalidSeedPart {
  /** The number of the seed. */
  readonly seed: number;
  readonly id: ChunkId;
  /** What to report: `invalid-index` for other bytes, `io` or another code when they could not be read. */
  readonly error: DesyncError;
}

/** Seeds by their numbers. */
export class SeedUse {
  readonly files: readonly SeedFile[];
  readonly #onInvalid: (part: InvalidSeedPart) => void;

  /** `onInvalid` may throw, which ends the delivery; else the chunk is taken from elsewhere. */
  constructor(files: readonly SeedFile[], onInvalid: (part: InvalidSeedPart) => void) {
    this.files = files;
    this.#onInvalid = onInvalid;
  }

  /** A worker found something else at that place, or could not read it. */
  refuse({ seed, offset, size, id, problem }: InvalidPlace): void {
    const error = problem === undefined
      ? new DesyncError("invalid-index", {
        action: "use",
        subject: `the seed ${this.files[seed].displayName}`,
        reason: `it is not what its index describes: bytes ${offset} to ${
          offset + size
        } should be chunk ${id}`,
        hint: "--skip-invalid-seeds or --regenerate-invalid-seeds continues",
      })
      : errorFromWire(problem);
    this.#onInvalid({ seed, id, error });
  }
}
