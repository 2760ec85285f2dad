/** Directories and files by the C library of Linux: everything relative to open directories, with OPEN.noFollow. */
import { viewOf } from "../../core/bytes.ts";
import { type ArchiveNode, MAX_TARGET_BYTES, MODE_FORMATS } from "../../formats/archive/archive_elements.ts";
import { CHATTR_FLAGS } from "../../formats/archive/features.ts";
import { splitTime } from "../../formats/archive/node_time.ts";
import { Accounts } from "../system/accounts.ts";
import {
  type Libc,
  libc,
  pathIn,
  systemErrorOf,
  terminated,
  terminatedText,
  unlessUnsupported,
} from "../system/libc.ts";
import {
  AT,
  CURRENT_DIRECTORY,
  deviceNumber,
  EMPTY_NAME,
  FSXATTR,
  IOCTL,
  MODE,
  OPEN,
} from "../system/linux.ts";
import { DirectoryLister } from "../system/list_directory.ts";
import { type Stat, StatReader } from "../system/statx.ts";
import { chattrFeatures } from "./chattr.ts";
import { AttributeReader } from "./native_attributes.ts";
import {
  type DirectoryEntry,
  type EntryStat,
  type FileAttributes,
  type Handle,
  NotAFile,
  NotSupported,
  type TreeSystem,
} from "./tree_system.ts";

const DIRECTORY = OPEN.readOnly | OPEN.directory | OPEN.closeOnExec;
const UTIME_NOW = 0x3fffffffn;

/** The system by way of the C library, `null` where it cannot be had. */
export function nativeTree(c: Libc | null = libc()): TreeSystem | null {
  return c === null ? null : new NativeTree(c);
}

class NativeTree implements TreeSystem {
  readonly timeGranularity = 1n;
  readonly #libc: Libc;
  readonly #stats: StatReader | undefined;
  #attributes: { readonly features: bigint; readonly reader: AttributeReader } | undefined;

  constructor(c: Libc) {
    this.#libc = c;
    this.#stats = c.statx === null ? undefined : new StatReader(c);
  }

  openRoot(path: string): Handle {
    return this.#check(this.#libc.openat(CURRENT_DIRECTORY, terminatedText(path), DIRECTORY, 0));
  }

  openDirectory(directory: Handle, name: Uint8Array): Handle {
    return this.#check(this.#libc.openat(directory, terminated(name), DIRECTORY | OPEN.noFollow, 0));
  }

  makeDirectory(directory: Handle, name: Uint8Array): void {
    this.#check(this.#libc.mkdirat(directory, terminated(name), 0o700));
  }

  createFile(directory: Handle, name: Uint8Array): Handle {
    const flags = OPEN.readWrite | OPEN.create | OPEN.exclusive | OPEN.noFollow | OPEN.closeOnExec;
    return this.#check(this.#libc.openat(directory, terminated(name), flags, 0o600));
  }

