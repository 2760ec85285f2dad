/** `desync chop -s FOLDER INDEX FILE` */
import { chopFile } from "../../jobs/chop.ts";
import { Progress } from "../../jobs/progress.ts";
import { checkUnchanged, inspectSource, sizeToCompare } from "../../deno/source_file.ts";
import { WorkerPool } from "../../workers/pool.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { sayingChunksAreKept } from "../interruption.ts";
import { inputPath } from "../local_path.ts";
import { Locator, missingOption, onlyStore } from "../location.ts";
import { showProgress } from "../progress.ts";

/** Stores the chunks. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [indexLocation, input] = args;
  inputPath(input);
  await using locator = new Locator(flags);
  const index = await locator.index(indexLocation, signal);
  const ignore = await locator.ignored(signal);
  const source = inspectSource(input);
  const size = sizeToCompare(source, index);
  using store = locator.storeToFill(onlyStore(flags));
  if (store === undefined) throw missingOption("-s, --store", "name the store that gets the chunks");
  const progress = new Progress();
  using pool = new WorkerPool(flags.concurrency);
  using _display = showProgress(progress, flags, { stored: "stored" });
  const options = { fill: store.filling, ignore, signal, progress };
  await sayingChunksAreKept(store.filling.folder, () => chopFile(input, size, index, pool, options));
  checkUnchanged(input, source);
  store.check();
  return DONE;
}
