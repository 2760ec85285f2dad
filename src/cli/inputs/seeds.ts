/** The seeds that the command line names. */
import { isAbsolute, join } from "../../deno/system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import type { BlobSeed, InvalidSeeds } from "../../deno/seeds/blob_seed.ts";
import { fileError } from "../../deno/files/file_errors.ts";
import { exists } from "../../deno/files/file_kind.ts";
import { isSameFile } from "../../deno/files/same_file.ts";
import { environment } from "../../deno/system/permitted.ts";
import { isPath } from "../../stores/location.ts";
import type { Values } from "../flags/flag.ts";
import type { SEED_FLAGS } from "../flags/seeds.ts";
import type { Locator } from "../locator.ts";
import { warn } from "../output/output.ts";
import { valueContext } from "../parse/usage_errors.ts";
import { checkInputPath } from "./local_path.ts";
import { indexOfSeed, parseSeed, withoutSuffix } from "./seed_argument.ts";

type SeedFlags = Values<typeof SEED_FLAGS>;

/** What is to be done with those that are not what they should be, as in desync. Throws `usage`. */
export function invalidSeedsOf({ skipInvalidSeeds, regenerateInvalidSeeds }: SeedFlags): InvalidSeeds {
  if (skipInvalidSeeds && regenerateInvalidSeeds) {
    throw new DesyncError("usage", {
      reason: "--skip-invalid-seeds and --regenerate-invalid-seeds exclude each other",
    });
  }
  if (skipInvalidSeeds) return "skip";
  return regenerateInvalidSeeds ? "regenerate" : "fail";
}

/** Reads their indexes. In directories, that of the blob which is extracted is left out. */
export async function openSeedArguments(
  { blobSeeds = [], seedDirs = [] }: SeedFlags,
  extracted: string,
  locator: Locator,
  signal: AbortSignal,
): Promise<BlobSeed[]> {
  const seeds: BlobSeed[] = [];
  for (const text of blobSeeds) {
    const { index, blob, ignored } = named(text);
    if (ignored !== undefined) warn(`--seed ${text}: ignoring "${ignored}" (there are no options of seeds)`);
    checkInputPath(blob);
    seeds.push({ path: blob, index: index === undefined ? undefined : await locator.index(index, signal) });
  }
  for (const directory of seedDirs) {
    const indexes = indexesIn(directory);
    const withBlob = indexes.filter((path) => exists(withoutSuffix(path)));
    if (withBlob.length === 0) warn(noSeedsIn(directory, indexes));
    for (const path of withBlob) {
      if (isSameFile(path, extracted)) continue;
      seeds.push({ path: withoutSuffix(path), index: await locator.index(path, signal) });
    }
  }
  return seeds;
}

/**
 * Where the indexes of seeds that are cut are kept: in the cache, if that is a directory, else where the user's programs
 * keep such things. `undefined` where that is not known.
 */
export function seedIndexesDirectory(cache: string | undefined): string | undefined {
  if (cache !== undefined && isPath(cache)) return join(cache, ".seeds");
  const given = environment("XDG_CACHE_HOME");
  const home = environment("HOME");
  // The specification has relative paths ignored.
  if (isAbsolute(given)) return join(given, "desync", "seeds");
  return isAbsolute(home) ? join(home, ".cache", "desync", "seeds") : undefined;
}

/** The index that is named behind `--seed`, where the blob is not looked at. Throws `usage`. */
export function seedIndexOf(text: string): string {
  return reading(text, () => indexOfSeed(text, exists));
}

function named(text: string): ReturnType<typeof parseSeed> {
  return reading(text, () => parseSeed(text, exists));
}

function reading<T>(text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof DesyncError)) throw error;
    throw error.with(valueContext(text, "--seed"));
  }
}

/** Why a directory is of no use, which would only show in the time that it takes. */
function noSeedsIn(directory: string, [index]: readonly string[]): string {
  const reason = index === undefined
    ? "there is no index (.caibx) in it"
    : `no index in it has its blob beside it: ${index} is that of ${withoutSuffix(index)}`;
  return `--seed-dir ${directory}: no seeds found: ${reason}`;
}

/** In the order of their names, those of directories inside as well. */
function indexesIn(directory: string): string[] {
  const found: string[] = [];
  const list = (path: string) => {
    const entries = [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isDirectory } of entries) {
      if (isDirectory) list(join(path, name));
      else if (name.endsWith(".caibx")) found.push(join(path, name));
    }
  };
  try {
    list(directory);
  } catch (error) {
    throw fileError("read", directory, error);
  }
  return found;
}
