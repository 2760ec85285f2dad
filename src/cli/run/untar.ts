/** `desync untar ARCHIVE TARGET [PATH…]` */
import { basename } from "../../deno/system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import { givenPath } from "../../deno/files/given_paths.ts";
import { isNamedDirectory } from "../../deno/files/file_kind.ts";
import { ownIds } from "../../deno/system/permitted.ts";
import { untarBy, type UntarResult } from "../../deno/untar.ts";
import type { Loss } from "../../archive/losses.ts";
import { parseArchivePaths } from "../../archive/archive_parts.ts";
import { archiveToTar, type ArchiveToTarOptions } from "../../jobs/archive_to_tar.ts";
import { Progress } from "../../core/progress.ts";
import type { ArchiveBytes } from "../../archive/read_selected.ts";
import type { UnpackResult } from "../../jobs/unpack.ts";
import { chosenFeatures } from "../inputs/archive_features.ts";
import {
  type ArchiveSource,
  namingArchive,
  openArchive,
  type OpenPatches,
  type OpenSeeds,
  type TreeStore,
} from "../inputs/archive_source.ts";
import type { Args, Flags } from "../commands/untar.ts";
import { parseTreeSeed, type TreeSeedArgument } from "../inputs/tree_seed_argument.ts";
import { DONE, PARTLY } from "../exit_status.ts";
import { reportingWhatIsKept } from "../output/interruption.ts";
import { checkOutputPath } from "../inputs/local_path.ts";
import { Locator } from "../locator.ts";
import { printError, warn } from "../output/output.ts";
import { writeWholePieces } from "../output/piece_output.ts";
import { showProgress } from "../output/progress.ts";
import { redactLocation } from "../../deno/schemes.ts";

/** Unpacks. Ends with `PARTLY` when something could not be restored. */
export async function run(
  { archive: location, target, paths }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  const toTar = flags.outputFormat === "gnu-tar";
  if (toTar) checkTarFlags(flags);
  parseArchivePaths(paths); // before anything is opened
  checkOutputPath(target, location);
  const seeds = (flags.treeSeeds ?? []).map(parseTreeSeed);
  await using locator = new Locator(flags);
  await using opened = new AsyncDisposableStack();
  const use = { target, paths, locator, opened, signal };
  const openSeeds = seedsFor(flags, seeds, use);
  const openPatches = openPatchesOf(location, flags, use);
  const source = await openArchive(location, flags, locator, signal, openSeeds, openPatches);
  const progress = new Progress();
  progress.total = source.size ?? 0;
  const { samePermissions, xattrsInclude, recursiveUnlink, keepUnchanged: inPlace, deleteOthers } = flags;
  const sync = !flags.noSync;
  const features = chosenFeatures(flags.restoreWith, flags.restoreWithout);
  const [sameOwner, time] = [!flags.noSameOwner, !flags.noTime];
  const attributes = { sameOwner, samePermissions, time, xattrsInclude, features };
  const selection = { paths, signal, progress };
  let deleted = 0;
  const onDelete = (path: string) => {
    deleted++;
    if (flags.verbose) printError(`removed ${path}\n`);
  };
  const olderVersions = seeds.map(({ directory }) => directory);
  const updating = { recursiveUnlink, inPlace, olderVersions, deleteOthers, onDelete };
  // Those of a blob are made for this reader alone.
  const ownsPieces = flags.index;
  const unpack = (archive: ArchiveBytes) =>
    toTar
      ? writeTar(archive, location, target, { ...selection, signal }, sync)
      : untarBy(archive, target, { ...selection, ...attributes, ...updating, sync, ownsPieces });
  let result: UnpackResult & Partial<UntarResult>;
  {
    using _display = showProgress(progress, flags, { label: "Unpacking" });
    const named = () => namingArchive(location, flags, () => withBytes(source, paths.length > 0, unpack));
    result = flags.index ? await reportingWhatIsKept(flags, "other", named) : await named();
  }
  if (deleted > 0 && !flags.verbose) {
    const entries = deleted === 1 ? "entry" : "entries";
    printError(`${target}: removed what the archive does not have: ${deleted} ${entries}\n`);
  }
  return report(result, toTar ? "not in the tar" : "not restored");
}

/** What seeds are for. */
interface SeedUse {
  readonly target: string;
  readonly paths: readonly string[];
  readonly locator: Locator;
  readonly opened: AsyncDisposableStack;
  readonly signal: AbortSignal;
}

