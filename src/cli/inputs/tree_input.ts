/** What `tar` packs: a directory, or a tar that is read as if it were one. */
import { readTree } from "../../deno/tree/tree_reader.ts";
import { readTarTree } from "../../deno/tree/tar_source.ts";
import { DesyncError, type ErrorCode } from "../../core/errors.ts";
import type { TreeSource } from "../../archive/tree_ports.ts";
import { filePieces } from "../../deno/files/file_pieces.ts";
import type { Flags } from "../commands/tar.ts";

/** What reads the source as the options say. Throws `usage` for options that do not go together. */
export function treeInput(source: string, flags: Flags): TreeSource {
  if (flags.inputFormat === "tar") {
    return async (onEvent, options) => {
      const input = source === "-" ? filePieces(undefined, options.signal) : source;
      return await namingTar(
        source,
        () => readTarTree(input, onEvent, { ...options, addRoot: flags.tarAddRoot }),
      );
    };
  }
  if (flags.tarAddRoot) {
    const reason = "it goes with --input-format tar";
    throw new DesyncError("usage", { action: "use", subject: "--tar-add-root", reason });
  }
  return (onEvent, options) => readTree(source, onEvent, options);
}

const ABOUT_TARS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["invalid-archive", "unsupported", "usage"]);

/** Runs `work`, whose errors about the tar then name it. */
async function namingTar<T>(source: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DesyncError) || !ABOUT_TARS.has(error.code)) throw error;
    const subject = `the tar ${source === "-" ? "on standard input" : source}`;
    throw error.withContext({ action: "read", subject });
  }
}
