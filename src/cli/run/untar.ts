/** `desync untar ARCHIVE TARGET [PATH…]` */
import { basename, extname } from "node:path";
import { DesyncError } from "../../errors.ts";
import { type Loss, Losses } from "../../deno/losses.ts";
import { givenPath } from "../../deno/given_paths.ts";
import { untar, untarParts } from "../../deno/untar.ts";
import {
  type ArchivePath,
  checkArchivePaths,
  findParts,
  parseArchivePath,
  pickParts,
  readParts,
} from "../../jobs/archive_parts.ts";
import type { ArchivePlace } from "../../jobs/find_in_archive.ts";
import { tarStream } from "../../jobs/archive_to_tar.ts";
import { Progress } from "../../jobs/progress.ts";
import { counted, readArchive } from "../../jobs/read_archive.ts";
import type { ArchiveEventHandler } from "../../formats/archive.ts";
import { chosenFeatures } from "../archive_features.ts";
import { type ArchiveSource, namingArchive, openArchive } from "../archive_source.ts";
import { DONE, PARTLY } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { sayingWhatIsKept } from "../interruption.ts";
import { outputPath } from "../local_path.ts";
import { Locator } from "../location.ts";
import { warn } from "../output.ts";
import { writeWholePieces } from "../piece_output.ts";
import { showProgress } from "../progress.ts";
import { withoutSecrets } from "../scheme.ts";

/** What could not be had of an archive. */
interface Result {
  readonly losses: readonly Loss[];
  readonly omitted: number;
}

/** Unpacks. Ends with `PARTLY` when something could not be restored. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [location, target, ...words] = args;
  const toTar = flags.outputFormat === "gnu-tar";
  if (toTar) checkTarFlags(flags);
  const paths = words.map(parseArchivePath);
  checkArchivePaths(paths);
  outputPath(target, location);
  await using locator = new Locator(flags);
  const source = await openArchive(location, flags, locator, signal);
  const progress = new Progress();
  progress.total = source.size ?? 0;
  const { sameOwner, samePermissions, time, xattrsInclude, recursiveUnlink, sync } = flags;
  const attributes = { sameOwner, samePermissions, time, xattrsInclude, features: chosenFeatures(flags) };
  const options = { ...attributes, recursiveUnlink, sync, signal, progress };
  const parts = (read: Read) =>
    toTar ? writeTar(read, location, target, signal, sync) : untarParts(read, target, options);
  let result: Result;
  {
    using _display = showProgress(progress, flags, { label: "Unpacking" });
    const work = async () => {
      if (paths.length > 0) return await withParts(source, paths, progress, signal, parts);
      if (!toTar) return await untar(source.pieces, target, options);
      return await parts((onEvent) => readArchive(counted(source.pieces, progress), onEvent, { signal }));
    };
    const named = () => namingArchive(location, flags, work);
    result = flags.index ? await sayingWhatIsKept(flags, false, named) : await named();
  }
  return tell(result, toTar ? "not in the tar" : "not restored");
}

/** Passes an archive, or parts of it, on. */
type Read = (onEvent: ArchiveEventHandler) => Promise<void>;

/** Reads no more than these paths where that can be done, else all. */
async function withParts(
  source: ArchiveSource,
  paths: readonly ArchivePath[],
  progress: Progress,
  signal: AbortSignal,
  work: (read: Read) => Promise<Result>,
): Promise<Result> {
  const access = await source.access();
  try {
    if (access === null) {
      return await work((onEvent) => pickParts(counted(source.pieces, progress), paths, onEvent, { signal }));
    }
    const found = await findParts(access, paths, { signal });
    progress.total = found.reduce((sum, { place }) => sum + place.end - place.start, 0);
    const open = ({ start, end }: ArchivePlace) => counted(access.pieces(start, end, { signal }), progress);
    return await work((onEvent) => readParts(open, found, onEvent, { signal }));
  } finally {
    access?.[Symbol.dispose]?.();
  }
}

function tell({ losses, omitted }: Result, state: string): number {
  if (omitted > 0) {
    warn(`${omitted} entries have a name but no content: the program that made the archive omitted it`);
  }
  for (const { what, count, path, reason } of losses) {
    const others = count === 1 ? path : `${count} files, the first is ${path}`;
    warn(`${state}: ${what} (${others}: ${reason})`);
  }
  return losses.length === 0 ? DONE : PARTLY;
}

/** desync takes --no-same-owner and --no-same-permissions with a tar too, where they change nothing: tar itself has them. */
function checkTarFlags(flags: FlagValues): void {
  const given: [option: string, given: boolean, instead: string][] = [
    ["--no-time", flags.time === false, "give tar --touch"],
    ["--with", flags.with !== undefined, "a tar has all that it can hold"],
    ["--without", flags.without !== undefined, "a tar has all that it can hold"],
    ["--xattrs-include", flags.xattrsInclude !== undefined, "give it to tar"],
    ["--recursive-unlink", flags.recursiveUnlink === true, "give it to tar"],
  ];
  const wrong = given.find(([, given]) => given);
  if (wrong === undefined) return;
  throw new DesyncError("usage", `Cannot use ${wrong[0]}: it is for unpacking to disk (${wrong[2]})`);
}

async function writeTar(
  read: Read,
  location: string,
  target: string,
  signal: AbortSignal,
  sync: boolean | undefined,
): Promise<Result> {
  const losses = new Losses();
  const name = basename(withoutSecrets(givenPath(location)));
  const rootName = location === "-" ? undefined : basename(name, extname(name)) || undefined;
  let done: Promise<{ omitted: number }> | undefined;
  const begin = () => {
    const tar = tarStream(read, { rootName, lose: losses.add.bind(losses) });
    done = tar.done;
    return tar.readable;
  };
  await writeWholePieces(target, begin, signal, sync);
  return { losses: losses.all, ...await done! };
}
