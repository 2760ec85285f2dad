/** Options about files at hand that have much in common with what is extracted. */
import { list, option, toggle } from "./flag.ts";
import { commaList, yesOrNoText } from "./texts.ts";

export const blobSeeds = list({
  names: ["--seed"],
  value: "seed",
  description:
    "take chunks from this file or block device: INDEX:BLOB, INDEX.caibx with the blob beside it without .caibx, or BLOB alone, which is cut first; may be repeated or comma-separated",
  parse: commaList,
});

export const seedDirs = list({
  names: ["--seed-dir"],
  value: "directory",
  description:
    "take chunks from all blobs in this directory that have their index beside them (v1 and v1.caibx); may be repeated or comma-separated",
  parse: commaList,
});

export const deltas = list({
  names: ["--delta"],
  value: "location",
  description:
    "make new chunks with this delta file, a path or URL, where its old version is a seed; may be repeated or comma-separated",
  parse: commaList,
});

export const noDelta = toggle({
  names: ["--no-delta"],
  description: "do not look for a delta file beside the index",
});

export const skipInvalidSeeds = toggle({
  names: ["--skip-invalid-seeds"],
  description: "continue without what a seed does not have although its index says so, instead of failing",
});

export const regenerateInvalidSeeds = toggle({
  names: ["--regenerate-invalid-seeds"],
  description: "cut a seed that is not what its index says, and continue with the result",
});

/** casync's, which RAUC gives. */
export const seedOutput = option({
  names: ["--seed-output"],
  value: "yes|no",
  description: "whether chunks are taken from other places of the output, too",
  parse: yesOrNoText,
  fallback: true,
  fallbackText: "yes",
});

/** All of them. */
export const SEED_FLAGS = {
  blobSeeds,
  seedDirs,
  skipInvalidSeeds,
  regenerateInvalidSeeds,
  seedOutput,
};
