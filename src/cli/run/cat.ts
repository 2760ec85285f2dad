/** `desync cat INDEX [OUTPUT]` */
import { DesyncError } from "../../core/errors.ts";
import { countBytes, Progress } from "../../core/progress.ts";
import type { Args, Flags } from "../commands/cat.ts";
import { DONE } from "../exit_status.ts";
import { reportingWhatIsKept } from "../output/interruption.ts";
import { checkOutputPath, withoutLink } from "../inputs/local_path.ts";
import { Locator } from "../locator.ts";
import { isStandardOutput, writesFile, writeWholePieces } from "../output/piece_output.ts";
import { showProgress } from "../output/progress.ts";

/** Writes the bytes in order. */
export async function run(
  { index: location, output }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  if (output !== undefined) checkOutputPath(output, location);
  await using locator = new Locator(flags);
  const index = await locator.index(location, signal);
  const { offset, length } = flags;
  if (offset + length > index.size) {
    const part = length === 0
      ? { action: "begin at", subject: `byte ${offset}` }
      : { action: "write", subject: `bytes ${offset} to ${offset + length}` };
    throw new DesyncError("usage", { ...part, reason: `the blob has ${index.size} bytes` });
  }
  const sources = await locator.sourcesOf(index);
  const blob = await locator.blob(index, sources);
  const part = blob.slice(offset, length === 0 ? blob.size : offset + length);
  const place = isStandardOutput(output) ? output : withoutLink(output);
  const progress = new Progress();
  progress.total = part.size;
  // The reader of a pipe may draw on the terminal, too.
  const progressFlags = writesFile(place) || flags.progress !== "auto"
    ? flags
    : { ...flags, progress: "none" } as const;
  using _display = showProgress(progress, progressFlags, { label: "Writing" });
  const pieces = () => countBytes(part.stream({ signal }), progress);
  await reportingWhatIsKept(flags, "other", () => writeWholePieces(place, pieces, signal, !flags.noSync));
  return DONE;
}
