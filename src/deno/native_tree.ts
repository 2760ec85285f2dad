/** Folders and files by the C library of Linux: everything relative to open folders, with O_NOFOLLOW. */
import { viewOf } from "../bytes.ts";
import type { ArchiveNode, NodeKind } from "../formats/archive_elements.ts";
import { errno, type Libc, libc, SystemError, terminated } from "./libc.ts";
import { type Handle, NotHere, type Place, type TreeSystem } from "./tree_system.ts";

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
/** These two are not the same on all processors. */
const ARM = Deno.build.arch === "aarch64";
const O_DIRECTORY = ARM ? 0o40000 : 0o200000;
const O_NOFOLLOW = ARM ? 0o100000 : 0o400000;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const FOLDER = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

const AT_FDCWD = -100;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;

const UTIME_NOW = 0x3fffffffn;

const FS_IOC_GETFLAGS = 0x80086601n;
const FS_IOC_SETFLAGS = 0x40086602n;
const FS_IOC_FSGETXATTR = 0x801c581fn;
const FS_IOC_FSSETXATTR = 0x401c5820n;
/** struct fsxattr: its size, and the place of fsx_projid. */
const FSXATTR_BYTES = 28;
const PROJECT_AT = 12;

const FORMAT: Readonly<Partial<Record<NodeKind, number>>> = {
  fifo: 0o010000,
  char: 0o020000,
  block: 0o060000,
  socket: 0o140000,
};

const EMPTY = Uint8Array.of(0);
const EINTR = 4;

/** The system by way of the C library, `null` where it cannot be had. */
export function nativeTree(c: Libc | null = libc()): TreeSystem | null {
  return c === null ? null : new NativeTree(c);
}

class NativeTree implements TreeSystem {
  readonly timeGranularity = 1n;
  readonly #libc: Libc;

  constructor(c: Libc) {
    this.#libc = c;
  }

  openRoot(path: string): Handle {
    return this.#check(this.#libc.openat(AT_FDCWD, textOf(path), FOLDER, 0));
  }

  openFolder(folder: Handle, name: Uint8Array): Handle {
    return this.#check(this.#libc.openat(folder, terminated(name), FOLDER | O_NOFOLLOW, 0));
  }

  makeFolder(folder: Handle, name: Uint8Array): void {
    this.#check(this.#libc.mkdirat(folder, terminated(name), 0o700));
  }

  createFile(folder: Handle, name: Uint8Array): Handle {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    return this.#check(this.#libc.openat(folder, terminated(name), flags, 0o600));
  }

