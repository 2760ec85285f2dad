/** An archive unpacked into a directory of this machine. */
import { featuresOf } from "../formats/archive/features.ts";
import type { ReadArchiveOptions } from "../archive/read_archive.ts";
import type { ArchiveBytes, SelectOptions } from "../archive/read_selected.ts";
import type { Loss } from "../archive/losses.ts";
import type { TreeSink } from "../archive/tree_ports.ts";
import { unpack, type UnpackResult } from "../jobs/unpack.ts";
import { abortable } from "../core/abortable.ts";
import { Yielder } from "../core/yielder.ts";
import { Accounts } from "./system/accounts.ts";
import { fileError } from "./files/file_errors.ts";
import { JobLibc } from "./system/libc.ts";
import { nativeTree } from "./tree/native_tree.ts";
import { followLinks } from "./output/planted.ts";
import { portableTree } from "./tree/portable_tree.ts";
import type { AttributeOptions } from "./tree/restored.ts";
import { syncTree } from "./output/sync.ts";
import type { TreeSystem } from "./tree/tree_system.ts";
import { Extraneous } from "./tree/update/extraneous.ts";
import { TreeWriter } from "./tree/tree_writer.ts";

/** What {@linkcode untar} may be given. */
export interface UntarOptions extends Partial<AttributeOptions>, SelectOptions {
  /**
   * Whether a directory that is not empty makes way for something else that the archive has of the same name, with all that
   * is in it; otherwise that is an error. What is mounted in it is never removed. Default: `false`.
   */
  readonly recursiveUnlink?: boolean;
  /**
   * Leave files and symlinks alone that are as the archive has them: content, owner, mode, time and attributes. All bytes
   * are compared. Others are replaced as always. Default: `false`.
   */
  readonly inPlace?: boolean;
  /**
   * Directories with older versions of the tree: where the file system can do that, files share the blocks that have not
   * changed with those of the same path there, as with `inPlace` with those that they replace. Default: none.
   */
  readonly olderVersions?: readonly string[];
  /**
   * Remove what the target has and the archive has not, when all of the archive was read and verified. With `paths` that
   * is done inside of these alone. What is mounted is never removed. Default: `false`.
   */
  readonly deleteOthers?: boolean;
  /** Called with the path of each file, symlink … or directory that was removed, all that is in it included. */
  readonly onDelete?: (path: string) => void;
  /**
   * Return when all of it is on the disk: on Linux, where foreign functions are allowed; else that is left to the system.
   * Default: true.
   */
  readonly sync?: boolean;
}

/** What came of unpacking into a directory. */
export interface UntarResult extends UnpackResult {
  /** What should have been removed and was not. */
  readonly notDeleted: readonly Loss[];
}

/**
 * Unpacks an archive into the directory `target`, which is made if it does not exist. With `paths` only these are unpacked:
 * each is put into `target` under its last name, and `target` keeps its own attributes. Nothing outside of `target` is
 * written, whatever the archive says and whatever lies there. Returns what could not be restored, such as owners when not
 * run by root.
 *
 * Throws {@linkcode DesyncError}: `invalid-archive`, `missing-path`, `usage`, `io`, `interrupted`, and what the archive's
 * bytes throw.
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
 *
 * @example Unpack one file, reading only the parts of the archive that it takes
 * ```ts
 * import { FileAccess, untar } from "@desync/desync/deno";
 *
 * using archive = FileAccess.open("testdata/tree.catar");
 * if (archive === null) throw new Error("it is a file");
 * const target = await Deno.makeTempDir();
 * await untar(archive, target, { paths: ["bin/run"], sameOwner: false });
 * if (!(await Deno.stat(`${target}/run`)).isFile) throw new Error("a file is missing");
 * await Deno.remove(target, { recursive: true });
 * ```
 */
export async function untar(
  archive: ArchiveBytes,
  target: string,
  options: UntarOptions = {},
): Promise<UntarResult> {
  return await untarBy(archive, target, options);
}

/** What {@linkcode untarBy} may be given. */
export interface UntarByOptions extends UntarOptions, Pick<ReadArchiveOptions, "ownsPieces"> {
  /** The calls to write with. Default: those of the C library where it can be used. */
  readonly system?: TreeSystem;
}

/** The same, by these calls. */
export async function untarBy(
  archive: ArchiveBytes,
  target: string,
  options: UntarByOptions = {},
): Promise<UntarResult> {
  const { sameOwner = true, samePermissions, time = true, recursiveUnlink = false, sync = true } = options;
  const { features = featuresOf("all"), xattrsInclude = [], paths = [] } = options;
  const { inPlace = false, olderVersions, deleteOthers = false, onDelete = () => {} } = options;
  // Not the target of another user's symlink.
  followLinks(target);
  using job = new JobLibc();
  const system = options.system ?? nativeTree(job.libc) ?? portableTree();
  const accounts = new Accounts(job.libc);
  const attributes = { sameOwner, samePermissions, time, features, xattrsInclude };
  const extraneous = deleteOthers ? new Extraneous(system, target) : undefined;
  const tree = { inside: paths.length > 0, recursiveUnlink, inPlace, olderVersions, extraneous, accounts };
  using writer = new TreeWriter(system, target, { ...attributes, ...tree });
  const sink: TreeSink = {
    write: (event) => writer.write(event),
    finish: async ({ signal }) => {
      await extraneous?.remove(time, onDelete, new Yielder(signal));
      if (sync) await synced(target, signal);
      return writer.losses.all;
    },
  };
  const result = await unpack(archive, sink, options);
  return { ...result, notDeleted: extraneous?.kept.all ?? [] };
}

async function synced(target: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await abortable(() => syncTree(target), signal);
  } catch (error) {
    throw fileError("write", target, error);
  }
}
