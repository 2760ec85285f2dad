/** What is done before a blob is built in a file: whether it is there already, and which files at hand have parts of it. */
import { ZeroChunk } from "../codec/zero_chunk.ts";
import type { Progress } from "../core/progress.ts";
import type { Index } from "../formats/index/index.ts";
import type { Sources } from "../stores/store.ts";
import type { Workers } from "../transfer/ports.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import type { ExtractToFileOptions } from "./extract_to_file.ts";
import { isSameFile } from "./files/same_file.ts";
import { isBlockDevice } from "./output/output_checks.ts";
import { KeptIndexes } from "./seeds/kept_indexes.ts";
import { isWorthCutting, lookAtOldOutput } from "./seeds/old_output.ts";
import { haveAll, openSeeds, regenerate } from "./seeds/open_seeds.ts";
import { SeedPlan } from "./seeds/seed_plan.ts";

/** What was found. */
export type Preparation =
  /** The output is the blob. */
  | { readonly upToDate: true }
  | {
    readonly upToDate: false;
    readonly seedPlan: SeedPlan;
    readonly zeros: ZeroChunk;
    /** The output itself is written to, not a file that replaces it. */
    readonly writesInPlace: boolean;
    /** It is then worth looking for what has moved within it. */
    readonly looksForMoves: boolean;
    /** To be called when the output is cut for that. */
    readonly onCut: () => void;
  };

/** How it is looked for. */
type PrepareOptions =
  & Pick<
    ExtractToFileOptions,
    | "inPlace"
    | "seeds"
    | "outputAsSeed"
    | "deltas"
    | "invalidSeeds"
    | "seedIndexes"
    | "onSeedProblem"
    | "onPhase"
    | "signal"
  >
  & {
    readonly progress: Progress;
    /** Nothing is to be written: it is not tried what the file system can share between files. */
    readonly dryRun?: boolean;
  };

/** Looks at the output and opens the seeds. Writes nothing of the blob. Throws as `extractToFile` does. */
export async function prepareExtraction(
  index: Index,
  sources: Sources,
  path: string,
  pool: Workers,
  options: PrepareOptions,
): Promise<Preparation> {
  const {
    inPlace = false,
    seeds = [],
    outputAsSeed = true,
    deltas = [],
    invalidSeeds = "skip",
    seedIndexes,
    onSeedProblem,
    onPhase,
    signal,
    progress,
    dryRun = false,
  } = options;
  const zeros = new ZeroChunk(index, nativeCodec);
  const writesInPlace = inPlace || isBlockDevice(path);
  let attempt = 1;
  let cut = 0;
  const beginCut = () => {
    progress.reset();
    onPhase?.({ kind: "cut", attempt, seed: ++cut });
  };
  const kept = seedIndexes === undefined ? undefined : new KeptIndexes(seedIndexes);
  const cutting = { onCut: beginCut, kept, signal, progress };
  const seedOptions = { ...cutting, invalid: invalidSeeds, onProblem: onSeedProblem };
  const mayCut = outputAsSeed && (deltas.length > 0 || isWorthCutting(sources));
  const asSeed = mayCut && !seeds.some((seed) => isSameFile(seed.path, path));
  const old = writesInPlace ? undefined : await lookAtOldOutput(path, index, pool, { ...cutting, asSeed });
  if (old?.upToDate) return { upToDate: true };
  const opened = await openSeeds(seeds, index, writesInPlace ? path : undefined, pool, seedOptions);
  if (old?.seed !== undefined && !haveAll(opened, index)) {
    const seed = await old.seed();
    if (seed !== undefined) opened.push(seed);
  }
  const seedPlan = new SeedPlan(index, opened, {
    // A new file reads as zeros where nothing was written; an old one may hold anything.
    zeros: writesInPlace ? undefined : zeros,
    newFile: writesInPlace || dryRun ? undefined : path,
    onProblem: onSeedProblem,
    regenerate: async (seed) => {
      const anew = await regenerate(seed, index, pool, seedOptions);
      attempt++;
      cut = 0;
      progress.reset();
      onPhase?.({ kind: "assemble", attempt });
      return anew;
    },
  });
  const looksForMoves = writesInPlace && mayCut && !haveAll(opened, index);
  return { upToDate: false, seedPlan, zeros, writesInPlace, looksForMoves, onCut: beginCut };
}
