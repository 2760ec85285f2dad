/** Options about what goes into an archive. */
import { FEATURE_WORDS } from "../../formats/archive/features.ts";
import { choice, list, option, toggle } from "./flag.ts";
import { one } from "./texts.ts";

export const recordWith = list({
  names: ["--with"],
  value: "feature",
  description: "record only this; may be repeated (casync's words: best, unix, acl …)",
  words: FEATURE_WORDS,
  parse: one,
  fallbackText: "all",
});

export const recordWithout = list({
  names: ["--without"],
  value: "feature",
  description: "do not record this; may be repeated",
  words: FEATURE_WORDS,
  parse: one,
});

export const exclude = list({
  names: ["--exclude"],
  value: "pattern",
  description: "exclude paths that match, as a line of .caexclude does; may be repeated",
  parse: one,
});

export const include = list({
  names: ["--include"],
  value: "pattern",
  description: "include paths that match, even if otherwise excluded; may be repeated",
  parse: one,
});

export const excludeNodump = option({
  names: ["--exclude-nodump"],
  value: "yes|no",
  description: "exclude files with chattr's flag d",
  words: ["yes", "no"],
  parse: (text) => text === "yes",
  fallback: true,
  fallbackText: "yes",
});

export const excludeFile = option({
  names: ["--exclude-file"],
  value: "yes|no",
  description: "respect .caexclude files in the tree",
  words: ["yes", "no"],
  parse: (text) => text === "yes",
  fallback: true,
  fallbackText: "yes",
});

export const oneFileSystem = toggle({
  names: ["-x", "--one-file-system"],
  description: "skip other file systems mounted inside",
});

export const inputFormat = choice({
  names: ["--input-format"],
  value: "format",
  description: "disk, or tar to read a tar file or stream",
  words: ["disk", "tar"],
  fallback: "disk",
});

export const tarAddRoot = toggle({
  names: ["--tar-add-root"],
  description: "add a root directory, for tars without one",
});