  write(file: Handle, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.subarray(at) as Uint8Array<ArrayBuffer>;
      const written = Number(this.#libc.write(file, rest, BigInt(rest.length)));
      if (written >= 0) at += written;
      else {
        const number = errno(this.#libc);
        if (number !== EINTR) throw new SystemError(number);
      }
    }
  }

  makeSymlink(folder: Handle, name: Uint8Array, target: Uint8Array): void {
    this.#check(this.#libc.symlinkat(terminated(target), folder, terminated(name)));
  }

  makeNode(folder: Handle, name: Uint8Array, node: ArchiveNode): void {
    const format = FORMAT[node.kind];
    if (this.#libc.mknodat === null || format === undefined) throw new NotHere();
    const number = node.device === undefined ? 0n : deviceNumber(node.device.major, node.device.minor);
    this.#check(this.#libc.mknodat(folder, terminated(name), format | 0o600, number));
  }

  rename(folder: Handle, from: Uint8Array, to: Uint8Array): void {
    this.#check(this.#libc.renameat(folder, terminated(from), folder, terminated(to)));
  }

  unlink(folder: Handle, name: Uint8Array): void {
    this.#check(this.#libc.unlinkat(folder, terminated(name), 0));
  }

  removeFolder(folder: Handle, name: Uint8Array): void {
    this.#check(this.#libc.unlinkat(folder, terminated(name), AT_REMOVEDIR));
  }

  list(folder: Handle): Uint8Array[] {
    const encoder = new TextEncoder();
    return Array.from(Deno.readDirSync(`/proc/self/fd/${folder}`), ({ name }) => encoder.encode(name));
  }

  close(handle: Handle): void {
    this.#libc.close(handle);
  }

  setOwner(what: Handle | Place, uid: number, gid: number): void {
    const result = typeof what === "number"
      ? this.#libc.fchownat(what, EMPTY, uid, gid, AT_EMPTY_PATH)
      : this.#libc.fchownat(what.folder, terminated(what.name), uid, gid, AT_SYMLINK_NOFOLLOW);
    this.#check(result);
  }

  setMode(what: Handle | Place, mode: number): void {
    if (typeof what === "number") {
      this.#check(this.#libc.fchmod(what, mode));
      return;
    }
    // There is no call for a name that follows no symlink; this way leads to what was opened, or fails for a symlink.
    const flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    const fd = this.#check(this.#libc.openat(what.folder, terminated(what.name), flags, 0));
    try {
      this.#check(this.#libc.chmod(textOf(`/proc/self/fd/${fd}`), mode));
    } finally {
      this.#libc.close(fd);
    }
  }

  setTime(what: Handle | Place, mtime: bigint): void {
    const nanoseconds = ((mtime % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    const seconds = (mtime - nanoseconds) / 1_000_000_000n;
    // struct timespec twice: the access, the change.
    const times = new Uint8Array(BigInt64Array.of(0n, UTIME_NOW, seconds, nanoseconds).buffer);
    const result = typeof what === "number"
      ? this.#libc.futimens(what, times)
      : this.#libc.utimensat(what.folder, terminated(what.name), times, AT_SYMLINK_NOFOLLOW);
    this.#check(result);
  }

  setXattr(what: Handle | Place, name: string, value: Uint8Array): void {
    // An empty buffer has no address, which the system does not mind for no bytes.
    const bytes = new Uint8Array(value);
    const size = BigInt(bytes.length);
    const result = typeof what === "number"
      ? this.#libc.fsetxattr(what, textOf(name), bytes, size, 0)
      : this.#libc.lsetxattr(pathOf(what), textOf(name), bytes, size, 0);
    this.#check(result);
  }

  addFlags(handle: Handle, flags: number): void {
    const bytes = new Uint8Array(8);
    const view = viewOf(bytes);
    this.#check(this.#libc.ioctl(handle, FS_IOC_GETFLAGS, bytes));
    view.setUint32(0, view.getUint32(0, true) | flags, true);
    this.#check(this.#libc.ioctl(handle, FS_IOC_SETFLAGS, bytes));
  }

  setProject(handle: Handle, id: number): void {
    const bytes = new Uint8Array(FSXATTR_BYTES);
    this.#check(this.#libc.ioctl(handle, FS_IOC_FSGETXATTR, bytes));
    viewOf(bytes).setUint32(PROJECT_AT, id, true);
    this.#check(this.#libc.ioctl(handle, FS_IOC_FSSETXATTR, bytes));
  }

  #check(result: number): number {
    if (result < 0) throw new SystemError(errno(this.#libc));
    return result;
  }
}

function textOf(text: string): Uint8Array<ArrayBuffer> {
  return terminated(new TextEncoder().encode(text));
}

/** A path that begins at the open folder, whatever its own path has become. */
function pathOf({ folder, name }: Place): Uint8Array<ArrayBuffer> {
  const start = new TextEncoder().encode(`/proc/self/fd/${folder}/`);
  const path = new Uint8Array(start.length + name.length + 1);
  path.set(start);
  path.set(name, start.length);
  return path;
}

/** dev_t of glibc. */
function deviceNumber(major: number, minor: number): bigint {
  const [a, i] = [BigInt(major), BigInt(minor)];
  return (a & 0xfffff000n) << 32n | (a & 0xfffn) << 8n | (i & 0xffffff00n) << 12n | i & 0xffn;
}
