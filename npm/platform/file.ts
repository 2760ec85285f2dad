/** Files as Deno has them, by node's functions. */
import * as fs from "node:fs";
import { DesyncError } from "../../src/core/errors.ts";
import { isPipe } from "../../src/deno/files/named_pipe.ts";
import { errorCode } from "../../src/deno/system/error_code.ts";

/** Without a mode, node's. */
const USUAL_MODE = 0o666;
/** Between looks whether a pipe is ready. */
const PAUSE_MS = 5;

/** A file that is open. Node can neither seek nor lock: the place in a file of the disk is kept here. */
class File implements Disposable {
  readonly #fd: number;
  /** `null` where the system keeps it, or there is none: pipes and devices. */
  #at: number | null;

  constructor(fd: number) {
    this.#fd = fd;
    this.#at = fs.fstatSync(fd).isFile() ? 0 : null;
  }

  readSync(bytes: Uint8Array): number | null {
    return bytes.length === 0 ? 0 : this.#read(fs.readSync(this.#fd, bytes, 0, bytes.length, this.#at));
  }

  async read(bytes: Uint8Array): Promise<number | null> {
    return this.#read(
      await patiently(() => called((done) => fs.read(this.#fd, bytes, 0, bytes.length, this.#at, done))),
    );
  }

  #read(count: number): number | null {
    return this.#moved(count) === 0 ? null : count;
  }

  writeSync(bytes: Uint8Array): number {
    return this.#moved(fs.writeSync(this.#fd, bytes, 0, bytes.length, this.#at));
  }

  async write(bytes: Uint8Array): Promise<number> {
    return this.#moved(
      await patiently(() => called((done) => fs.write(this.#fd, bytes, 0, bytes.length, this.#at, done))),
    );
  }

  #moved(count: number): number {
    if (this.#at !== null) this.#at += count;
    return count;
  }

  /** To the end alone, which is what the program asks for. */
  seekSync(offset: number, from: Deno.SeekMode): number {
    if (this.#at === null || offset !== 0 || from !== seekMode.End) {
      throw new DesyncError("unsupported", {
        reason: "node can find the size of files only, not of devices",
        hint: "use Deno for devices",
      });
    }
    return this.#at = fs.fstatSync(this.#fd).size;
  }

  statSync(): Deno.FileInfo {
    return fileInfo(fs.fstatSync(this.#fd));
  }

  truncateSync(length = 0): void {
    fs.ftruncateSync(this.#fd, length);
  }

  sync(): Promise<void> {
    return called((done) => fs.fsync(this.#fd, done));
  }

  syncData(): Promise<void> {
    return called((done) => fs.fdatasync(this.#fd, done));
  }

  syncDataSync(): void {
    fs.fdatasyncSync(this.#fd);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Deno's file, as far as it is used: whether it can be locked is asked of it. */
export const FsFile = File as unknown as typeof Deno.FsFile;

/** Deno's numbers. */
export const seekMode = { Start: 0, Current: 1, End: 2 } as const;

/** Opens a file. Node's errors have the same codes. */
export function openSync(path: string | URL, options: Deno.OpenOptions = {}): Deno.FsFile {
  return opened(fs.openSync(path, flagsOf(options), options.mode ?? USUAL_MODE));
}

/**
 * The same, where opening may take its time. What is done with a pipe does not wait in the system: node would wait for it at
 * its end.
 */
export async function open(path: string, options: Deno.OpenOptions = {}): Promise<Deno.FsFile> {
  const flags = flagsOf(options) | (isPipe(path) ? fs.constants.O_NONBLOCK : 0);
  return opened(await called((done) => fs.open(path, flags, options.mode ?? USUAL_MODE, done)));
}

function opened(fd: number): Deno.FsFile {
  return new File(fd) as unknown as Deno.FsFile;
}

function flagsOf(
  { read, write = false, truncate = false, create = false, createNew = false }: Deno.OpenOptions,
) {
  const { O_RDONLY, O_WRONLY, O_RDWR, O_TRUNC, O_CREAT, O_EXCL } = fs.constants;
  const access = !write ? O_RDONLY : read ? O_RDWR : O_WRONLY;
  return access | (truncate ? O_TRUNC : 0) | (create || createNew ? O_CREAT : 0) | (createNew ? O_EXCL : 0);
}

const WINDOWS = process.platform === "win32";

/** What Deno says of a file. */
export function fileInfo(stats: fs.Stats): Deno.FileInfo {
  const onUnix = (value: number) => WINDOWS ? null : value;
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
    size: stats.size,
    mtime: stats.mtime,
    atime: stats.atime,
    ctime: stats.ctime,
    birthtime: stats.birthtime,
    dev: stats.dev,
    ino: stats.ino,
    mode: onUnix(stats.mode),
    nlink: onUnix(stats.nlink),
    uid: onUnix(stats.uid),
    gid: onUnix(stats.gid),
    rdev: onUnix(stats.rdev),
    blksize: onUnix(stats.blksize),
    blocks: onUnix(stats.blocks),
    isBlockDevice: stats.isBlockDevice(),
    isCharDevice: stats.isCharacterDevice(),
    isFifo: stats.isFIFO(),
    isSocket: stats.isSocket(),
  };
}

/** The names in a directory, and what they are. */
export function* readDirSync(path: string | URL): Generator<Deno.DirEntry, undefined> {
  for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
    yield {
      name: entry.name,
      isFile: entry.isFile(),
      isDirectory: entry.isDirectory(),
      isSymlink: entry.isSymbolicLink(),
    };
  }
}

/** Removes a file, or an empty directory. */
export function removeSync(path: string | URL): void {
  if (fs.lstatSync(path).isDirectory()) fs.rmdirSync(path);
  else fs.unlinkSync(path);
}

/** Calls again what a pipe is not ready for. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  while (true) {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

type Callback<T> = (error: Error | null, result?: T) => void;

function called<T = void>(call: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    call((error, result) => error === null ? resolve(result as T) : reject(error))
  );
}
