/** `desync mtree ARCHIVE` */
import { createHash } from "node:crypto";
import { mtreeTo } from "../../archive/describe_archive.ts";
import { openNodes } from "../inputs/archive_source.ts";
import type { Args, Flags } from "../commands/mtree.ts";
import { DONE } from "../exit_status.ts";
import { LineBuffer } from "../output/lines.ts";
import { Locator } from "../locator.ts";

/** Prints the tree. */
export async function run({ archive }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await using locator = new Locator(flags);
  const { digest, read } = await openNodes(archive, flags, locator, signal);
  using lines = new LineBuffer();
  await read(mtreeTo(lines.add, { name: digest, make: (name) => createHash(name) }));
  return DONE;
}
