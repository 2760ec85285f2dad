/** `desync verify-index INDEX FILE` */
import { DesyncError } from "../../errors.ts";
import { firstDifference } from "../../jobs/compare.ts";
import { Progress } from "../../jobs/progress.ts";
import { checkUnchanged, inspectSource, sizeToCompare } from "../../deno/source_file.ts";
import { WorkerPool } from "../../workers/pool.ts";
import type { Args, Flags } from "../commands/verify_index.ts";
import { DONE } from "../exit_status.ts";
import { inputPath } from "../local_path.ts";
import { Locator } from "../location.ts";
import { showProgress } from "../progress.ts";
import { withoutSecrets } from "../scheme.ts";

/** Compares. */
export async function run(
  { index: location, file }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  inputPath(file);
  const index = await new Locator(flags).index(location, signal);
  const source = inspectSource(file);
  const size = sizeToCompare(source, index);
  const progress = new Progress();
  using pool = new WorkerPool(flags.concurrency);
  using _display = showProgress(progress, flags);
  const difference = await firstDifference(file, size, index, pool, { signal, progress });
  checkUnchanged(file, source);
  if (difference === undefined) return DONE;
  const { offset, length } = difference;
  throw new DesyncError(
    "mismatch",
    `${file} is not what ${
      withoutSecrets(location)
    } describes: the first difference is in bytes ${offset} to ${offset + length}`,
  );
}
