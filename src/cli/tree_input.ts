/** What `tar` packs: a folder, or a tar that is read as if it were one. */
import { readTree, type TreeSummary } from "../deno/tree_reader.ts";
import { readTarTree } from "../deno/tar_source.ts";
import { DesyncError } from "../errors.ts";
import { excluding } from "../jobs/exclude.ts";
import type { ArchiveEventHandler } from "../formats/archive.ts";
import { archiveFeatures, excludePatterns } from "./archive_features.ts";
import { filePieces } from "../deno/file_pieces.ts";
import type { FlagValues } from "./flags.ts";

/** Reads the tree. `skipNames` are left out: those of the archive while it is written. */
export type ReadInput = (onEvent: ArchiveEventHandler, skipNames?: readonly string[]) => Promise<TreeSummary>;

/** How the source is read as the options say. Throws `usage` for options that do not go together. */
export function treeInput(source: string, flags: FlagValues, signal: AbortSignal): ReadInput {
  const exclude = excludePatterns(flags);
  if (flags.inputFormat === "tar") {
    return async (onEvent) => {
      const input = source === "-" ? filePieces(undefined, signal) : source;
      const options = { addRoot: flags.tarAddRoot, signal };
      const read = await namingTar(source, () => readTarTree(input, excluding(exclude, onEvent), options));
      return { ...read, bytes: 0, changed: 0, blind: [] };
    };
  }
  if (flags.tarAddRoot) {
    throw new DesyncError("usage", "Cannot use --tar-add-root: it goes with --input-format tar");
  }
  const features = archiveFeatures(flags);
  return (onEvent, skipNames) => readTree(source, onEvent, { features, exclude, skipNames, signal });
}

/** Runs `work`, whose errors about the tar then name it. */
async function namingTar<T>(source: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DesyncError) || error.code !== "invalid-archive") throw error;
    const name = source === "-" ? "on standard input" : source;
    throw new DesyncError(error.code, `Cannot use the tar ${name}: ${error.message}`, { cause: error });
  }
}
