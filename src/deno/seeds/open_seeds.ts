/** From what was named as seeds to files whose chunks are known. */
import { chunkSizesProblem } from "../../chunker/params.ts";
import { DesyncError } from "../../core/errors.ts";
import type { Index } from "../../formats/index/index.ts";
import type { Workers } from "../../transfer/ports.ts";
import { assign } from "../../transfer/seeds/assign.ts";
import { isSameFile } from "../files/same_file.ts";
import type { BlobSeed, InvalidSeeds, OnSeedProblem, OpenedSeed } from "./blob_seed.ts";
import { type CutOptions, cutSeed } from "./cut_seed.ts";

/** How seeds are opened. */
interface OpenSeedsOptions extends CutOptions {
  readonly invalid: InvalidSeeds;
  readonly onProblem?: OnSeedProblem;
}

/**
 * The seeds that can be used. `inPlace` is the file that the blob is written to, if it is one that may be a seed.
 * Throws `usage` for a seed that can never be one, and unless invalid seeds are skipped what is wrong with them.
 */
export async function openSeeds(
  seeds: readonly BlobSeed[],
  index: Index,
  inPlace: string | undefined,
  workers: Workers,
  options: OpenSeedsOptions,
): Promise<OpenedSeed[]> {
  const opened: OpenedSeed[] = [];
  for (const seed of seeds) {
    const { path } = seed;
    if (inPlace !== undefined && isSameFile(path, inPlace)) throw isOutput(path);
    const file = { path, displayName: path };
    if (seed.index !== undefined) {
      checkDigest(path, seed.index, index);
      if (!haveSameSizes(seed.index, index)) options.onProblem?.(otherSizes(path, seed.index, index), path);
      opened.push({ file, index: seed.index, invalid: options.invalid });
      continue;
    }
    try {
      opened.push(await cut(path, index, workers, options));
    } catch (error) {
      const skips = options.invalid === "skip" && error instanceof DesyncError &&
        error.code !== "interrupted";
      if (!skips) throw error;
      options.onProblem?.(error, path);
    }
  }
  return opened;
}

/** Whether no chunk would be left for another seed. */
export function haveAll(seeds: readonly { readonly index: Index }[], index: Index): boolean {
  const assignment = assign(index, seeds.map(({ index }) => index));
  for (let i = 0; i < index.count; i++) if (!assignment.has(i)) return false;
  return true;
}

/** The same seed with the index that it should have. */
export async function regenerate(
  { file }: OpenedSeed,
  index: Index,
  workers: Workers,
  options: OpenSeedsOptions,
): Promise<OpenedSeed> {
  return await cut(file.path, index, workers, options);
}

async function cut(
  path: string,
  index: Index,
  workers: Workers,
  options: OpenSeedsOptions,
): Promise<OpenedSeed> {
  const problem = chunkSizesProblem(index.sizes);
  if (problem !== undefined) {
    const reason = "no file can be cut into chunks of the sizes that the blob's index has";
    throw new DesyncError("usage", { action: "cut", subject: `the seed ${path}`, reason, hint: problem });
  }
  return await cutSeed(path, index, workers, options);
}

function checkDigest(path: string, seed: Index, index: Index): void {
  if (seed.digest === index.digest) return;
  throw new DesyncError("usage", {
    action: "use",
    subject: `the seed ${path}`,
    reason: `its index uses ${seed.digest}, the blob's uses ${index.digest}`,
    hint: "name the seed without its index, to have it cut",
  });
}

function haveSameSizes({ sizes: a }: Index, { sizes: b }: Index): boolean {
  return a.min === b.min && a.avg === b.avg && a.max === b.max;
}

function otherSizes(path: string, { sizes: a }: Index, { sizes: b }: Index): DesyncError {
  const text = ({ min, avg, max }: typeof a) => `${min}:${avg}:${max}`;
  return new DesyncError("mismatch", {
    action: "use much of",
    subject: `the seed ${path}`,
    reason: `it was cut into chunks of ${text(a)} bytes, the blob into chunks of ${text(b)}`,
    hint: "name the seed without its index, to have it cut",
  });
}

function isOutput(path: string): DesyncError {
  return new DesyncError("usage", {
    action: "use",
    subject: `the seed ${path}`,
    reason: "it is the output, which is written in place",
    hint: "omit it: what it has in the right places is kept",
  });
}
