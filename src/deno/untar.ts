/** An archive unpacked into a folder of this machine. */
import { featuresOf } from "../formats/features.ts";
import type { Progress } from "../jobs/progress.ts";
import { counted, type Pieces, readArchive } from "../jobs/read_archive.ts";
import type { ArchiveEventHandler } from "../formats/archive.ts";
import { orInterrupted } from "../or_interrupted.ts";
import { Accounts } from "./accounts.ts";
import { fileError } from "./file_errors.ts";
import type { Loss } from "./losses.ts";
import { JobLibc } from "./libc.ts";
import { nativeTree } from "./native_tree.ts";
import { followLinks } from "./planted.ts";
import { portableTree } from "./portable_tree.ts";
import type { AttributeOptions } from "./restored.ts";
import { syncTree } from "./sync.ts";
import type { TreeSystem } from "./tree_system.ts";
import { TreeWriter } from "./tree_writer.ts";

/** What unpacking could not do. */
export interface UntarResult {
  /** What this system or user could not restore. */
  readonly losses: readonly Loss[];
  /** Names for which the archive has no node, since its maker had left them out. */
  readonly omitted: number;
}

/** What {@linkcode untar} may be given. */
export interface UntarOptions extends Partial<AttributeOptions> {
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Counts the archive's bytes. */
  readonly progress?: Progress;
  /**
   * Whether a directory that is not empty makes way for something else that the archive has of the same name, with all that
   * is in it; otherwise that is an error. What is mounted in it is never removed. Default: `false`.
   */
  readonly recursiveUnlink?: boolean;
  /**
   * Return when all of it is on the disk: on Linux, where foreign functions are allowed; else that is left to the system.
   * Default: true.
   */
  readonly sync?: boolean;
  /** Default: by the C library where that can be had. */
  readonly system?: TreeSystem;
}

/**
 * Unpacks the archive into `target`, which is made if it is not there. Nothing outside of it is written, whatever the
 * archive says and whatever lies there. Returns what could not be restored, such as owners when not run by root.
 *
 * Throws {@linkcode DesyncError}: `invalid-archive`, `io`, `interrupted`, and what the pieces throw.
 *
 * @example Unpack an archive out of a store
 * ```ts
 * import { ChunkedBlob, parseIndex } from "@desync/desync";
 * import { LocalStore, untar } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/tree.caidx"));
 * const blob = ChunkedBlob.open(index, new LocalStore("testdata/tree.castr"));
 * const target = await Deno.makeTempDir();
 * await untar(blob.stream(), target, { sameOwner: false });
 * if (!(await Deno.stat(`${target}/bin/run`)).isFile) throw new Error("a file is missing");
 * await Deno.remove(target, { recursive: true });
 * ```
 */
export async function untar(
  pieces: Pieces,
  target: string,
  options: UntarOptions = {},
): Promise<UntarResult> {
  const read = (onEvent: ArchiveEventHandler) =>
    readArchive(counted(pieces, options.progress), onEvent, options);
  return await unpack(read, target, options, false);
}

/**
 * Unpacks trees whose roots have names into the folder `target`, which keeps its own attributes: parts of an archive.
 * `read` passes them on, one after the other. All else is as with {@linkcode untar}.
 *
 * @example Unpack one file of an archive
 * ```ts
 * import { findParts, parseArchivePath, readParts } from "@desync/desync";
 * import { FileAccess, untarParts } from "@desync/desync/deno";
 *
 * using access = FileAccess.open("testdata/tree.catar");
 * if (access === null) throw new Error("it is a file");
 * const parts = await findParts(access, [parseArchivePath("bin/run")]);
 * const target = await Deno.makeTempDir();
 * const read = (onEvent: Parameters<typeof readParts>[2]) =>
 *   readParts(({ start, end }) => access.pieces(start, end), parts, onEvent);
 * await untarParts(read, target, { sameOwner: false });
 * if (!(await Deno.stat(`${target}/run`)).isFile) throw new Error("a file is missing");
 * await Deno.remove(target, { recursive: true });
 * ```
 */
export async function untarParts(
  read: (onEvent: ArchiveEventHandler) => Promise<void>,
  target: string,
  options: UntarOptions = {},
): Promise<UntarResult> {
  return await unpack(read, target, options, true);
}

async function unpack(
  read: (onEvent: ArchiveEventHandler) => Promise<void>,
  target: string,
  options: UntarOptions,
  inside: boolean,
): Promise<UntarResult> {
  const { sameOwner = true, samePermissions, time = true, recursiveUnlink = false } = options;
  const { features = featuresOf("all"), xattrsInclude = [] } = options;
  // Not what somebody else's symlink leads to.
  followLinks(target);
  using job = new JobLibc();
  const system = options.system ?? nativeTree(job.libc) ?? portableTree();
  const accounts = new Accounts(job.libc);
  const attributes = { sameOwner, samePermissions, time, features, xattrsInclude };
  const tree = { inside, recursiveUnlink, accounts };
  using writer = new TreeWriter(system, target, { ...attributes, ...tree });
  await read((event) => writer.visit(event));
  if (options.sync ?? true) await synced(target, options.signal);
  return { losses: writer.losses.all, omitted: writer.omitted };
}

async function synced(target: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await orInterrupted(() => syncTree(target), signal);
  } catch (error) {
    throw fileError(`write ${target}`, error);
  }
}
