/** What the system says about files, in words that help. */
import { DesyncError, messageOf } from "../errors.ts";
import { foreignText } from "../foreign_text.ts";
import { codeOf } from "./tree_system.ts";

/** The same words whoever was asked: Deno, node, or the C library. */
const WORDS: Readonly<Record<string, string>> = {
  E2BIG: "it is larger than the system allows",
  EACCES: "permission denied",
  EAGAIN: "it does not wait for its reader (O_NONBLOCK), for which Linux and --allow-ffi are needed",
  EBADF: "not supported here",
  EBUSY: "it is in use",
  ECONNRESET: "the other end closed the connection",
  EDQUOT: "the disk quota is used up",
  EEXIST: "there is something else of that name",
  EFBIG: "the file is larger than the file system or a limit allows",
  EINVAL: "invalid argument",
  EIO: "input/output error",
  EISDIR: "it is a directory",
  ELOOP: "too many symlinks to follow",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many open files",
  ENODATA: "it is not there",
  ENOENT: "no such file or directory",
  ENOMEM: "not enough memory",
  ENOSPC: "no space left on the device",
  ENOSYS: "not supported by the system",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "the directory is not empty",
  ENOTSUP: "not supported by the file system",
  ENOTTY: "not supported here",
  ENXIO: "no such device or address",
  EOPNOTSUPP: "not supported by the file system",
  EOVERFLOW: "out of range",
  EPERM: "operation not permitted",
  EPIPE: "the other end closed it",
  ERANGE: "out of range",
  EROFS: "the file system is read-only",
  ETXTBSY: "it is a program that is running",
};

/** Whether the error means that the file or folder is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || codeOf(error) === "ENOENT";
}

/** Whether rights or room were missing: with these the path would do. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(codeOf(error instanceof DesyncError ? error.cause : error));
}

const REFUSALS: ReadonlySet<string> = new Set(["EACCES", "EDQUOT", "ENOSPC", "EPERM", "EROFS"]);

/** Why the system refused, in a few words. */
export function reasonOf(error: unknown): string {
  if (error instanceof DesyncError) return error.message;
  return WORDS[isNotFound(error) ? "ENOENT" : codeOf(error)] ?? foreignText(messageOf(error));
}

/** An error of one line for something that could not be done with a file. `action` is like "write /a/b". */
export function fileError(action: string, error: unknown): DesyncError {
  if (error instanceof DesyncError) return error;
  const code = isNotFound(error) ? "missing-file" : "io";
  return new DesyncError(code, `Cannot ${action}: ${reasonOf(error)}`, { cause: error });
}

/** The same for a file that the user named: a folder in its place makes no sense. */
export function namedFileError(action: string, error: unknown): DesyncError {
  if (codeOf(error) !== "EISDIR") return fileError(action, error);
  return new DesyncError("usage", `Cannot ${action}: ${reasonOf(error)}`, { cause: error });
}