  openFile(directory: Handle, name: Uint8Array): Handle {
    if (this.#stats === undefined) throw new NotSupported();
    const text = terminated(name);
    // Opening a device may do things, even if it is not read.
    if (!isFile(this.#stats.read(directory, text, AT.noFollow))) throw new NotAFile();
    const flags = OPEN.readOnly | OPEN.noFollow | OPEN.closeOnExec | OPEN.nonBlocking | OPEN.noTerminal;
    const file = this.#check(this.#libc.openat(directory, text, flags, 0));
    if (isFile(this.#stats.read(file, EMPTY_NAME, AT.emptyPath))) return file;
    this.#libc.close(file);
    throw new NotAFile();
  }

  read(file: Handle, bytes: Uint8Array, offset: number): number {
    let at = 0;
    while (at < bytes.length) {
      const rest = bytes.subarray(at) as Uint8Array<ArrayBuffer>;
      const read = Number(this.#libc.pread(file, rest, BigInt(rest.length), BigInt(offset + at)));
      if (read === 0) break;
      if (read > 0) at += read;
      else this.#unlessInterrupted();
    }
    return at;
  }

  write(file: Handle, bytes: Uint8Array, offset: number): void {
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.subarray(at) as Uint8Array<ArrayBuffer>;
      const written = Number(this.#libc.pwrite(file, rest, BigInt(rest.length), BigInt(offset + at)));
      if (written >= 0) at += written;
      else this.#unlessInterrupted();
    }
  }

  extend(file: Handle, size: number): void {
    this.#check(this.#libc.ftruncate(file, BigInt(size)));
  }

  clone(from: Handle, to: Handle): void {
    // struct file_clone_range: the file, from where, all that follows, to where.
    const range = new Uint8Array(BigInt64Array.of(BigInt(from), 0n, 0n, 0n).buffer);
    this.#check(this.#libc.ioctl(to, IOCTL.cloneRange, range));
  }

  makeSymlink(directory: Handle, name: Uint8Array, target: Uint8Array): void {
    this.#check(this.#libc.symlinkat(terminated(target), directory, terminated(name)));
  }

  makeNode(directory: Handle, name: Uint8Array, node: ArchiveNode): void {
    if (this.#libc.mknodat === null) throw new NotSupported();
    const number = node.device === undefined ? 0n : deviceNumber(node.device.major, node.device.minor);
    this.#check(this.#libc.mknodat(directory, terminated(name), MODE_FORMATS[node.kind] | 0o600, number));
  }

  rename(directory: Handle, from: Uint8Array, to: Uint8Array): void {
    this.#check(this.#libc.renameat(directory, terminated(from), directory, terminated(to)));
  }

  unlink(directory: Handle, name: Uint8Array): void {
    this.#check(this.#libc.unlinkat(directory, terminated(name), 0));
  }

  removeDirectory(directory: Handle, name: Uint8Array): void {
    this.#check(this.#libc.unlinkat(directory, terminated(name), AT.removeDirectory));
  }

  list(directory: Handle): Uint8Array[] {
    if (this.#libc.getdents64 !== null) {
      this.#libc.lseek(directory, 0n, 0);
      return new DirectoryLister(this.#libc).list(directory).map(({ name }) => name);
    }
    const encoder = new TextEncoder();
    return Array.from(Deno.readDirSync(`/proc/self/fd/${directory}`), ({ name }) => encoder.encode(name));
  }

  stat(what: Handle | DirectoryEntry): EntryStat | undefined {
    if (this.#stats === undefined) return undefined;
    const stat = typeof what === "number"
      ? this.#stats.read(what, EMPTY_NAME, AT.emptyPath)
      : this.#stats.read(what.directory, terminated(what.name), AT.noFollow);
    return { ...stat, mode: stat.mode & 0o7777, isFile: isFile(stat), size: Number(stat.size) };
  }

  readLink({ directory, name }: DirectoryEntry): Uint8Array | undefined {
    const buffer = new Uint8Array(MAX_TARGET_BYTES + 1);
    const size = BigInt(buffer.length);
    const length = Number(this.#libc.readlinkat(directory, terminated(name), buffer, size));
    return length < 0 ? undefined : buffer.subarray(0, length);
  }

  attributes(file: Handle, features: bigint): FileAttributes {
    if (this.#attributes?.features !== features) {
      const reader = new AttributeReader(this.#libc, features, new Accounts(this.#libc));
      this.#attributes = { features, reader };
    }
    const flags = (features & CHATTR_FLAGS) === 0n ? 0n : chattrFeatures(this.#chattrFlags(file)) & features;
    return { ...this.#attributes.reader.ofOpen(file, "file"), flags };
  }

  close(handle: Handle): void {
    this.#libc.close(handle);
  }

  setOwner(what: Handle | DirectoryEntry, uid: number, gid: number): void {
    const result = typeof what === "number"
      ? this.#libc.fchownat(what, EMPTY_NAME, uid, gid, AT.emptyPath)
      : this.#libc.fchownat(what.directory, terminated(what.name), uid, gid, AT.noFollow);
    this.#check(result);
  }

  setMode(what: Handle | DirectoryEntry, mode: number): void {
    if (typeof what === "number") {
      this.#check(this.#libc.fchmod(what, mode));
      return;
    }
    // There is no call for a name that follows no symlink; this way leads to what was opened, or fails for a symlink.
    const flags = OPEN.path | OPEN.noFollow | OPEN.closeOnExec;
    const fd = this.#check(this.#libc.openat(what.directory, terminated(what.name), flags, 0));
    try {
      this.#check(this.#libc.chmod(terminatedText(`/proc/self/fd/${fd}`), mode));
    } finally {
      this.#libc.close(fd);
    }
  }

  setTime(what: Handle | DirectoryEntry, mtime: bigint): void {
    const { seconds, nanoseconds } = splitTime(mtime);
    // struct timespec twice: the access, the change.
    const times = new Uint8Array(BigInt64Array.of(0n, UTIME_NOW, seconds, nanoseconds).buffer);
    const result = typeof what === "number"
      ? this.#libc.futimens(what, times)
      : this.#libc.utimensat(what.directory, terminated(what.name), times, AT.noFollow);
    this.#check(result);
  }

  setXattr(what: Handle | DirectoryEntry, name: string, value: Uint8Array): void {
    // An empty buffer has no address, which the system does not mind for no bytes.
    const bytes = new Uint8Array(value);
    const size = BigInt(bytes.length);
    const result = typeof what === "number"
      ? this.#libc.fsetxattr(what, terminatedText(name), bytes, size, 0)
      : this.#libc.lsetxattr(pathIn(what.directory, what.name), terminatedText(name), bytes, size, 0);
    this.#check(result);
  }

  removeXattr(what: Handle | DirectoryEntry, name: string): void {
    const result = typeof what === "number"
      ? this.#libc.fremovexattr(what, terminatedText(name))
      : this.#libc.lremovexattr(pathIn(what.directory, what.name), terminatedText(name));
    if (result < 0) unlessUnsupported(this.#libc);
  }

  addFlags(handle: Handle, flags: number): void {
    const bytes = new Uint8Array(8);
    const view = viewOf(bytes);
    this.#check(this.#libc.ioctl(handle, IOCTL.getFlags, bytes));
    view.setUint32(0, view.getUint32(0, true) | flags, true);
    this.#check(this.#libc.ioctl(handle, IOCTL.setFlags, bytes));
  }

  setProject(handle: Handle, id: number): void {
    const bytes = new Uint8Array(FSXATTR.bytes);
    this.#check(this.#libc.ioctl(handle, IOCTL.getAttributes, bytes));
    viewOf(bytes).setUint32(FSXATTR.project, id, true);
    this.#check(this.#libc.ioctl(handle, IOCTL.setAttributes, bytes));
  }

  #chattrFlags(file: Handle): number {
    const bytes = new Uint8Array(8);
    if (this.#libc.ioctl(file, IOCTL.getFlags, bytes) === 0) return viewOf(bytes).getUint32(0, true);
    unlessUnsupported(this.#libc);
    return 0;
  }

  /** Throws the error of the call before, unless it is to be made again. */
  #unlessInterrupted(): void {
    const error = systemErrorOf(this.#libc);
    if (error.code !== "EINTR") throw error;
  }

  #check(result: number): number {
    if (result < 0) throw systemErrorOf(this.#libc);
    return result;
  }
}

function isFile({ mode }: Stat): boolean {
  return (mode & MODE.kind) === MODE.regular;
}
