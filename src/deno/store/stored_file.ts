/**
 * Files of a store, which may hold anything under a chunk's name where others may write to it: a named pipe without
 * a writer, a device, a directory. Only regular files are chunks, and nothing here waits.
 */
import { DesyncError } from "../../core/errors.ts";
import { files } from "../files/file_calls.ts";
import { isNotFound } from "../files/file_errors.ts";
import { kindOfFile } from "../files/file_kind.ts";
import { prefersSystemLibraries } from "../system/libraries.ts";
import { type FileSize, type SystemStat, systemStat } from "../system/system_stat.ts";

/** How this thread asks for a file's kind and size, settled when first needed; `null`: through Deno. */
let chosen: SystemStat | null | undefined;

function look(): SystemStat | null {
  if (chosen === undefined) chosen = prefersSystemLibraries() ? systemStat() : null;
  return chosen;
}

/** Reads such files into a buffer that is used again. */
export class StoredFileReader {
  #buffer = new Uint8Array(1024 * 1024);

  /**
   * All bytes of the file, valid until the next call; `null` when it is not there. Throws `invalid-chunk` for more than
   * `limit` bytes and for what is no regular file, else what the system says.
   */
  read(path: string, limit: number): Uint8Array | null {
    try {
      while (true) {
        const bytes = this.#readOnce(path, limit);
        if (bytes !== undefined) return bytes;
      }
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  /** `undefined` when the file was replaced meanwhile by a longer one. */
  #readOnce(path: string, limit: number): Uint8Array | undefined {
    // Before it is opened: that alone does something to some devices, and node takes long to ask an open file.
    const info = look()?.(path) ?? Deno.statSync(path);
    if (!info.isFile) {
      throw new DesyncError("invalid-chunk", {
        reason: `it is ${kindOfFile(Deno.statSync(path))}, not a file`,
      });
    }
    const { size } = info;
    if (size > limit) {
      throw new DesyncError("invalid-chunk", {
        reason: `its file has ${size} bytes, more than the ${limit} that a chunk can have`,
      });
    }
    if (size >= this.#buffer.length) this.#buffer = new Uint8Array(size + 1);
    const file = files().open(path, { noWait: true });
    try {
      let length = 0;
      while (length < size) {
        const read = files().read(file, this.#buffer.subarray(length, size + 1), null);
        if (read === 0) break;
        length += read;
      }
      return length > size ? undefined : this.#buffer.subarray(0, length);
    } finally {
      files().close(file);
    }
  }
}

/**
 * Whether there is a regular file that is not empty, be it by a symlink. Empty ones are no chunks: a power cut leaves them
 * where they were not synced. What cannot be seen counts as missing.
 */
export function isStoredFile(path: string): boolean {
  const system = look();
  if (system !== null) return isFilled(system(path));
  // For what is missing, this takes a tenth of the time.
  if (!files().exists(path)) return false;
  try {
    return isFilled(Deno.statSync(path));
  } catch {
    return false;
  }
}

function isFilled(info: FileSize | undefined): boolean {
  return info !== undefined && info.isFile && info.size > 0;
}

/** Up to so many bytes from the start of a regular file. Throws what the system says. */
export function firstBytes(path: string, count: number): Uint8Array {
  const buffer = new Uint8Array(count);
  const file = files().open(path, { noWait: true });
  try {
    return buffer.subarray(0, files().read(file, buffer, null));
  } finally {
    files().close(file);
  }
}

/** Gives a file the present time. Not what a symlink leads to, which may be any file. Throws what the system says. */
export function touchFile(path: string): void {
  // Windows takes a time only from a writer.
  const write = Deno.build.os === "windows";
  const file = files().open(path, { write, noFollow: true, noWait: true });
  try {
    files().touch(file);
  } finally {
    files().close(file);
  }
}
