/** `desync mtree ARCHIVE` */
import { createHash } from "node:crypto";
import { mtreeTo } from "../../jobs/describe_archive.ts";
import { openNodes } from "../archive_source.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { LineBuffer } from "../lines.ts";
import { Locator } from "../location.ts";

/** Prints the tree. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [location] = args;
  await using locator = new Locator(flags);
  const { digest, read } = await openNodes(location, flags, locator, signal);
  using lines = new LineBuffer();
  await read(mtreeTo(lines.add, { name: digest, make: (name) => createHash(name) }));
  return DONE;
}
