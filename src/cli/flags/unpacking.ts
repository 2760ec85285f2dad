/** Options about what is restored of an archive, and to where. */
import { FEATURE_WORDS } from "../../formats/archive/features.ts";
import { choice, list, toggle, yesOrNo } from "./flag.ts";
import { one } from "./texts.ts";

export const noSameOwner = toggle({
  names: ["--no-same-owner"],
  description: "unpack as the user who runs this; no effect on a tar file",
});

export const samePermissions = yesOrNo({
  names: ["-p", "--same-permissions"],
  description: "restore setuid and setgid of the caller's own files (default: for root alone)",
}, {
  names: ["--no-same-permissions"],
  description:
    "give what the umask leaves instead of the archive's permissions, and no capabilities; no effect on a tar file",
});

export const restoreWith = list({
  names: ["--with"],
  value: "feature",
  description: "restore only what is named so; may be repeated (the words are those of tar)",
  words: FEATURE_WORDS,
  parse: one,
  fallbackText: "all",
});

export const restoreWithout = list({
  names: ["--without"],
  value: "feature",
  description: "do not restore this, such as device-nodes, fcaps or chattr; may be repeated",
  words: FEATURE_WORDS,
  parse: one,
});

export const xattrsInclude = list({
  names: ["--xattrs-include"],
  value: "pattern",
  description: "restore these extended attributes, besides those in user. and trusted.; may be repeated",
  parse: one,
});

export const recursiveUnlink = toggle({
  names: ["--recursive-unlink"],
  description: "let other entries of the archive replace directories of the same name that are not empty",
});

export const outputFormat = choice({
  names: ["--output-format"],
  value: "format",
  description: "disk, or gnu-tar to write a tar file",
  words: ["disk", "gnu-tar"],
  fallback: "disk",
});
