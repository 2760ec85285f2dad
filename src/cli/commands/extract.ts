/** `desync extract INDEX OUTPUT` */
import { extractToFile } from "../../deno/extract_to_file.ts";
import { Progress } from "../../jobs/progress.ts";
import type { Index } from "../../formats/index.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { Locator } from "../location.ts";
import { print } from "../output.ts";
import { showProgress } from "../progress.ts";

/** Builds the blob. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [indexLocation, output] = args;
  await using locator = new Locator(flags);
  const index = await locator.index(indexLocation, signal);
  const sources = locator.sourcesOf(index);
  const progress = new Progress();
  {
    using _display = showProgress(progress, flags);
    const options = {
      signal,
      progress,
      limits: locator.limits,
      inPlace: flags.inPlace,
      threads: flags.concurrency,
    };
    await extractToFile(index, sources, output, options);
  }
  if (flags.printStats) print(`${JSON.stringify(statistics(index, progress), null, 2)}\n`);
  return DONE;
}

function statistics(index: Index, progress: Progress): Record<string, unknown> {
  return { "bytes-total": index.size, "chunks-total": index.count, sources: progress.sources };
}
