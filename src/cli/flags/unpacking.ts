/** Options about what is restored of an archive, and to where. */
import { FEATURE_WORDS } from "../../formats/archive/features.ts";
import { choice, list, toggle, yesOrNo } from "./flag.ts";
import { commaList, one } from "./texts.ts";

export const noSameOwner = toggle({
  names: ["--no-same-owner"],
  description: "do not restore owners: files belong to the current user; no effect on a tar file",
});

export const samePermissions = yesOrNo({
  names: ["-p", "--same-permissions"],
  description: "restore setuid and setgid bits of the user's own files (default: only for root)",
}, {
  names: ["--no-same-permissions"],
  description:
    "apply the umask instead of the archive's permissions, without capabilities; no effect on a tar file",
});

export const restoreWith = list({
  names: ["--with"],
  value: "feature",
  description: "restore only this; may be repeated (same words as tar)",
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
  description: "also restore extended attributes that match, besides user. and trusted.; may be repeated",
  parse: one,
});

export const recursiveUnlink = toggle({
  names: ["--recursive-unlink"],
  description: "replace non-empty directories by other entries of the same name",
});

export const outputFormat = choice({
  names: ["--output-format"],
  value: "format",
  description: "disk, or gnu-tar to write a tar file",
  words: ["disk", "gnu-tar"],
  fallback: "disk",
});

export const treeSeeds = list({
  names: ["--seed"],
  value: "[index:]directory",
  description:
    "take what they have from these directories of older versions, with -i; may be repeated or comma-separated; an unchanged one is read faster with the index that it was unpacked from",
  parse: commaList,
});

export const keepUnchanged = toggle({
  names: ["-k", "--in-place"],
  description: "leave files alone that are as the archive has them; with -i the target is also a seed",
});

export const deleteOthers = toggle({
  names: ["--delete"],
  description: "at the end, remove what the target has and the archive has not",
});
