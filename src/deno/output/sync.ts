/**
 * What makes what was written outlast a power cut: fsync(2) of a file or directory, and syncfs(2) of a whole file system,
 * which costs little more for ten thousand files than for one. That one takes Linux and foreign functions.
 */
import { loadLibc, systemErrorOf, terminatedText, unlessUnsupported } from "../system/libc.ts";
import { OPEN } from "../system/linux.ts";
import { dirname, resolve } from "../system/paths.ts";
import { mayRead } from "../system/permitted.ts";
import { errorCode } from "../system/error_code.ts";

/** Not a failure: what is open there, or its file system, has nothing to write to a disk. */
const NOTHING_TO_SYNC: ReadonlySet<string> = new Set([
  "EBADF",
  "EINVAL",
  "ENOSYS",
  "ENOTSUP",
  "ENOTTY",
  "EOPNOTSUPP",
  "EROFS",
]);

/** Besides these, of a directory: Windows opens none, and one may be written into that may not be listed. */
const NOT_OPENED: ReadonlySet<string> = new Set(["EACCES", "EISDIR", "EPERM"]);

/** Returns when the file's bytes and what is known about it are on the disk. */
export async function syncFile(file: Deno.FsFile): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    if (!NOTHING_TO_SYNC.has(errorCode(error))) throw error;
  }
}

/** The same for the bytes alone. */
export async function syncFileData(file: Deno.FsFile): Promise<void> {
  try {
    await file.syncData();
  } catch (error) {
    if (!NOTHING_TO_SYNC.has(errorCode(error))) throw error;
  }
}

/** The same for the bytes alone, for threads that do nothing else meanwhile. */
export function syncDataNow(file: Deno.FsFile): void {
  try {
    file.syncDataSync();
  } catch (error) {
    if (!NOTHING_TO_SYNC.has(errorCode(error))) throw error;
  }
}

/** Returns when the names in a directory are on the disk. */
export async function syncDirectory(path: string): Promise<void> {
  using directory = openDirectory(path);
  if (directory !== undefined) await syncFile(directory);
}

function openDirectory(path: string): Deno.FsFile | undefined {
  if (!mayRead(path)) return undefined;
  try {
    return Deno.openSync(path);
  } catch (error) {
    const refused = NOT_OPENED.has(errorCode(error)) || error instanceof Deno.errors.PermissionDenied ||
      Deno.build.os === "windows";
    if (refused) return undefined;
    throw error;
  }
}

const CALL = { parameters: ["i32"], result: "i32" } as const;

/** Few, since loading each takes time. */
const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: CALL,
  syncfs: CALL,
  syncfsLater: { ...CALL, name: "syncfs", nonblocking: true },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The file system that a file or directory is on. */
export class FileSystem implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #fd: number;

  private constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>, fd: number) {
    this.#library = library;
    this.#fd = fd;
  }

  /** `null` where the system cannot be asked, or not by this path. Throws what the system says of it otherwise. */
  static of(path: string): FileSystem | null {
    const library = loadLibc(SYMBOLS);
    if (library === null) return null;
    const flags = OPEN.readOnly | OPEN.nonBlocking | OPEN.closeOnExec;
    const fd = library.symbols.open(terminatedText(path), flags);
    if (fd >= 0) return new FileSystem(library, fd);
    const error = systemErrorOf(library.symbols);
    library.close();
    if (NOT_OPENED.has(error.code)) return null;
    throw error;
  }

  /** Returns when all that was written to it is on the disk. Throws when any of it could not be. */
  async sync(): Promise<void> {
    const { symbols } = this.#library;
    if (await symbols.syncfsLater(this.#fd) === 0) return;
    // That was another thread's call: what failed is only known of one's own, and the system reports an error once.
    if (symbols.syncfs(this.#fd) !== 0) unlessUnsupported(symbols);
    else throw new Error("the disk did not take all of it (input/output error, or it is full)");
  }

  [Symbol.dispose](): void {
    this.#library.symbols.close(this.#fd);
    this.#library.close();
  }
}

/** Whether {@linkcode FileSystem.of} returns one. */
export function canSyncFileSystems(): boolean {
  // Without functions, each of which takes its time to load.
  const library = loadLibc({});
  library?.close();
  return library !== null;
}

/** Writes what was unpacked to the disk: a directory's file system, or that of the directory around a file. */
export async function syncTree(path: string): Promise<void> {
  const directory = isDirectory(path) ? path : dirname(resolve(path));
  using system = FileSystem.of(directory);
  await system?.sync();
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
