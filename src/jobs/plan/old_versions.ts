/** What becomes of the blobs that parts of a new one are copied from. */
import type { SeedRun } from "../../transfer/seeds/assign.ts";
import type { PlanSeed } from "./chunk_plan.ts";
import { runsOf } from "./planned_runs.ts";

/** What becomes of a part of an old version: it is used at the same offset, at another one, or not at all. */
export type OldUse = "same place" | "moved" | "unused";

/** In the order of their numbers; one that is used in two ways has the later one. */
const USES: readonly OldUse[] = ["unused", "moved", "same place"];

/** A blob that parts are copied from. */
export interface OldVersion {
  /** What its seed is called. */
  readonly location: string;
  /** Its bytes. */
  readonly size: number;
  /** From its beginning to its end. */
  readonly runs: readonly { readonly offset: number; readonly length: number; readonly use: OldUse }[];
  /** As {@linkcode KindRuns.precision} for these runs. */
  readonly runPrecision: number;
}

/** A part of the blob that is copied from an old version. */
export interface CopiedRun {
  /** Where it begins in the blob. */
  readonly offset: number;
  /** Its bytes. */
  readonly length: number;
  /** Where it lies in the old version. */
  readonly from: number;
  /** The number of the old version. */
  readonly version: number;
}

/** Copies that are kept: more make no picture clearer. */
const MOST_COPIES = 300;

/** Collects the runs that are copied. */
export class OldVersions {
  readonly #seeds: readonly PlanSeed[];
  /** For each chunk of each old version the number of its use. */
  readonly #uses: readonly Uint8Array[];
  readonly #moved: number[];
  #copies: CopiedRun[] = [];

  constructor(seeds: readonly PlanSeed[]) {
    this.#seeds = seeds;
    this.#uses = seeds.map(({ index }) => new Uint8Array(index.count));
    this.#moved = seeds.map(() => 0);
  }

  /** Notes a run. They are added in the order of the blob. */
  add({ seed: version, from, to: offset, length }: SeedRun): void {
    if (from !== offset) this.#moved[version] += length;
    this.#use(version, from, from + length, from === offset ? 2 : 1);
    this.#keep({ offset, length, from, version });
  }

  #use(version: number, start: number, end: number, use: number): void {
    const { index: seed } = this.#seeds[version];
    const uses = this.#uses[version];
    for (let i = seed.chunkAt(start); i < seed.count && seed.start(i) < end; i++) {
      uses[i] = Math.max(uses[i], use);
    }
  }

  #keep(copy: CopiedRun): void {
    const last = this.#copies.at(-1);
    if (
      last?.version === copy.version && last.offset + last.length === copy.offset &&
      last.from + last.length === copy.from
    ) {
      this.#copies[this.#copies.length - 1] = { ...last, length: last.length + copy.length };
    } else this.#copies.push(copy);
    // The last stays, to be continued.
    if (this.#copies.length > 4 * MOST_COPIES) this.#copies = [...longest(this.#copies.slice(0, -1)), copy];
  }

  /** Bytes that are copied to another offset than they have in this old version. */
  movedBytes(location: string): number {
    return this.#seeds.reduce((sum, seed, i) => seed.location === location ? sum + this.#moved[i] : sum, 0);
  }

  /** The longest of what is copied, in the order of the blob. */
  get copies(): CopiedRun[] {
    return longest(this.#copies);
  }

  /** All old versions, also those that nothing is copied from. */
  get versions(): OldVersion[] {
    return this.#seeds.map(({ location, index }, i) => {
      const { runs, precision } = runsOf(index.ends, this.#uses[i]);
      return {
        location,
        size: index.size,
        runs: runs.map(({ kind, ...run }) => ({ ...run, use: USES[kind] })),
        runPrecision: precision,
      };
    });
  }
}

function longest(copies: readonly CopiedRun[]): CopiedRun[] {
  if (copies.length <= MOST_COPIES) return [...copies];
  const kept = copies.toSorted((a, b) => b.length - a.length).slice(0, MOST_COPIES);
  return kept.sort((a, b) => a.offset - b.offset);
}
