/** `desync extract INDEX OUTPUT` */
import { extractToFile } from "../../deno/extract_to_file.ts";
import { Progress } from "../../core/progress.ts";
import type { Index } from "../../formats/index/index.ts";
import type { Args, Flags } from "../commands/extract.ts";
import { DONE, UP_TO_DATE } from "../exit_status.ts";
import { reportingWhatIsKept } from "../output/interruption.ts";
import { checkOutputPath } from "../inputs/local_path.ts";
import { Locator } from "../locator.ts";
import { jsonText, print, printError } from "../output/output.ts";
import { isForPeople, namedSource, showProgress } from "../output/progress.ts";
import { formatBytes } from "../output/text.ts";

/** Builds the blob. */
export async function run(
  { index: location, output }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  checkOutputPath(output, location);
  await using locator = new Locator(flags);
  const index = await locator.index(location, signal);
  const sources = await locator.sourcesOf(index);
  const progress = new Progress();
  const { upToDate } = await (async () => {
    using _display = showProgress(progress, flags, { label: "Attempt 1: Assembling" });
    const options = {
      signal,
      progress,
      inPlace: flags.inPlace,
      force: flags.force,
      threads: flags.concurrency,
      sync: !flags.noSync,
    };
    return await reportingWhatIsKept(flags, true, () => extractToFile(index, sources, output, options));
  })();
  if (isForPeople(flags)) {
    const state = upToDate ? "up to date already" : "complete and verified";
    printError(`${output}: ${formatBytes(index.size)}, ${state}\n`);
  }
  if (flags.printStats) {
    const all = { ...statistics(index, progress, output), "up-to-date": upToDate };
    print(`${jsonText(all, 2)}\n`);
  }
  return upToDate && flags.detailedExitStatus ? UP_TO_DATE : DONE;
}

/** The names are desync's, but for the sources, which say more. Chunks are counted once wherever they go. */
function statistics(index: Index, progress: Progress, output: string): Record<string, unknown> {
  return {
    "chunks-from-seeds": 0,
    "chunks-from-store": progress.chunksFrom("store", "cache", "self"),
    "chunks-in-place": progress.chunksFrom("in place"),
    "bytes-copied-from-seeds": 0,
    "bytes-cloned-from-seeds": 0,
    "blocksize": Deno.statSync(output).blksize,
    "bytes-total": index.size,
    "chunks-total": index.count,
    "seeds": 0,
    sources: progress.sources.map(namedSource),
  };
}
