/**
 * The few calls of the C library that neither Deno nor node offers. Only on Linux and only when foreign functions are
 * allowed; all callers have another way, or say what is lost.
 */
import { nameBytes, viewOf } from "../../core/bytes.ts";
import { OPEN, STATFS } from "./linux.ts";
import { mayCallLibraries } from "./permitted.ts";

const SEEK_END = 2;
const SEEK_DATA = 3;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
/** The error numbers for a disk that is full, and for no data up to the end of the file. */
const ENOSPC = 28;
const ENXIO = 6;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  pwrite: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  readlinkat: { parameters: ["i32", "buffer", "buffer", "usize"], result: "isize" },
  // Since glibc 2.30.
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "isize", optional: true },
  flistxattr: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  fgetxattr: { parameters: ["i32", "buffer", "buffer", "usize"], result: "isize" },
  getxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "isize" },
  lgetxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "isize" },
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  // Since glibc 2.33.
  mknodat: { parameters: ["i32", "buffer", "u32", "u64"], result: "i32", optional: true },
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  renameat: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  chmod: { parameters: ["buffer", "u32"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  fchownat: { parameters: ["i32", "buffer", "u32", "u32", "i32"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  futimens: { parameters: ["i32", "buffer"], result: "i32" },
  lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
  fsetxattr: { parameters: ["i32", "buffer", "buffer", "usize", "i32"], result: "i32" },
  lremovexattr: { parameters: ["buffer", "buffer"], result: "i32" },
  fremovexattr: { parameters: ["i32", "buffer"], result: "i32" },
  // Since glibc 2.28.
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32", optional: true },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  getpwnam: { parameters: ["buffer"], result: "pointer" },
  getgrnam: { parameters: ["buffer"], result: "pointer" },
  getpwuid: { parameters: ["u32"], result: "pointer" },
  getgrgid: { parameters: ["u32"], result: "pointer" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** What {@linkcode RawFile} calls: each function that is loaded takes its time. */
const FILE_SYMBOLS = {
  open: SYMBOLS.open,
  close: SYMBOLS.close,
  fallocate: SYMBOLS.fallocate,
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  fstatfs: SYMBOLS.fstatfs,
  __errno_location: SYMBOLS.__errno_location,
} as const;

/** The functions of the library. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let loaded: Libc | null | undefined;

/** The library, `null` where it cannot be had. Never asks for a permission. */
export function libc(): Libc | null {
  if (loaded === undefined) loaded = loadLibc(SYMBOLS)?.symbols ?? null;
  return loaded;
}

/** The library for one job, so that a program that runs it is left as it was. */
export class JobLibc implements Disposable {
  readonly #library = loadLibc(SYMBOLS);

  /** `null` where it cannot be had; not to be used when the job is over. */
  get libc(): Libc | null {
    return this.#library?.symbols ?? null;
  }

  [Symbol.dispose](): void {
    this.#library?.close();
  }
}

/** Some functions of the library, `null` where it cannot be had. Never asks for a permission. */
export function loadLibc<S extends Deno.ForeignLibraryInterface>(symbols: S): Deno.DynamicLibrary<S> | null {
  if (Deno.build.os !== "linux" || !mayCallLibraries()) return null;
  try {
    return Deno.dlopen("libc.so.6", symbols);
  } catch {
    return null;
  }
}

/** Nothing can be had, or nothing more is taken, without waiting. */
export const EAGAIN = 11;
/** A signal came first. A call that waits for so long and no longer ends so also when the program was stopped and goes on. */
export const EINTR = 4;

/** The number of the call before's error, which must have been the last one. */
export function errno(c: Pick<Libc, "__errno_location">): number {
  const pointer = c.__errno_location();
  return pointer === null ? 0 : new Deno.UnsafePointerView(pointer).getInt32();
}

/** ENODATA, ENOTTY, ENOSYS, EBADF, EOPNOTSUPP, EINVAL: a file system or a kind of node has no such thing. */
const UNSUPPORTED: ReadonlySet<number> = new Set([61, 25, 38, 9, 95, 22]);

/** Throws the error of the call before, unless it says that what was asked for does not exist here. */
export function unlessUnsupported(c: Pick<Libc, "__errno_location">): void {
  const number = errno(c);
  if (!UNSUPPORTED.has(number)) throw new SystemError(number);
}

/** A file that was opened for {@linkcode nextData}, and unless only to read also for {@linkcode allocate} and {@linkcode punchHole}. */
export class RawFile implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof FILE_SYMBOLS>;
  readonly #fd: number;

  private constructor(library: Deno.DynamicLibrary<typeof FILE_SYMBOLS>, fd: number) {
    this.#library = library;
    this.#fd = fd;
  }

  /** Opens a file that exists and is no symlink, `null` where this system cannot. */
  static open(path: string): RawFile | null {
    return RawFile.#open(path, OPEN.writeOnly | OPEN.noFollow);
  }

  /** Opens what the path leads to for reading, `null` where this system cannot. */
  static openToRead(path: string): RawFile | null {
    // What has become a named pipe meanwhile does not keep us waiting.
    return RawFile.#open(path, OPEN.readOnly | OPEN.nonBlocking);
  }

  static #open(path: string, flags: number): RawFile | null {
    // Loaded for this file alone, so that a program that extracts one is left as it was.
    const library = loadLibc(FILE_SYMBOLS);
    if (library === null) return null;
    const fd = library.symbols.open(terminatedText(path), flags | OPEN.closeOnExec);
    if (fd >= 0) return new RawFile(library, fd);
    library.close();
    return null;
  }

  /** Its file system: which kind it is, and bytes that are free for this user. `undefined` where that is not known. */
  fileSystem(): { readonly kind: bigint; readonly free: number } | undefined {
    const found = new Uint8Array(STATFS.bytes);
    if (this.#library.symbols.fstatfs(this.#fd, found) !== 0) return undefined;
    const view = viewOf(found);
    const free = view.getBigUint64(STATFS.blockBytes, true) * view.getBigUint64(STATFS.freeBlocks, true);
    return { kind: view.getBigUint64(STATFS.kind, true), free: Number(free) };
  }

  /** Reserves room on the disk. `"full"` when there is not enough, `"unsupported"` when the file system cannot. */
  allocate(offset: number, length: number): "done" | "full" | "unsupported" {
    const { symbols } = this.#library;
    if (symbols.fallocate(this.#fd, 0, BigInt(offset), BigInt(length)) === 0) return "done";
    return errno(symbols) === ENOSPC ? "full" : "unsupported";
  }

  /** Gives back the room of a range, which then reads as zeros. Whether it worked. */
  punchHole(offset: number, length: number): boolean {
    const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return this.#library.symbols.fallocate(this.#fd, mode, BigInt(offset), BigInt(length)) === 0;
  }

  /**
   * Where the first bytes from `offset` on are that were written, or the end of the file: all before reads as zeros.
   * `undefined` if that is not known.
   */
  nextData(offset: number): number | undefined {
    const { symbols } = this.#library;
    const found = Number(symbols.lseek(this.#fd, BigInt(offset), SEEK_DATA));
    if (found >= 0) return found;
    return errno(symbols) === ENXIO ? Number(symbols.lseek(this.#fd, 0n, SEEK_END)) : undefined;
  }

  [Symbol.dispose](): void {
    this.#library.symbols.close(this.#fd);
    this.#library.close();
  }
}

/** The error of the call before, to be thrown. */
export function systemErrorOf(c: Pick<Libc, "__errno_location">): SystemError {
  return new SystemError(errno(c));
}

/** What a call of the library refused, with the system's word for why, as node's errors have it. */
class SystemError extends Error {
  /** Such as `ENOENT`. */
  readonly code: string;

  constructor(number: number) {
    super(`the system refused (os error ${number})`);
    this.code = CODES[number] ?? `E${number}`;
  }
}

const CODES: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  7: "E2BIG",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  16: "EBUSY",
  17: "EEXIST",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  25: "ENOTTY",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  30: "EROFS",
  32: "EPIPE",
  34: "ERANGE",
  36: "ENAMETOOLONG",
  38: "ENOSYS",
  39: "ENOTEMPTY",
  40: "ELOOP",
  61: "ENODATA",
  75: "EOVERFLOW",
  95: "ENOTSUP",
  104: "ECONNRESET",
  122: "EDQUOT",
};

/** Bytes and the NUL that ends them for the library. */
export function terminated(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.length + 1);
  copy.set(bytes);
  return copy;
}

/** A text for the library. */
export function terminatedText(text: string): Uint8Array<ArrayBuffer> {
  return terminated(nameBytes(text));
}

/** A path that begins at the open directory, whatever its own path has become. */
export function pathIn(directory: number, name: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = new TextEncoder().encode(`/proc/self/fd/${directory}/`);
  const path = new Uint8Array(start.length + name.length + 1);
  path.set(start);
  path.set(name, start.length);
  return path;
}

/** Place of the number in struct passwd and struct group, behind two pointers. */
const ID_AT = 16;

/** The number of a user or group that the system knows by name, `undefined` when it knows none. */
export function lookUpAccount(c: Libc, kind: "user" | "group", name: string): number | undefined {
  const text = terminatedText(name);
  const found = kind === "user" ? c.getpwnam(text) : c.getgrnam(text);
  return found === null ? undefined : new Deno.UnsafePointerView(found).getUint32(ID_AT);
}

/** The name of a user or group that the system knows by number, `undefined` when it knows none. */
export function lookUpName(c: Libc, kind: "user" | "group", id: number): string | undefined {
  const found = kind === "user" ? c.getpwuid(id) : c.getgrgid(id);
  // The first member of both structs.
  const name = found === null ? null : new Deno.UnsafePointerView(found).getPointer();
  return name === null ? undefined : new Deno.UnsafePointerView(name).getCString();
}
