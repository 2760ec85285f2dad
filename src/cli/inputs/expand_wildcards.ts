/**
 * Arguments such as `*.caibx`, which the shells of Windows pass on as they are and other shells replace by the names.
 */
import { basename, dirname, join } from "../../deno/system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import { namedFileError } from "../../deno/files/file_errors.ts";
import { matchesTokens, parseWildcards } from "../../formats/wildcards.ts";
import { isPath } from "../../stores/location.ts";

/** What is in a directory; throws what the system says. */
type List = (directory: string) => Iterable<string>;

const readNames: List = (directory) => Array.from(Deno.readDirSync(directory), ({ name }) => name);

/** The arguments with all names of files in the place of those that have `*` or `?` in their last part. */
export function expandWildcards(
  args: readonly string[],
  windows: boolean = Deno.build.os === "windows",
  list: List = readNames,
): string[] {
  return windows ? args.flatMap((arg) => hasWildcard(arg) ? namesLike(arg, list) : [arg]) : [...args];
}

/** No name has these characters there. */
function hasWildcard(arg: string): boolean {
  return isPath(arg) && /[*?]/.test(basename(arg));
}

/** Throws `usage` when no file has such a name: nothing would be done, or to other files than were meant. */
function namesLike(arg: string, list: List): string[] {
  const directory = dirname(arg);
  const like = parseWildcards(basename(arg).toLowerCase());
  let names: string[];
  try {
    names = Array.from(list(directory)).filter((name) => matchesTokens(like, name.toLowerCase())).sort();
  } catch (error) {
    throw namedFileError("read", directory, error);
  }
  if (names.length === 0) {
    throw new DesyncError("usage", { action: "read", subject: arg, reason: "no file has such a name" });
  }
  return names.map((name) => directory === "." && !arg.startsWith(".") ? name : join(directory, name));
}
