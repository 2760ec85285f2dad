/** `desync chop -s FOLDER INDEX FILE` */
import { chopFile } from "../../jobs/chop.ts";
import { Progress } from "../../jobs/progress.ts";
import { checkUnchanged, inspectSource, sizeToCompare } from "../../deno/source_file.ts";
import { WorkerPool } from "../../workers/pool.ts";
import type { Args, Flags } from "../commands/chop.ts";
import { DONE } from "../exit_status.ts";
import { sayingChunksAreKept } from "../interruption.ts";
import { inputPath } from "../local_path.ts";
import { readIgnored } from "../chunk_ids.ts";
import { missingOption } from "../missing_option.ts";
import { Locator } from "../open.ts";
import { showProgress } from "../progress.ts";

/** Stores the chunks. */
export async function run(
  { index: location, file }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  inputPath(file);
  await using locator = new Locator(flags);
  const index = await locator.index(location, signal);
  const ignore = await readIgnored(locator, flags, signal);
  const source = inspectSource(file);
  const size = sizeToCompare(source, index);
  using store = await locator.storeToFill(flags.targetStore, flags);
  if (store === undefined) throw missingOption("-s, --store", "name the store that gets the chunks");
  const progress = new Progress();
  using pool = new WorkerPool(flags.concurrency);
  using _display = showProgress(progress, flags, { stored: "stored" });
  const options = { destination: store.destination, ignore, signal, progress };
  await sayingChunksAreKept(store.destination.directory, () => chopFile(file, size, index, pool, options));
  checkUnchanged(file, source);
  store.check();
  return DONE;
}
