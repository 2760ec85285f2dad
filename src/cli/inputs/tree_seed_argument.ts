/** What is written behind `untar --seed`: a directory, or an index and a directory. */
import { DesyncError } from "../../core/errors.ts";
import { isNamedDirectory } from "../../deno/files/file_kind.ts";

/** What the text names. Without an index the directory is cut. */
export interface TreeSeedArgument {
  readonly directory: string;
  readonly index?: string;
}

/**
 * `DIRECTORY`, or `INDEX:DIRECTORY`, where both may have colons in them. Throws `missing-file` or `usage` when there is no
 * such directory.
 */
export function parseTreeSeed(text: string): TreeSeedArgument {
  if (isNamedDirectory("read", text)) return { directory: text };
  for (let at = text.lastIndexOf(":"); at > 0; at = text.lastIndexOf(":", at - 1)) {
    const directory = text.slice(at + 1);
    if (directory !== "" && isNamedDirectory("read", directory)) {
      return { directory, index: text.slice(0, at) };
    }
  }
  throw new DesyncError("usage", {
    action: "use",
    subject: `the seed ${text}`,
    reason: "it is not a directory",
    hint: "give the directory of an older version, or INDEX:DIRECTORY",
  });
}
