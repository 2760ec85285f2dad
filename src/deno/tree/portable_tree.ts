/**
 * Folders and files by what Deno offers everywhere. Whenever something is made in a folder, the folder is looked at: it has
 * to be the one that was opened, and no symlink. That keeps an archive from writing outside, and leaves only the moment
 * between look and use to another program that swaps folders for symlinks. (On Linux, paths that begin at open folders in
 * /proc would close it, but Deno wants all permissions for those, and then there is native_tree.ts.)
 */
import {
  chmodSync,
  chownSync,
  closeSync,
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
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import fs from "node:fs";
import { join } from "node:path";
import { DesyncError } from "../../core/errors.ts";
import { escapeName } from "../../formats/archive/node_text.ts";
import { isSpecialOnWindows, leadsToFolder, toWindowsTarget } from "./link_target.ts";
import { codeOf, type Handle, type Look, NotSupported, type Place, type TreeSystem } from "./tree_system.ts";
import { utf8Name } from "../files/utf8_name.ts";

const WINDOWS = Deno.build.os === "windows";
/** An open folder: where it is, and what it was when it was opened. */
interface PathFolder {
  readonly path: string;
  readonly inode: string;
}

/** The system by way of node:fs. */
export function portableTree(): TreeSystem {
  return new PortableTree();
}

class PortableTree implements TreeSystem {
  readonly timeGranularity = 1_000_000n;
  readonly leadsToFolder = WINDOWS
    ? (folder: Handle, target: Uint8Array) =>
      leadsToFolder(this.#checked(folder).path, utf8Name("make", target))
    : undefined;
  /** Open folders; their handles are negative, those of files are not. */
  readonly #folders = new Map<Handle, PathFolder>();
  #next = -1;

  openRoot(path: string): Handle {
    return this.#remember(Deno.realPathSync(path));
  }

  openFolder(folder: Handle, name: Uint8Array): Handle {
    return this.#remember(this.#path(folder, name));
  }

  makeFolder(folder: Handle, name: Uint8Array): void {
    mkdirSync(this.#path(folder, name), { mode: 0o700 });
  }

  createFile(folder: Handle, name: Uint8Array): Handle {
    return openSync(this.#path(folder, name), "wx", 0o600);
  }

  write(file: Handle, bytes: Uint8Array, offset: number): void {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(file, bytes, at, bytes.length - at, offset + at);
    }
  }

  extend(file: Handle, size: number): void {
    ftruncateSync(file, size);
  }

  makeSymlink(folder: Handle, name: Uint8Array, target: Uint8Array, toFolder: boolean): void {
    const [text, path] = [utf8Name("make", target), this.#path(folder, name)];
    if (!WINDOWS) return symlinkSync(text, path);
    try {
      symlinkSync(toWindowsTarget(text), path, toFolder ? "dir" : "file");
    } catch (error) {
      if (codeOf(error) !== "EPERM" && !String(error).includes("os error 1314")) throw error;
      throw new DesyncError("unsupported", {
        reason: "Windows requires Developer Mode or an administrator",
      });
    }
  }

  makeNode(): void {
    throw new NotSupported();
  }

  rename(folder: Handle, from: Uint8Array, to: Uint8Array): void {
    renameSync(this.#path(folder, from), this.#path(folder, to));
  }

  unlink(folder: Handle, name: Uint8Array): void {
    unlinkSync(this.#path(folder, name));
  }

  removeFolder(folder: Handle, name: Uint8Array): void {
    rmdirSync(this.#path(folder, name));
  }

  list(folder: Handle): Uint8Array[] {
    return readdirSync(this.#checked(folder).path).map((name) => new TextEncoder().encode(name));
  }

  look(what: Handle | Place): Look {
    const { mode, mtimeNs, ctimeNs, dev } = typeof what !== "number"
      ? lstatSync(this.#path(what.folder, what.name), { bigint: true })
      : this.#folders.has(what)
      ? lstatSync(this.#checked(what).path, { bigint: true })
      : fstatSync(what, { bigint: true });
    return { mode: Number(mode) & 0o7777, mtime: mtimeNs, changed: ctimeNs, device: dev };
  }

  close(handle: Handle): void {
    if (!this.#folders.delete(handle)) closeSync(handle);
  }

  setOwner(what: Handle | Place, uid: number, gid: number): void {
    if (WINDOWS) throw new NotSupported();
    if (typeof what !== "number") {
      // Deno has it since 2.7.
      if (typeof fs.lchownSync !== "function") throw new NotSupported();
      return fs.lchownSync(this.#path(what.folder, what.name), uid, gid);
    }
    if (this.#folders.has(what)) chownSync(this.#checked(what).path, uid, gid);
    else fchownSync(what, uid, gid);
  }

  setMode(what: Handle | Place, mode: number): void {
    if (WINDOWS || typeof what !== "number") throw new NotSupported();
    if (this.#folders.has(what)) chmodSync(this.#checked(what).path, mode);
    else fchmodSync(what, mode);
  }

  setTime(what: Handle | Place, mtime: bigint): void {
    // Deno takes no times before 1970, and does not say so.
    if (mtime < 0n) throw new NotSupported();
    const now = Date.now() / 1000;
    // Deno cuts seconds off to whole nanoseconds: a fifth of a microsecond makes up for what they lost as a fraction.
    const seconds = (Number(mtime / 1_000_000n) + 0.0002) / 1000;
    if (typeof what !== "number") return lutimesSync(this.#path(what.folder, what.name), now, seconds);
    if (this.#folders.has(what)) lutimesSync(this.#checked(what).path, now, seconds);
    else futimesSync(what, now, seconds);
  }

  setXattr(): void {
    throw new NotSupported();
  }

  addFlags(): void {
    throw new NotSupported();
  }

  setProject(): void {
    throw new NotSupported();
  }

  #remember(path: string): Handle {
    const handle = this.#next--;
    this.#folders.set(handle, { path, inode: inodeOf(path) });
    return handle;
  }

  /** The folder, after a look whether it is still the one that was opened. */
  #checked(handle: Handle): PathFolder {
    const folder = this.#folders.get(handle);
    if (folder !== undefined && inodeOf(folder.path) === folder.inode) return folder;
    throw new Error("the directory was replaced meanwhile");
  }

  #path(folder: Handle, name: Uint8Array): string {
    const text = utf8Name("make", name);
    if (WINDOWS && isSpecialOnWindows(text)) {
      throw new DesyncError("unsupported", {
        action: "make",
        subject: escapeName(name),
        reason: "Windows has no such names",
      });
    }
    return join(this.#checked(folder).path, text);
  }
}

/** What tells one folder from others. Fails with `ENOTDIR` for anything but a real folder. */
function inodeOf(path: string): string {
  const info = lstatSync(path, { bigint: true });
  if (!info.isDirectory()) throw Object.assign(new Error("not a directory"), { code: "ENOTDIR" });
  return `${info.dev}:${info.ino}`;
}
