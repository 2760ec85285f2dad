/** A file that is cut into chunks: read at any place, and noticed when it changes meanwhile. */
import { DesyncError } from "../../core/errors.ts";
import { files } from "./file_calls.ts";
import { fileError, isNotFound } from "./file_errors.ts";
import { Holes } from "./holes.ts";

/** What shows that a file is still the same. */
interface FileState {
  readonly size: number;
  readonly mtime: number | undefined;
  readonly inode: number | undefined;
  /** A block device, which may be larger than what was written to it. */
  readonly isDevice: boolean;
}

/** A file that is open for reading. */
export class SourceFile {
  readonly path: string;
  readonly #fd: number;
  #holes: Holes | undefined;

  /** Throws `missing-file` or `io` when it cannot be opened. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = files().open(path, {});
    } catch (error) {
      throw fileError("read", path, error);
    }
  }

  /** Whether the system says that nothing was written there: it reads as zeros then. */
  isHole(offset: number, length: number): boolean {
    return (this.#holes ??= Holes.of(this.path)).covers(offset, length);
  }

  /** Fills `buffer` with the bytes from `offset` on. Throws `io` when the file has not so many. */
  read(buffer: Uint8Array, offset: number): void {
    let length = 0;
    while (length < buffer.length) {
      let read: number;
      try {
        read = files().read(this.#fd, buffer.subarray(length), offset + length);
      } catch (error) {
        throw fileError("read", this.path, error);
      }
      if (read === 0) {
        const end = Math.min(offset + length, files().info(this.#fd).size);
        throw new DesyncError("io", {
          action: "read",
          subject: this.path,
          reason: `it ends at byte ${end}, it was longer before`,
        });
      }
      length += read;
    }
  }

  close(): void {
    files().close(this.#fd);
    this.#holes?.[Symbol.dispose]();
  }
}

/** More than what a format begins with. */
const START_BYTES = 64;

/** The first bytes of the file: enough to see what it is. */
export function startOfFile(path: string, { size }: FileState): Uint8Array {
  const file = new SourceFile(path);
  try {
    const bytes = new Uint8Array(Math.min(size, START_BYTES));
    file.read(bytes, 0);
    return bytes;
  } finally {
    file.close();
  }
}

/**
 * Bytes in the file or block device, and what shows that it is still the same. Throws when it cannot be cut; `hint` is what to
 * do with a pipe.
 */
export function inspectSource(path: string, hint = "copy it to one first"): FileState {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (path === "-" && isNotFound(error)) {
      throw new DesyncError("usage", {
        action: "read",
        subject: "standard input",
        reason: "this command needs a file, which it can read at any place",
      });
    }
    throw fileError("read", path, error);
  }
  if (info.isDirectory) {
    throw new DesyncError("usage", {
      action: "read",
      subject: path,
      reason: "it is a directory",
      hint: "`desync tar` packs directories",
    });
  }
  const inode = info.ino ?? undefined;
  if (info.isBlockDevice) return { size: deviceSize(path), mtime: undefined, inode, isDevice: true };
  if (!info.isFile) {
    throw new DesyncError("usage", {
      action: "read",
      subject: path,
      reason: "not a regular file",
      hint,
    });
  }
  return { size: info.size, mtime: info.mtime?.getTime(), inode, isDevice: false };
}

/** Bytes to compare with a blob of that size: of a block device no more than the blob has. */
export function sizeToCompare({ size, isDevice }: FileState, blob: { readonly size: number }): number {
  return isDevice ? Math.min(size, blob.size) : size;
}

/** Throws `io` when the file is not what it was. */
export function checkUnchanged(path: string, before: FileState): void {
  const now = inspectSource(path);
  if (now.size === before.size && now.mtime === before.mtime && now.inode === before.inode) return;
  throw new DesyncError("io", { action: "use", subject: path, reason: "it changed while it was read" });
}

function deviceSize(path: string): number {
  try {
    using file = Deno.openSync(path);
    return file.seekSync(0, Deno.SeekMode.End);
  } catch (error) {
    throw fileError("read", path, error);
  }
}
