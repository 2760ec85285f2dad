/**
 * What unpacking asks of the system, in terms of open directories and names in them, never of paths: so no symlink on
 * the way to a place is ever followed. Two implementations: native_tree.ts with the C library, and portable_tree.ts.
 */
import type { ArchiveNode } from "../../formats/archive/archive_elements.ts";

/** An open directory or file. */
export type Handle = number;

/** Something in a directory that is not open: a symlink, pipe, socket or device. */
export interface DirectoryEntry {
  /** An open directory. */
  readonly directory: Handle;
  /** A name in it. */
  readonly name: Uint8Array;
}

/** What the system knows of a file or directory. Times are in nanoseconds since 1970. */
export interface EntryStat {
  /** Whether it is a regular file. */
  readonly isFile: boolean;
  /** Its permissions, without its kind. */
  readonly mode: number;
  /** Number of the user who owns it. */
  readonly uid: number;
  /** Number of the group that owns it. */
  readonly gid: number;
  /** Bytes of a file. */
  readonly size: number;
  /** What tells it from all others of its device. */
  readonly inode: bigint;
  /** When its bytes were changed last, or what was set as that. */
  readonly mtime: bigint;
  /** When anything about it was changed last, which cannot be set. */
  readonly changed: bigint;
  /** The number of the device that it lies on. */
  readonly device: bigint;
  /** The number of the mount by which it was reached, where the system says it. */
  readonly mount?: bigint;
}

/** What a file may have besides owner, mode and time. */
export type FileAttributes = Pick<ArchiveNode, "xattrs" | "acl" | "fcaps" | "selinux" | "flags">;

/**
 * The calls. All throw errors with a `code` such as `EEXIST`, like node's; `ENOSYS` means that there is no such call
 * here. Names have been checked: no `/`, not `.` or `..`.
 */
export interface TreeSystem {
  /** A directory as the user named it; here symlinks are followed. */
  openRoot(path: string): Handle;
  /** Fails with `ENOTDIR` or `ELOOP` for anything but a real directory. */
  openDirectory(directory: Handle, name: Uint8Array): Handle;
  /** Makes a directory that only its owner can use for now. */
  makeDirectory(directory: Handle, name: Uint8Array): void;
  /** Makes a file that only its owner can use for now. Fails with `EEXIST` when there is anything of that name. */
  createFile(directory: Handle, name: Uint8Array): Handle;
  /**
   * Opens a regular file to read it, and never waits for a pipe. Fails with `ENOTSUP` for anything else, with `ELOOP` or
   * `ENOTSUP` for a symlink.
   */
  openFile(directory: Handle, name: Uint8Array): Handle;
  /** Reads bytes from a place of an open file: how many, fewer than asked for only at its end. */
  read(file: Handle, bytes: Uint8Array, offset: number): number;
  /** Writes bytes at a place of a file that was created; what is not written before the last byte reads as zeros. */
  write(file: Handle, bytes: Uint8Array, offset: number): void;
  /** Gives a file more bytes than were written: they read as zeros. */
  extend(file: Handle, size: number): void;
  /** Gives an empty file all bytes of another, whose blocks both share from then on. Only where the system can do so. */
  readonly clone?: (from: Handle, to: Handle) => void;
  /** Makes a symlink, wherever it leads; of the type for directories, where there are types. */
  makeSymlink(directory: Handle, name: Uint8Array, target: Uint8Array, toDirectory: boolean): void;
  /**
   * Whether a symlink in this directory would lead to a directory now. Only where symlinks have types, as on Windows.
   */
  readonly leadsToDirectory?: (directory: Handle, target: Uint8Array) => boolean;
  /** A pipe, socket or device. */
  makeNode(directory: Handle, name: Uint8Array, node: ArchiveNode): void;
  /** Replaces what is there, but for directories. */
  rename(directory: Handle, from: Uint8Array, to: Uint8Array): void;
  /** Fails with `EISDIR` or `EPERM` for a directory. */
  unlink(directory: Handle, name: Uint8Array): void;
  /** Removes an empty directory. */
  removeDirectory(directory: Handle, name: Uint8Array): void;
  /** All names in a directory, however often it is asked. */
  list(directory: Handle): Uint8Array[];
  /** Not followed when it is a symlink; `undefined` where the system cannot be asked. */
  stat(what: Handle | DirectoryEntry): EntryStat | undefined;
  /** Closes a directory or file. */
  close(handle: Handle): void;

  /** Not followed when it is a symlink. */
  setOwner(what: Handle | DirectoryEntry, uid: number, gid: number): void;
  /** Not for symlinks, which have no mode. */
  setMode(what: Handle | DirectoryEntry, mode: number): void;
  /** The time of the last change, in nanoseconds since 1970; that of the last access becomes now. */
  setTime(what: Handle | DirectoryEntry, mtime: bigint): void;
  /** A symlink's target, `undefined` when it is something else or cannot be read. */
  readLink(entry: DirectoryEntry): Uint8Array | undefined;
  /** What a file has of these features besides what {@linkcode stat} says; `undefined` where the system cannot be asked. */
  attributes(file: Handle, features: bigint): FileAttributes | undefined;
  /** Sets an extended attribute, replacing one of the same name. */
  setXattr(what: Handle | DirectoryEntry, name: string, value: Uint8Array): void;
  /** Removes an extended attribute, if it is there and the file system has such. */
  removeXattr(what: Handle | DirectoryEntry, name: string): void;
  /** Adds flags of chattr, FS_*_FL, to those that a file or directory has. */
  addFlags(handle: Handle, flags: number): void;
  /** Sets the quota project. */
  setProject(handle: Handle, id: number): void;

  /** The last digits of times that cannot be set here, in nanoseconds: 1 when all can. */
  readonly timeGranularity: bigint;
}

/** The error for what is not a regular file. */
export class NotAFile extends Error {
  readonly code = "ENOTSUP";

  constructor() {
    super("not a regular file");
  }
}

/** The error for a call that is not there. */
export class NotSupported extends Error {
  readonly code = "ENOSYS";

  constructor() {
    super("not supported by the system");
  }
}
