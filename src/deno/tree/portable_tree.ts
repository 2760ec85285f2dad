/**
 * Directories and files by what Deno offers everywhere. Whenever something is made in a directory, the directory is
 * looked at: it has to be the one that was opened, and no symlink. That keeps an archive from writing outside, and
 * leaves only the moment between look and use to another program that swaps directories for symlinks. (On Linux, paths
 * that begin at open directories in /proc would close it, but Deno wants all permissions for those, and then there is
 * native_tree.ts.)
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import fs from "node:fs";
import { join } from "../system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import { escapeName } from "../../formats/archive/node_text.ts";
import { isSpecialOnWindows, leadsToDirectory, toWindowsTarget } from "./link_target.ts";
import { errorCode } from "../system/error_code.ts";
import {
  type DirectoryEntry,
  type EntryStat,
  type Handle,
  NotAFile,
  NotSupported,
  type TreeSystem,
} from "./tree_system.ts";
import { utf8Name } from "../files/utf8_name.ts";

const WINDOWS = Deno.build.os === "windows";
/** Windows has none of the others. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** An open directory: where it is, and what it was when it was opened. */
interface PathDirectory {
  readonly path: string;
  readonly inode: string;
}

/** The system by way of node:fs. */
export function portableTree(): TreeSystem {
  return new PortableTree();
}