/** Opens what was given as seeds, and the target where it is updated. `undefined` without seeds. */
function seedsFor(
  flags: Flags,
  given: readonly TreeSeedArgument[],
  { target, paths, locator, opened, signal }: SeedUse,
): OpenSeeds | undefined {
  const { keepUnchanged, index } = flags;
  const useless = given.length > 0 ? "--seed" : flags.deltas !== undefined ? "--delta" : undefined;
  if (!index && useless !== undefined) {
    throw new DesyncError("usage", {
      action: "use",
      subject: useless,
      reason: "only the chunks of an index can be taken from seeds",
      hint: "give -i and an index",
    });
  }
  if (!index || (given.length === 0 && !keepUnchanged)) return undefined;
  return async (archive, readRoot) => {
    const { likenessOf, openGivenSeed } = await import("../inputs/tree_seeds.ts");
    const restoresOwners = !flags.noSameOwner && ownIds()?.uid === 0;
    const likeness = await likenessOf(archive, readRoot, restoresOwners);
    const places = paths.length === 0 ? [target] : paths.map((path) => `${target}/${basename(path)}`);
    // What is there may be no directory, or not be there yet.
    const own = keepUnchanged ? places.filter((path) => isNamedDirectory("write", path)) : [];
    const seeds: TreeStore[] = [];
    for (const seed of [...own.map((directory) => ({ directory })), ...given]) {
      const store = await openGivenSeed(seed, { archive, likeness, flags, locator, signal });
      if (store !== undefined) seeds.push(opened.use(store));
    }
    return seeds;
  };
}

/** Opens the delta files that were given, or looks for one beside the index. */
function openPatchesOf(
  location: string,
  flags: Flags,
  { paths, locator, opened, signal }: SeedUse,
): OpenPatches | undefined {
  if (!flags.index || flags.deltas === undefined && flags.noDelta) return undefined;
  return async (index, seeds, sources) => {
    const [{ deltaFinder, openDeltas, reportDeltaProblem }, { patchesFor }, { expectAll }] = await Promise
      .all([
        import("../inputs/deltas.ts"),
        import("../../deno/patches_for.ts"),
        import("../../jobs/open_patches.ts"),
      ]);
    const deltas = await openDeltas(flags.deltas, locator, signal);
    const versions = seeds.map((store) => ({ index: store.index, store }));
    const readsAll = paths.length === 0;
    const patches = await patchesFor(index, versions, await locator.workers(), {
      sources,
      deltas,
      findDelta: flags.noDelta ? undefined : deltaFinder(location, locator, signal),
      onDeltaProblem: reportDeltaProblem,
      // Files of the old version are replaced while others are still to be made of them.
      areOverwritten: flags.keepUnchanged && readsAll,
      signal,
    });
    for (const patch of patches) opened.use(patch);
    if (readsAll) await expectAll(patches, sources, signal);
    return patches;
  };
}

/** Parts of an archive are read at their places where that can be done: no more is fetched than they take. */
async function withBytes<T>(
  source: ArchiveSource,
  partly: boolean,
  work: (archive: ArchiveBytes) => Promise<T>,
): Promise<T> {
  const access = partly ? await source.access() : null;
  try {
    return await work(access ?? source.pieces);
  } finally {
    access?.[Symbol.dispose]?.();
  }
}

function report(result: UnpackResult & Partial<UntarResult>, state: string): number {
  const { losses, omitted, notDeleted = [] } = result;
  if (omitted > 0) {
    warn(`${omitted} entries have a name but no content: the program that made the archive omitted it`);
  }
  for (const loss of losses) reportLoss(state, loss);
  for (const loss of notDeleted) reportLoss("not removed", loss);
  return losses.length + notDeleted.length === 0 ? DONE : PARTLY;
}

function reportLoss(state: string, { what, count, path, reason }: Loss): void {
  const others = count === 1 ? path : `${count} files, the first is ${path}`;
  warn(`${state}: ${what} (${others}: ${reason})`);
}

/** desync takes --no-same-owner and --no-same-permissions with a tar too, where they change nothing: tar itself has them. */
function checkTarFlags(flags: Flags): void {
  const given: [option: string, given: boolean, instead: string][] = [
    ["--no-time", flags.noTime, "give tar --touch"],
    ["--with", flags.restoreWith !== undefined, "a tar has all that it can hold"],
    ["--without", flags.restoreWithout !== undefined, "a tar has all that it can hold"],
    ["--xattrs-include", flags.xattrsInclude !== undefined, "give it to tar"],
    ["--recursive-unlink", flags.recursiveUnlink, "give it to tar"],
    ["--in-place", flags.keepUnchanged, "unpack to disk"],
    ["--delete", flags.deleteOthers, "unpack to disk"],
  ];
  const wrong = given.find(([, given]) => given);
  if (wrong === undefined) return;
  throw new DesyncError("usage", {
    action: "use",
    subject: wrong[0],
    reason: "it is for unpacking to disk",
    hint: wrong[2],
  });
}

async function writeTar(
  archive: ArchiveBytes,
  location: string,
  target: string,
  options: ArchiveToTarOptions & { readonly signal: AbortSignal },
  sync: boolean,
): Promise<UnpackResult> {
  const name = basename(redactLocation(givenPath(location)));
  const rootName = location === "-" ? undefined : name.replace(/([^.])\.[^.]*$/, "$1") || undefined;
  let done: Promise<UnpackResult> | undefined;
  const begin = () => {
    const tar = archiveToTar(archive, { ...options, rootName });
    done = tar.done;
    return tar.readable;
  };
  await writeWholePieces(target, begin, options.signal, sync);
  return await done!;
}
