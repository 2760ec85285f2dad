/** `desync untar ARCHIVE TARGET` */
import { untar, type UntarResult } from "../../deno/untar.ts";
import { Progress } from "../../jobs/progress.ts";
import { namingArchive, openArchive } from "../archive_source.ts";
import { DONE, PARTLY } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { Locator } from "../location.ts";
import { printError } from "../output.ts";
import { showProgress } from "../progress.ts";

/** Unpacks. Ends with `PARTLY` when something could not be restored. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [location, target] = args;
  await using locator = new Locator(flags);
  const { pieces, size } = await openArchive(location, flags, locator, signal);
  const progress = new Progress();
  progress.total = size ?? 0;
  const { sameOwner, samePermissions, time } = flags;
  let result: UntarResult;
  {
    using _display = showProgress(progress, flags);
    const options = { sameOwner, samePermissions, time, signal, progress };
    result = await namingArchive(location, flags, () => untar(pieces, target, options));
  }
  const { losses, omitted } = result;
  if (omitted > 0) {
    printError(`desync: ${omitted} names in the archive have nothing behind them: its maker left it out\n`);
  }
  for (const { what, count, path, reason } of losses) {
    const others = count === 1 ? path : `${count} files, the first is ${path}`;
    printError(`desync: not restored: ${what} (${others}: ${reason})\n`);
  }
  return losses.length === 0 ? DONE : PARTLY;
}
