/** What an archive records, or is unpacked of it, as the user has chosen it. */
import { nameBytes } from "../../core/bytes.ts";
import { ExcludePatterns } from "../../formats/archive/exclude_patterns.ts";
import {
  EXCLUDE_FILE,
  EXCLUDE_NODUMP,
  EXCLUDE_SUBMOUNTS,
  featuresOf,
  normalizeFeatures,
  PERMISSIONS,
  SHA512_256,
  TIMES,
} from "../../formats/archive/features.ts";
import type { Flags } from "../commands/tar.ts";

/** What `--with` and `--without` leave of all features. */
export function chosenFeatures(
  wanted: readonly string[] | undefined,
  unwanted: readonly string[] | undefined,
): bigint {
  const all = (words: readonly string[] = []) => words.reduce((sum, word) => sum | featuresOf(word), 0n);
  return (wanted === undefined ? featuresOf("all") : all(wanted)) & ~all(unwanted);
}

/**
 * The feature flags: casync's for the same options. Windows has no owners and modes to record, only what is read-only; what
 * Deno gives in their place is invented. A tar has its own.
 */
export function archiveFeatures(flags: Flags, os: typeof Deno.build.os = Deno.build.os): bigint {
  let features = chosenFeatures(flags.recordWith, flags.recordWithout);
  if (flags.noTime) features &= ~TIMES;
  if (os === "windows" && flags.inputFormat !== "tar") features &= ~PERMISSIONS;
  if (flags.excludeNodump) features |= EXCLUDE_NODUMP;
  if (flags.excludeFile) features |= EXCLUDE_FILE;
  // It says nothing about a tar; desync takes it all the same.
  if (flags.oneFileSystem && flags.inputFormat !== "tar") features |= EXCLUDE_SUBMOUNTS;
  if (flags.digest !== "sha256") features |= SHA512_256;
  return normalizeFeatures(features);
}

/** The patterns of `--exclude` and `--include`. Throws `usage` for an invalid one. */
export function excludePatterns(flags: Flags): ExcludePatterns {
  const parse = (patterns: readonly string[] = [], option: string, prefix: string) =>
    ExcludePatterns.parseFile(
      nameBytes(patterns.map((pattern) => prefix + pattern).join("\n")),
      option,
    );
  return parse(flags.exclude, "--exclude", "").with(parse(flags.include, "--include", "!"));
}