class PortableTree implements TreeSystem {
  readonly timeGranularity = 1_000_000n;
  readonly leadsToDirectory = WINDOWS
    ? (directory: Handle, target: Uint8Array) =>
      leadsToDirectory(this.#checked(directory).path, utf8Name("make", target))
    : undefined;
  /** Open directories; their handles are negative, those of files are not. */
  readonly #directories = new Map<Handle, PathDirectory>();
  #next = -1;

  openRoot(path: string): Handle {
    return this.#remember(Deno.realPathSync(path));
  }

  openDirectory(directory: Handle, name: Uint8Array): Handle {
    return this.#remember(this.#path(directory, name));
  }

  makeDirectory(directory: Handle, name: Uint8Array): void {
    mkdirSync(this.#path(directory, name), { mode: 0o700 });
  }

  createFile(directory: Handle, name: Uint8Array): Handle {
    return openSync(this.#path(directory, name), "wx+", 0o600);
  }

  openFile(directory: Handle, name: Uint8Array): Handle {
    const path = this.#path(directory, name);
    // Opening a device may do things, even if it is not read.
    if (!lstatSync(path).isFile()) throw new NotAFile();
    const file = openSync(path, READ);
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
    throw new NotAFile();
  }

  read(file: Handle, bytes: Uint8Array, offset: number): number {
    let at = 0;
    while (at < bytes.length) {
      const read = readSync(file, bytes, at, bytes.length - at, offset + at);
      if (read === 0) break;
      at += read;
    }
    return at;
  }

  write(file: Handle, bytes: Uint8Array, offset: number): void {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(file, bytes, at, bytes.length - at, offset + at);
    }
  }

  extend(file: Handle, size: number): void {
    ftruncateSync(file, size);
  }

  makeSymlink(directory: Handle, name: Uint8Array, target: Uint8Array, toDirectory: boolean): void {
    const [text, path] = [utf8Name("make", target), this.#path(directory, name)];
    if (!WINDOWS) return symlinkSync(text, path);
    try {
      symlinkSync(toWindowsTarget(text), path, toDirectory ? "dir" : "file");
    } catch (error) {
      if (errorCode(error) !== "EPERM" && !String(error).includes("os error 1314")) throw error;
      throw new DesyncError("unsupported", {
        reason: "Windows requires Developer Mode or an administrator",
      });
    }
  }

  makeNode(): void {
    throw new NotSupported();
  }

  rename(directory: Handle, from: Uint8Array, to: Uint8Array): void {
    renameSync(this.#path(directory, from), this.#path(directory, to));
  }

  unlink(directory: Handle, name: Uint8Array): void {
    unlinkSync(this.#path(directory, name));
  }

  removeDirectory(directory: Handle, name: Uint8Array): void {
    rmdirSync(this.#path(directory, name));
  }

  list(directory: Handle): Uint8Array[] {
    return readdirSync(this.#checked(directory).path).map((name) => new TextEncoder().encode(name));
  }

  stat(what: Handle | DirectoryEntry): EntryStat {
    const info = typeof what !== "number"
      ? lstatSync(this.#path(what.directory, what.name), { bigint: true })
      : this.#directories.has(what)
      ? lstatSync(this.#checked(what).path, { bigint: true })
      : fstatSync(what, { bigint: true });
    return {
      isFile: info.isFile(),
      mode: Number(info.mode) & 0o7777,
      uid: Number(info.uid),
      gid: Number(info.gid),
      size: Number(info.size),
      inode: info.ino,
      mtime: info.mtimeNs,
      changed: info.ctimeNs,
      device: info.dev,
    };
  }

  readLink({ directory, name }: DirectoryEntry): Uint8Array | undefined {
    // On Windows it is not what was given, and may be of the wrong type.
    if (WINDOWS) return undefined;
    try {
      const target = readlinkSync(this.#path(directory, name));
      return target.includes("\ufffd") ? undefined : new TextEncoder().encode(target);
    } catch {
      return undefined;
    }
  }

  attributes(): undefined {}

  close(handle: Handle): void {
    if (!this.#directories.delete(handle)) closeSync(handle);
  }

  setOwner(what: Handle | DirectoryEntry, uid: number, gid: number): void {
    if (WINDOWS) throw new NotSupported();
    if (typeof what !== "number") {
      // Deno has it since 2.7.
      if (typeof fs.lchownSync !== "function") throw new NotSupported();
      return fs.lchownSync(this.#path(what.directory, what.name), uid, gid);
    }
    if (this.#directories.has(what)) chownSync(this.#checked(what).path, uid, gid);
    else fchownSync(what, uid, gid);
  }

  setMode(what: Handle | DirectoryEntry, mode: number): void {
    if (WINDOWS || typeof what !== "number") throw new NotSupported();
    if (this.#directories.has(what)) chmodSync(this.#checked(what).path, mode);
    else fchmodSync(what, mode);
  }

  setTime(what: Handle | DirectoryEntry, mtime: bigint): void {
    // Deno takes no times before 1970, and does not say so.
    if (mtime < 0n) throw new NotSupported();
    const now = Date.now() / 1000;
    // Deno cuts seconds off to whole nanoseconds: a fifth of a microsecond makes up for what they lost as a fraction.
    const seconds = (Number(mtime / 1_000_000n) + 0.0002) / 1000;
    if (typeof what !== "number") return lutimesSync(this.#path(what.directory, what.name), now, seconds);
    if (this.#directories.has(what)) lutimesSync(this.#checked(what).path, now, seconds);
    else futimesSync(what, now, seconds);
  }

  setXattr(): void {
    throw new NotSupported();
  }

  /** What cannot be seen cannot be missed. */
  removeXattr(): void {}

  addFlags(): void {
    throw new NotSupported();
  }

  setProject(): void {
    throw new NotSupported();
  }

  #remember(path: string): Handle {
    const handle = this.#next--;
    this.#directories.set(handle, { path, inode: inodeOf(path) });
    return handle;
  }

  /** The directory, after a look whether it is still the one that was opened. */
  #checked(handle: Handle): PathDirectory {
    const directory = this.#directories.get(handle);
    if (directory !== undefined && inodeOf(directory.path) === directory.inode) return directory;
    throw new Error("the directory was replaced meanwhile");
  }

  #path(directory: Handle, name: Uint8Array): string {
    const text = utf8Name("make", name);
    if (WINDOWS && isSpecialOnWindows(text)) {
      throw new DesyncError("unsupported", {
        action: "make",
        subject: escapeName(name),
        reason: "Windows has no such names",
      });
    }
    return join(this.#checked(directory).path, text);
  }
}

/** What distinguishes one directory from others. Fails with `ENOTDIR` for anything but a real directory. */
function inodeOf(path: string): string {
  const info = lstatSync(path, { bigint: true });
  if (!info.isDirectory()) throw Object.assign(new Error("not a directory"), { code: "ENOTDIR" });
  return `${info.dev}:${info.ino}`;
}
