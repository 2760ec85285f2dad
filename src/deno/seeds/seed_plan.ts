/** The seeds of one extraction: what comes from them, and what is done when they are not what they should be. */
import { dirname, resolve } from "../system/paths.ts";
import type { ZeroChunk } from "../../codec/zero_chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import type { Index } from "../../formats/index/index.ts";
import type { PlannedSeeds } from "../../jobs/extract.ts";
import { BlobPlan } from "../../transfer/blob_plan.ts";
import { assign } from "../../transfer/seeds/assign.ts";
import { planClones } from "../../transfer/seeds/clone_runs.ts";
import { SeedUse } from "../../transfer/seeds/seed_use.ts";
import { inspectSource } from "../files/source_file.ts";
import { sharedBlock } from "../output/shared_block.ts";
import type { OnSeedProblem, OpenedSeed } from "./blob_seed.ts";

/** How seeds are used. */
interface SeedPlanOptions {
  /** Left out of the plan, as long as {@linkcode SeedPlan.planWithZeros} is not called. */
  readonly zeros?: ZeroChunk;
  /** The new file beside which the file system may share what seeds have; not there when the blob is written in place. */
  readonly newFile?: string;
  readonly onProblem?: OnSeedProblem;
  /** Cuts a seed anew. */
  readonly regenerate: (seed: OpenedSeed) => Promise<OpenedSeed>;
}

/** Plans an extraction, and plans it anew when a seed turns out to be another. */
export class SeedPlan {
  readonly #index: Index;
  readonly #options: SeedPlanOptions;
  readonly #reported = new Set<string>();
  #seeds: readonly OpenedSeed[];
  #zeros: ZeroChunk | undefined;
  /** The seed that ended the last attempt. */
  #failed: OpenedSeed | undefined;

  constructor(index: Index, seeds: readonly OpenedSeed[], options: SeedPlanOptions) {
    this.#index = index;
    this.#seeds = seeds;
    this.#options = options;
    this.#zeros = options.zeros;
  }

  /** Those that are used: what {@linkcode plan} could not read is none of them. */
  get seeds(): readonly OpenedSeed[] {
    return this.#seeds;
  }

  /** What comes from where. Throws what is wrong with a seed that has to be right. */
  plan(): PlannedSeeds {
    const { newFile } = this.#options;
    const zeros = this.#zeros;
    while (this.#seeds.length > 0) {
      const assignment = assign(this.#index, this.#seeds.map(({ index }) => index));
      const used = new Set<number>();
      for (const { seed } of assignment.runs()) used.add(seed);
      if (this.#dropUnreadable(used)) continue;
      const plan = new BlobPlan(this.#index, zeros, assignment);
      const blocks = newFile === undefined ? new Map<number, number>() : this.#sharedBlocks(used, newFile);
      planClones(plan, blocks);
      const seeds = this.#seeds;
      const use = new SeedUse(
        seeds.map(({ file }) => file),
        ({ seed, error }) => this.#refuse(seeds[seed], error),
      );
      return { plan, seeds: use, blocks };
    }
    return { plan: new BlobPlan(this.#index, zeros) };
  }

  /** The same, and from now on, with the chunk of zeros: the file may hold something else there. */
  planWithZeros(): PlannedSeeds {
    this.#zeros = undefined;
    return this.plan();
  }

  /** Another plan, when it was a seed that failed and it may be cut anew. */
  async planAnew(): Promise<PlannedSeeds | undefined> {
    const failed = this.#failed;
    this.#failed = undefined;
    if (failed === undefined || failed.invalid !== "regenerate") return undefined;
    const anew = await this.#options.regenerate(failed);
    this.#seeds = this.#seeds.map((seed) => seed === failed ? anew : seed);
    return this.plan();
  }

  #sharedBlocks(used: ReadonlySet<number>, newFile: string): Map<number, number> {
    const blocks = new Map<number, number>();
    for (const seed of used) {
      const block = sharedBlock(this.#seeds[seed].file.path, dirname(resolve(newFile)));
      if (block !== undefined) blocks.set(seed, block);
    }
    return blocks;
  }

  /** Drops seeds that are no files, or cannot be looked at. Whether there were any. */
  #dropUnreadable(used: ReadonlySet<number>): boolean {
    const dropped = new Set<OpenedSeed>();
    for (const number of used) {
      const seed = this.#seeds[number];
      try {
        inspectSource(seed.file.path);
      } catch (error) {
        if (seed.invalid !== "skip" || !(error instanceof DesyncError)) throw error;
        this.#report(seed, error);
        dropped.add(seed);
      }
    }
    this.#seeds = this.#seeds.filter((seed) => !dropped.has(seed));
    return dropped.size > 0;
  }

  #refuse(seed: OpenedSeed, error: DesyncError): void {
    seed.onInvalid?.();
    if (seed.invalid === "skip") return this.#report(seed, error);
    this.#failed = seed;
    throw error;
  }

  /** Once is enough for each. */
  #report({ file }: OpenedSeed, error: DesyncError): void {
    if (this.#reported.has(file.path)) return;
    this.#reported.add(file.path);
    this.#options.onProblem?.(error, file.path);
  }
}
