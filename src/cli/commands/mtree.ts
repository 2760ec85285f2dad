/** `desync mtree ARCHIVE` */
import { createHash } from "node:crypto";
import { mtreeOfArchive } from "../../jobs/describe_archive.ts";
import { namingArchive, openArchive } from "../archive_source.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { LineBuffer } from "../lines.ts";
import { Locator } from "../location.ts";

/** Prints the tree. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [location] = args;
  await using locator = new Locator(flags);
  const { pieces, digest } = await openArchive(location, flags, locator, signal);
  using lines = new LineBuffer();
  await namingArchive(
    location,
    flags,
    () => mtreeOfArchive(pieces, { name: digest, make: (name) => createHash(name) }, lines.add, signal),
  );
  return DONE;
}
