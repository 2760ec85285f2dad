/** `desync verify-index INDEX FILE` */
import { DesyncError } from "../../errors.ts";
import { firstDifference } from "../../jobs/compare.ts";
import { Progress } from "../../jobs/progress.ts";
import { checkUnchanged, inspectSource, sizeToCompare } from "../../deno/source_file.ts";
import { WorkerPool } from "../../workers/pool.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { inputPath } from "../local_path.ts";
import { Locator } from "../location.ts";
import { showProgress } from "../progress.ts";
import { withoutSecrets } from "../scheme.ts";

/** Compares. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [indexLocation, input] = args;
  inputPath(input);
  const index = await new Locator(flags).index(indexLocation, signal);
  const source = inspectSource(input);
  const size = sizeToCompare(source, index);
  const progress = new Progress();
  using pool = new WorkerPool(flags.concurrency);
  using _display = showProgress(progress, flags);
  const difference = await firstDifference(input, size, index, pool, { signal, progress });
  checkUnchanged(input, source);
  if (difference === undefined) return DONE;
  const { offset, length } = difference;
  throw new DesyncError(
    "mismatch",
    `${input} is not what ${
      withoutSecrets(indexLocation)
    } describes: the first difference is in bytes ${offset} to ${offset + length}`,
  );
}
