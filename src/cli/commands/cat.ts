/** `desync cat INDEX [OUTPUT]` */
import { DesyncError } from "../../errors.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { outputPath, withoutLink } from "../local_path.ts";
import { Locator } from "../location.ts";
import { isStandardOutput, writeWholePieces } from "../piece_output.ts";

/** Writes the bytes in order. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [indexLocation, output] = args;
  if (output !== undefined) outputPath(output, indexLocation);
  await using locator = new Locator(flags);
  const index = await locator.index(indexLocation, signal);
  const { offset, length } = flags;
  if (offset + length > index.size) {
    const action = length === 0 ? `begin at byte ${offset}` : `write bytes ${offset} to ${offset + length}`;
    throw new DesyncError("usage", `Cannot ${action}: the blob has ${index.size} bytes`);
  }
  const sources = locator.sourcesOf(index);
  const blob = await locator.blob(index, sources);
  const part = blob.slice(offset, length === 0 ? blob.size : offset + length);
  const place = isStandardOutput(output) ? output : withoutLink(output);
  await writeWholePieces(place, () => part.stream({ signal }), signal);
  return DONE;
}
