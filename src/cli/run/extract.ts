/** `desync extract INDEX OUTPUT` */
import { type ExtractPhase, extractToFile, type ExtractToFileOptions } from "../../deno/extract_to_file.ts";
import { allOrFirstFailure } from "../../core/all_or_first_failure.ts";
import { type DesyncError, messageOf } from "../../core/errors.ts";
import { Progress } from "../../core/progress.ts";
import type { Index } from "../../formats/index/index.ts";
import type { Args, Flags } from "../commands/extract.ts";
import { DONE, UP_TO_DATE } from "../exit_status.ts";
import { reportingWhatIsKept } from "../output/interruption.ts";
import { checkOutputPath } from "../inputs/local_path.ts";
import { invalidSeedsOf, openSeedArguments, seedIndexesDirectory } from "../inputs/seeds.ts";
import { deltaFinder, openDeltas, openIndex, reportDeltaProblem } from "../inputs/deltas.ts";
import { Locator } from "../locator.ts";
import { jsonText, print, printError, warn } from "../output/output.ts";
import { missingOption } from "../parse/missing_option.ts";
import { isForPeople, namedSource, showProgress } from "../output/progress.ts";
import { formatBytes } from "../../core/amounts.ts";

/** Builds the blob. */
export async function run(
  { index: location, output }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  checkOutputPath(output, location);
  const invalidSeeds = invalidSeedsOf(flags);
  await using locator = new Locator(flags);
  // Each may be a request.
  const opening = openSeedArguments(flags, location, locator, signal);
  const [seeds, named, { index, delta }] = await allOrFirstFailure([
    opening,
    openDeltas(flags.deltas, locator, signal),
    openIndex(location, opening, locator, signal),
  ]);
  const deltas = delta === undefined ? named : [...named, delta];
  const seedOptions = {
    seeds,
    deltas,
    findDelta: flags.noDelta ? undefined : deltaFinder(location, locator, signal),
    onDeltaProblem: reportDeltaProblem,
    invalidSeeds,
    seedIndexes: seedIndexesDirectory(flags.cache),
    outputAsSeed: flags.seedOutput,
    onSeedProblem: reportSeedProblem,
  };
  const { inPlace, concurrency: threads } = flags;
  const options = { ...seedOptions, inPlace, threads, signal };
  if (flags.dryRun !== undefined) {
    // What draws a plan would make every start slower.
    const [{ planExtraction }, { printPlan, titleOf }] = await Promise.all([
      import("../../deno/plan_extraction.ts"),
      import("../output/plan_output.ts"),
    ]);
    const sources = await locator.sourcesToPlan(index, seeds.length > 0);
    const plan = await planExtraction(index, sources, output, options);
    printPlan(plan, flags.dryRun, { title: titleOf(location), rate: flags.rate });
    const upToDate = plan.sources.every(({ origin, chunks }) => origin.kind === "in place" || chunks === 0);
    return upToDate && flags.detailedExitStatus ? UP_TO_DATE : DONE;
  }
  if (flags.rate !== undefined) throw missingOption("--dry-run", "--rate is about the plan that it prints");
  const progress = new Progress();
  const { force, noSync } = flags;
  const how = { ...options, progress, force, sync: !noSync };
  const sources = await locator.sourcesOf(index);
  const { upToDate } = await showing(flags, how, (options) => extractToFile(index, sources, output, options));
  if (isForPeople(flags)) {
    const state = upToDate ? "up to date already" : "complete and verified";
    printError(`${output}: ${formatBytes(index.size)}, ${state}\n`);
  }
  if (flags.printStats) {
    const all = { ...statistics(index, progress, output, seeds.length), "up-to-date": upToDate };
    print(`${jsonText(all, 2)}\n`);
  }
  return upToDate && flags.detailedExitStatus ? UP_TO_DATE : DONE;
}

/** Runs the extraction with its progress shown. */
async function showing<T>(
  flags: Flags,
  options: ExtractToFileOptions & { readonly progress: Progress },
  extract: (options: ExtractToFileOptions) => Promise<T>,
): Promise<T> {
  const { seeds = [], progress } = options;
  const first = seeds.length > 0 ? "Attempt 1: Validating" : labelOf({ kind: "assemble", attempt: 1 });
  using display = showProgress(progress, flags, { label: first, ribbon: true });
  let assembles = false;
  const onPhase = (phase: ExtractPhase) => {
    display.begin(labelOf(phase), !assembles);
    assembles = phase.kind === "assemble";
  };
  return await reportingWhatIsKept(flags, "extract", () => extract({ ...options, onPhase }));
}

/** What desync calls the phase in its lines for programs. */
function labelOf({ kind, attempt, seed }: ExtractPhase): string {
  return `Attempt ${attempt}: ${kind === "cut" ? `Chunking Seed ${seed}` : "Assembling"}`;
}

function reportSeedProblem(error: DesyncError): void {
  // Of one that was cut into other chunks, all is used that can be.
  if (error.code === "mismatch") return warn(messageOf(error));
  const hint = error.code === "invalid-index" ? "continuing with what it has" : "continuing without it";
  warn(messageOf(error.with({ hint })));
}

/** The names are desync's, but for the sources, which say more. Chunks are counted once wherever they go. */
function statistics(
  index: Index,
  progress: Progress,
  output: string,
  seeds: number,
): Record<string, unknown> {
  const { sources } = progress;
  const fromSeeds = sources.filter(({ origin }) => origin.kind === "seed");
  const cloned = fromSeeds.reduce((sum, { clonedBytes = 0 }) => sum + clonedBytes, 0);
  return {
    "chunks-from-seeds": progress.chunksFrom("seed", "self"),
    "chunks-from-store": progress.chunksFrom("store", "cache"),
    "chunks-patched": progress.chunksFrom("patched"),
    "chunks-in-place": progress.chunksFrom("in place", "resumed"),
    "bytes-copied-from-seeds": fromSeeds.reduce((sum, { bytes }) => sum + bytes, -cloned),
    "bytes-cloned-from-seeds": cloned,
    "blocksize": Deno.statSync(output).blksize,
    "bytes-total": index.size,
    "chunks-total": index.count,
    seeds,
    sources: sources.map(namedSource),
  };
}
