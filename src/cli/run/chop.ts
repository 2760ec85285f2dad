/** `desync chop -s DIRECTORY INDEX FILE` */
import { chopFile } from "../../deno/chop_file.ts";
import { inspectSource } from "../../deno/files/source_file.ts";
import { Progress } from "../../core/progress.ts";
import type { Args, Flags } from "../commands/chop.ts";
import { DONE } from "../exit_status.ts";
import { reportingKeptChunks } from "../output/interruption.ts";
import { checkInputPath } from "../inputs/local_path.ts";
import { readIgnored } from "../inputs/chunk_ids.ts";
import { missingOption } from "../parse/missing_option.ts";
import { Locator } from "../locator.ts";
import { showProgress } from "../output/progress.ts";
import { storingOptions } from "../output/storing_options.ts";

/** Stores the chunks. */
export async function run(
  { index: location, file }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  checkInputPath(file);
  await using locator = new Locator(flags);
  const index = await locator.index(location, signal);
  const ignore = await readIgnored(locator, flags, signal);
  inspectSource(file); // before a store is made
  const store = await locator.storeToFill(flags.targetStore);
  if (store === undefined) throw missingOption("-s, --store", "name the store that gets the chunks");
  const progress = new Progress();
  using _display = showProgress(progress, flags, { stored: "stored" });
  const options = { ...storingOptions(flags), ignore, signal, progress };
  await reportingKeptChunks(flags.targetStore, () => chopFile(index, file, store, options));
  return DONE;
}
