/** Unpacks an archive, or some of its paths, to where a tree can be written. */
import type { Loss } from "../archive/losses.ts";
import type { ReadArchiveOptions } from "../archive/read_archive.ts";
import { type ArchiveBytes, readSelected, type SelectOptions } from "../archive/read_selected.ts";
import type { TreeSink } from "../archive/tree_ports.ts";

/** What unpacking could not do. */
export interface UnpackResult {
  /** What could not be restored. */
  readonly losses: readonly Loss[];
  /** Entries that have a name but no content: the program that made the archive omitted it. */
  readonly omitted: number;
}

/** Passes the archive on to the sink, and has it finish. Throws as `readSelected` and the sink do. */
export async function unpack(
  archive: ArchiveBytes,
  sink: TreeSink,
  options: SelectOptions & Pick<ReadArchiveOptions, "ownsPieces"> = {},
): Promise<UnpackResult> {
  let omitted = 0;
  await readSelected(archive, (event) => {
    if (event.type === "omitted") omitted++;
    return sink.write(event);
  }, options);
  return { losses: await sink.finish(options), omitted };
}
