/**
 * The few calls of the C library that neither Deno nor node offers. Only on Linux and only when foreign functions are
 * allowed; everybody who calls has another way, or says what is lost.
 */

const O_WRONLY = 1;
const O_CLOEXEC = 0o2000000;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
/** Error numbers after which preallocation is simply not to be had here. */
const ENOSPC = 28;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let loaded: Libc | null | undefined;

/** The library, `null` where it cannot be had. Never asks for a permission. */
function libc(): Libc | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}

function load(): Libc | null {
  if (Deno.build.os !== "linux") return null;
  try {
    if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
    return Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  } catch {
    return null;
  }
}

function errno(c: Libc): number {
  const pointer = c.__errno_location();
  return pointer === null ? 0 : new Deno.UnsafePointerView(pointer).getInt32();
}

/** A file that was opened for {@linkcode allocate} and {@linkcode punchHole}. */
export class RawFile implements Disposable {
  readonly #libc: Libc;
  readonly #fd: number;

  private constructor(c: Libc, fd: number) {
    this.#libc = c;
    this.#fd = fd;
  }

  /** Opens a file that exists, `null` where this system cannot. */
  static open(path: string): RawFile | null {
    const c = libc();
    if (c === null) return null;
    const fd = c.open(new TextEncoder().encode(`${path}\0`), O_WRONLY | O_CLOEXEC);
    return fd < 0 ? null : new RawFile(c, fd);
  }

  /** Reserves room on the disk. `"full"` when there is not enough, `"unsupported"` when the file system cannot. */
  allocate(offset: number, length: number): "done" | "full" | "unsupported" {
    if (this.#libc.fallocate(this.#fd, 0, BigInt(offset), BigInt(length)) === 0) return "done";
    return errno(this.#libc) === ENOSPC ? "full" : "unsupported";
  }

  /** Gives back the room of a range, which then reads as zeros. Whether it worked. */
  punchHole(offset: number, length: number): boolean {
    const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return this.#libc.fallocate(this.#fd, mode, BigInt(offset), BigInt(length)) === 0;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }
}
