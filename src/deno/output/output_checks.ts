/** Where a file is to be written: what is there already, and whether there is a place for it at all. */
import { dirname, resolve } from "../system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import { isDevicePath } from "../files/device_path.ts";
import { fileError, isNotFound, namedFileError } from "../files/file_errors.ts";
import { isDirectory } from "../files/file_kind.ts";
import { mayRead } from "../system/permitted.ts";
import { followLinks, refusePlanted } from "./planted.ts";
import { errorCode } from "../system/error_code.ts";

/**
 * Whether what is there is written to instead of being replaced: a pipe, a device, `/dev/stdout`. Throws `io` for one
 * that another user may have planted.
 */
export function isSpecialOutput(path: string): boolean {
  try {
    return isSpecial(path);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Whether there is a block device: a disk, a partition, a loop device. */
export function isBlockDevice(path: string): boolean {
  try {
    return Deno.statSync(path).isBlockDevice ?? false;
  } catch {
    // Opening it says why it cannot be looked at.
    return false;
  }
}

/**
 * Throws when there is no directory for the file, or a directory in its place, or what another user may have planted:
 * to be reported before hours of work are lost.
 */
export function checkOutput(path: string): void {
  try {
    if (isSpecial(path)) return;
    if (isDirectory(path)) {
      throw new DesyncError("usage", { action: "write", subject: path, reason: "it is a directory" });
    }
    followLinks(directoryFor(path), undefined, path);
    if (!isDirectory(directoryFor(path))) throw noDirectory(path);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** The error for a file that could not be opened for writing, or made. */
export function outputError(path: string, error: unknown): DesyncError {
  return lacksDirectory(path, error) ? noDirectory(path, error) : namedFileError("write", path, error);
}

/** Of a missing directory the system says that the file is missing, or a directory where the name ends with a slash. */
function lacksDirectory(path: string, error: unknown): boolean {
  const directory = directoryFor(path);
  if (!isNotFound(error) && errorCode(error) !== "EISDIR" || !mayRead(directory)) return false;
  try {
    return !isDirectory(directory);
  } catch {
    return false;
  }
}

function noDirectory(path: string, cause?: unknown): DesyncError {
  return new DesyncError("missing-file", {
    action: "write",
    subject: path,
    reason: `there is no directory ${directoryFor(path)}`,
    cause,
  });
}

function directoryFor(path: string): string {
  return namesDirectory(path) ? resolve(path) : dirname(resolve(path));
}

/** Whether the path can only be a directory's: it ends with a separator, of which Windows has two. */
export function namesDirectory(path: string, windows = Deno.build.os === "windows"): boolean {
  return path.endsWith("/") || (windows && path.endsWith("\\"));
}

function isSpecial(path: string): boolean {
  // Links to what is open already, perhaps a file: the link itself is not to be replaced.
  if (isDevicePath(path)) return true;
  try {
    const info = Deno.statSync(path);
    if (info.isFile || info.isDirectory) return false;
    refusePlanted(followLinks(path), path);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
