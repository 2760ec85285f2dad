/** The seeds of an archive: directories as the user names them, with or without their indexes. */
import { DesyncError, messageOf } from "../../core/errors.ts";
import { Progress } from "../../core/progress.ts";
import { openTreeSeed, type TreeSeedOptions } from "../../deno/open_tree_seed.ts";
import { featuresOf } from "../../formats/archive/features.ts";
import type { Index } from "../../formats/index/index.ts";
import type { ChunkStore } from "../../stores/store.ts";
import type { ProgressMode } from "../flags/progress.ts";
import type { Locator } from "../locator.ts";
import type { ReadRoot } from "./archive_source.ts";
import type { TreeSeedArgument } from "./tree_seed_argument.ts";
import { warn } from "../output/output.ts";
import { isForPeople, showProgress } from "../output/progress.ts";

/** What is to be unpacked, and how. */
interface SeedUse {
  readonly archive: Index;
  readonly likeness: Likeness;
  readonly flags: { readonly progress: ProgressMode; readonly concurrency: number | undefined };
  readonly locator: Locator;
  readonly signal: AbortSignal;
}

/** How a seed has to be packed to be like the archive. */
type Likeness = Pick<TreeSeedOptions, "features" | "ownAs">;

const ALL_FEATURES = featuresOf("all");

/**
 * Finds out how seeds have to be packed. The root of the archive is read where its index does not say what it records, and
 * where owners are not restored: then one's own files are those of the root's owner.
 */
export async function likenessOf(
  archive: Index,
  readRoot: ReadRoot,
  restoresOwners: boolean,
): Promise<Likeness> {
  const saysFeatures = (archive.flags & ALL_FEATURES) !== 0n;
  const root = saysFeatures && restoresOwners ? undefined : await readRoot();
  const features = saysFeatures ? archive.flags : root?.features ?? archive.flags;
  return { features, ownAs: restoresOwners ? undefined : root };
}

/** Looks through the seed. `undefined`, with a warning, when it cannot be used: then its chunks are fetched. */
export async function openGivenSeed(
  given: TreeSeedArgument,
  use: SeedUse,
): Promise<ChunkStore & { readonly index: Index } | undefined> {
  const { directory } = given;
  const { archive, likeness, flags, signal } = use;
  const { sizes, digest } = archive;
  const unreadable: Unreadable = { count: 0 };
  const progress = new Progress();
  const index = given.index === undefined ? undefined : await usableIndex(given.index, directory, use);
  const options: TreeSeedOptions = {
    ...likeness,
    sizes,
    digest,
    // A larger file cannot be in the archive.
    maxFileSize: archive.size,
    threads: flags.concurrency,
    signal,
    progress,
    onUnreadable: (error) => {
      unreadable.first ??= error;
      unreadable.count++;
    },
  };
  const open = async (index: Index | undefined) => {
    using _display = isForPeople(flags)
      ? showProgress(progress, flags, { label: "Reading seed" })
      : undefined;
    return await openTreeSeed(directory, { ...options, index });
  };
  try {
    return await open(index).catch((error) => {
      if (index === undefined || !(error instanceof DesyncError) || error.code !== "mismatch") throw error;
      warn(`${messageOf(error)} (continuing without the index ${given.index})`);
      unreadable.first = undefined;
      unreadable.count = 0;
      return open(undefined);
    });
  } catch (error) {
    if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
    warn(`${messageOf(error)} (continuing without this seed)`);
    return undefined;
  } finally {
    reportUnreadable(directory, unreadable);
  }
}

/** What cannot be read of a seed. */
interface Unreadable {
  first?: DesyncError;
  count: number;
}

function reportUnreadable(directory: string, { first, count }: Unreadable): void {
  if (first === undefined) return;
  const others = count === 1 ? "" : `, and ${count - 1} more`;
  warn(`the seed ${directory} is used without what cannot be read: ${messageOf(first)}${others}`);
}

/** The seed's index, if the archive's chunks may be in it. */
async function usableIndex(
  location: string,
  directory: string,
  { archive, locator, signal }: SeedUse,
): Promise<Index | undefined> {
  const index = await locator.index(location, signal);
  const { flags, sizes } = index;
  const alike = flags === archive.flags && sizes.min === archive.sizes.min &&
    sizes.avg === archive.sizes.avg &&
    sizes.max === archive.sizes.max;
  if (alike) return index;
  warn(
    `the index ${location} of the seed ${directory} was made with other sizes or features than that of the archive (continuing without the index)`,
  );
  return undefined;
}
