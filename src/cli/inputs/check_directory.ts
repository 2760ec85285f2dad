/** A directory that has to be there. */
import { DesyncError } from "../../core/errors.ts";
import { fileError } from "../../deno/files/file_errors.ts";
import { node } from "../../deno/system/node.ts";

/** Throws `missing-file`, `io` or `usage` when the path is not a directory that can be opened. */
export function checkDirectory(path: string): void {
  let isDirectory: boolean;
  try {
    isDirectory = node.fs.statSync(path).isDirectory();
  } catch (error) {
    throw fileError("open", path, error);
  }
  if (!isDirectory) {
    throw new DesyncError("usage", { action: "open", subject: path, reason: "not a directory" });
  }
}
