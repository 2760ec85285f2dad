/**
 * Files by their descriptors, read and written at any place: by node's functions, or by the C library's, which a thread has
 * without loading node first.
 */
import { systemMayOpenFiles } from "../system/libraries.ts";
import { loadLibc, systemErrorOf, terminatedText } from "../system/libc.ts";
import { AT, CURRENT_DIRECTORY, deviceNumber, EMPTY_NAME, OPEN, STATX } from "../system/linux.ts";
import { node } from "../system/node.ts";
import { mayUseAllFiles } from "../system/permitted.ts";

/** How a file that exists is opened. Not all systems have the last two. */
export interface OpenHow {
  /** For writing too, not only for reading. */
  readonly write?: boolean;
  /** A symlink is an error. */
  readonly noFollow?: boolean;
  /** A pipe does not keep us waiting, a terminal does not become the program's own. */
  readonly noWait?: boolean;
}

/** What an open file is. */
export interface OpenFileInfo {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
}

/** All throw what the system says, with its code, such as `ENOENT`. */
export interface FileCalls {
  /** A descriptor. */
  readonly open: (path: string, how: OpenHow) => number;
  readonly close: (fd: number) => void;
  /** Some bytes from the place on, or where the file stands: how many. 0 at the end. */
  readonly read: (fd: number, bytes: Uint8Array, at: number | null) => number;
  /** How many of the bytes were written. */
  readonly write: (fd: number, bytes: Uint8Array, at: number) => number;
  readonly info: (fd: number) => OpenFileInfo;
  /** Gives it the present time. */
  readonly touch: (fd: number) => void;
  /** What owner, group and others may. */
  readonly setMode: (fd: number, mode: number) => void;
  readonly setOwner: (fd: number, uid: number, gid: number) => void;
  readonly exists: (path: string) => boolean;
}

let calls: FileCalls | undefined;

/**
 * The calls of this thread. The C library's only where all files may be read and written: it does not ask for permissions,
 * not even for those of /proc and /dev.
 */
export function files(): FileCalls {
  return calls ??= (systemMayOpenFiles() && mayUseAllFiles() ? systemFiles() : null) ?? nodeFiles();
}

/** Those of node, which is loaded at the first. */
export function nodeFiles(): FileCalls {
  return {
    open: (path, { write = false, noFollow = false, noWait = false }) => {
      const { constants, openSync } = node.fs;
      return openSync(
        path,
        (write ? constants.O_RDWR : constants.O_RDONLY) |
          (noFollow ? constants.O_NOFOLLOW ?? 0 : 0) |
          (noWait ? (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0) : 0),
      );
    },
    close: (fd) => node.fs.closeSync(fd),
    read: (fd, bytes, at) => node.fs.readSync(fd, bytes, 0, bytes.length, at),
    write: (fd, bytes, at) => node.fs.writeSync(fd, bytes, 0, bytes.length, at),
    info: (fd) => node.fs.fstatSync(fd),
    touch: (fd) => {
      const now = new Date();
      node.fs.futimesSync(fd, now, now);
    },
    setMode: (fd, mode) => node.fs.fchmodSync(fd, mode),
    setOwner: (fd, uid, gid) => node.fs.fchownSync(fd, uid, gid),
    exists: (path) => node.fs.existsSync(path),
  };
}

/** The path for the library, which would take only what is in front of a NUL. */
function named(path: string): Uint8Array<ArrayBuffer> {
  return path.includes("\0") ? EMPTY_NAME : terminatedText(path);
}

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  pwrite: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  // Since glibc 2.28.
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  futimens: { parameters: ["i32", "pointer"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  access: { parameters: ["buffer", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** Those of the C library, `null` where it cannot be had. It is closed with them. */
export function systemFiles(): (FileCalls & Disposable) | null {
  const library = loadLibc(SYMBOLS);
  if (library === null) return null;
  const c = library.symbols;
  /** Calls again what a signal has interrupted. */
  const done = (call: () => number | bigint): number => {
    while (true) {
      const result = Number(call());
      if (result >= 0) return result;
      const error = systemErrorOf(c);
      if (error.code !== "EINTR") throw error;
    }
  };
  const stat = new Uint8Array(STATX.bytes);
  const view = new DataView(stat.buffer);
  // Old kernels do not have it, and some containers forbid it.
  if (c.statx(CURRENT_DIRECTORY, terminatedText("/"), 0, STATX.basic, stat) !== 0) {
    library.close();
    return null;
  }
  return {
    open: (path, { write = false, noFollow = false, noWait = false }) => {
      const flags = OPEN.closeOnExec | (write ? OPEN.readWrite : OPEN.readOnly) |
        (noFollow ? OPEN.noFollow : 0) | (noWait ? OPEN.nonBlocking | OPEN.noTerminal : 0);
      const name = named(path);
      return done(() => c.open(name, flags));
    },
    close: (fd) => {
      if (c.close(fd) >= 0) return;
      const error = systemErrorOf(c);
      // It is closed all the same.
      if (error.code !== "EINTR") throw error;
    },
    read: (fd, bytes, at) => {
      const length = BigInt(bytes.length);
      return done(() => at === null ? c.read(fd, bytes, length) : c.pread(fd, bytes, length, BigInt(at)));
    },
    write: (fd, bytes, at) => done(() => c.pwrite(fd, bytes, BigInt(bytes.length), BigInt(at))),
    info: (fd) => {
      done(() => c.statx(fd, EMPTY_NAME, AT.emptyPath, STATX.basic, stat));
      return {
        dev: Number(
          deviceNumber(view.getUint32(STATX.deviceMajor, true), view.getUint32(STATX.deviceMinor, true)),
        ),
        ino: Number(view.getBigUint64(STATX.inode, true)),
        size: Number(view.getBigUint64(STATX.size, true)),
        uid: view.getUint32(STATX.uid, true),
        gid: view.getUint32(STATX.gid, true),
      };
    },
    touch: (fd) => void done(() => c.futimens(fd, null)),
    setMode: (fd, mode) => void done(() => c.fchmod(fd, mode)),
    setOwner: (fd, uid, gid) => void done(() => c.fchown(fd, uid, gid)),
    exists: (path) => c.access(named(path), 0) === 0,
    [Symbol.dispose]: () => library.close(),
  };
}
