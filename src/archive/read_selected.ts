/** An archive, or only some of its paths, from wherever its bytes come. */
import type { ArchiveEventHandler } from "../formats/archive/archive.ts";
import { findParts, parseArchivePaths, pickParts, readParts } from "./archive_parts.ts";
import { countBytes, type Progress } from "../core/progress.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import { type Pieces, readArchive, type ReadArchiveOptions } from "./read_archive.ts";

/** An archive's bytes: in order, or to be read at any place, where single paths take no more than their own bytes. */
export type ArchiveBytes = Pieces | RandomAccess;

/** What of an archive is read. */
export interface SelectOptions {
  /** Paths in the archive, such as `bin/run`: each is a tree of its own whose root has its last name. Default: all. */
  readonly paths?: readonly string[];
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Counts the archive's bytes that are read. */
  readonly progress?: Progress;
}

/**
 * Calls `onEvent` for the archive or for these paths of it. Throws `invalid-archive`, `usage` and `missing-path` for
 * paths, the latter before `onEvent` is called where the archive can be read at any place, `interrupted`, and whatever
 * reading and `onEvent` throw.
 */
export async function readSelected(
  archive: ArchiveBytes,
  onEvent: ArchiveEventHandler,
  options: SelectOptions & Pick<ReadArchiveOptions, "ownsPieces"> = {},
): Promise<void> {
  const { signal, progress, ownsPieces } = options;
  const paths = parseArchivePaths(options.paths ?? []);
  if (!("read" in archive)) {
    const pieces = countBytes(archive, progress);
    if (paths.length === 0) await readArchive(pieces, onEvent, { signal, ownsPieces });
    else await pickParts(pieces, paths, onEvent, { signal });
    return;
  }
  const open = ({ start, end }: { start: number; end: number }) =>
    countBytes(archive.pieces(start, end, { signal }), progress);
  const whole = { start: 0, end: archive.size };
  const parts = paths.length === 0 ? undefined : await findParts(archive, paths, { signal });
  const ranges = parts?.map(({ range }) => range) ?? [whole];
  if (progress !== undefined) progress.total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  if (parts === undefined) await readArchive(open(whole), onEvent, { signal });
  else await readParts(open, parts, onEvent, { signal });
}
