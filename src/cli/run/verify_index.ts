/** `desync verify-index INDEX FILE` */
import { firstDifference } from "../../deno/first_difference.ts";
import { DesyncError } from "../../core/errors.ts";
import { Progress } from "../../core/progress.ts";
import type { Args, Flags } from "../commands/verify_index.ts";
import { DONE } from "../exit_status.ts";
import { checkInputPath } from "../inputs/local_path.ts";
import { Locator } from "../locator.ts";
import { showProgress } from "../output/progress.ts";
import { redactLocation } from "../../deno/schemes.ts";

/** Compares. */
export async function run(
  { index: location, file }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  checkInputPath(file);
  await using locator = new Locator(flags);
  const index = await locator.index(location, signal);
  const progress = new Progress();
  using _display = showProgress(progress, flags);
  const difference = await firstDifference(index, file, { threads: flags.concurrency, signal, progress });
  if (difference === undefined) return DONE;
  const { offset, length } = difference;
  const where = `the first difference is in bytes ${offset} to ${offset + length}`;
  const reason = `is not what ${redactLocation(location)} describes: ${where}`;
  throw new DesyncError("mismatch", { subject: file, reason });
}
