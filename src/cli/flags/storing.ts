/** Options of commands that put chunks into a store. */
import { DEFAULT_ZSTD_LEVEL } from "../../codec/codec.ts";
import { DEFAULT_DELTA_LEVEL } from "../../deno/delta_level.ts";
import { list, option, toggle } from "./flag.ts";
import { wholeNumber } from "./go_values.ts";
import { noSync, umask } from "./output.ts";
import { commaList } from "./texts.ts";

export const uncompressed = toggle({
  names: ["-u", "--uncompressed"],
  description: "store chunks uncompressed",
});

export const compressionLevel = option({
  names: ["--compression-level"],
  value: "number",
  description: "zstd compression level, 1 (fast) to 22 (small)",
  parse: wholeNumber(1, 22),
  fallback: DEFAULT_ZSTD_LEVEL,
});

export const ignore = list({
  names: ["--ignore"],
  value: "index",
  description: "skip the chunks of this index; may be repeated or comma-separated",
  parse: commaList,
});

const ignoreChunks = list({
  names: ["--ignore-chunks"],
  value: "file",
  description: "skip the chunks whose ids this file lists; may be repeated or comma-separated",
  parse: commaList,
});

export const deltaLevel = option({
  names: ["--level"],
  value: "number",
  description: "zstd compression level, 1 (fast) to 22 (small)",
  parse: wholeNumber(1, 22),
  fallback: DEFAULT_DELTA_LEVEL,
});

export const deltaFrom = list({
  names: ["--delta-from"],
  value: "version",
  description:
    "also write a delta file from this older version, INDEX or INDEX:BLOB, beside the index; may be repeated or comma-separated",
  parse: commaList,
});

export const deltaAlways = toggle({
  names: ["--always"],
  description: "write the delta even if it takes 90% or more of what the chunks take",
});

/** How chunks that an index lists are added to a store. */
export const LISTED_CHUNK_FLAGS = { ignore, ignoreChunks, uncompressed, compressionLevel, umask, noSync };
