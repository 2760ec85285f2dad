/** `desync list ARCHIVE` */
import { listTo } from "../../archive/describe_archive.ts";
import { openNodes } from "../inputs/archive_source.ts";
import type { Args, Flags } from "../commands/list.ts";
import { DONE } from "../exit_status.ts";
import { LineBuffer } from "../output/lines.ts";
import { Locator } from "../locator.ts";

/** Prints the names. */
export async function run({ archive }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await using locator = new Locator(flags);
  const { read } = await openNodes(archive, flags, locator, signal);
  using lines = new LineBuffer();
  await read(listTo(lines.add));
  return DONE;
}
