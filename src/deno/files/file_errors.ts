/** What the system says about files, in words that help. */
import { DesyncError, messageOf } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import { errorCode } from "../system/error_code.ts";
import { FOREIGN_FUNCTIONS } from "../system/runtime.ts";

/** The same words for all APIs: Deno, node, or the C library. */
const WORDS: Readonly<Record<string, string>> = {
  E2BIG: "it is larger than the system allows",
  EACCES: "permission denied",
  EAGAIN: `it does not wait for its reader (O_NONBLOCK), for which ${FOREIGN_FUNCTIONS} are needed`,
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

/** Whether the error means that the file or directory is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || errorCode(error) === "ENOENT";
}

/** Whether rights or room were missing: with these the path would do. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(errorCode(error instanceof DesyncError ? error.cause : error));
}

const REFUSALS: ReadonlySet<string> = new Set(["EACCES", "EDQUOT", "ENOSPC", "EPERM", "EROFS"]);

/** Why the system refused, in a few words. */
export function reasonOf(error: unknown): string {
  if (error instanceof DesyncError) return messageOf(error);
  return WORDS[isNotFound(error) ? "ENOENT" : errorCode(error)] ?? foreignText(messageOf(error));
}

/** The error for what could not be done with a file. One that says already what that was is returned as it is. */
export function fileError(action: string, subject: string, error: unknown): DesyncError {
  if (error instanceof DesyncError) return error.withContext({ action, subject });
  const code = isNotFound(error) ? "missing-file" : "io";
  return new DesyncError(code, { action, subject, reason: reasonOf(error), cause: error });
}

/** The same for a file that the user named: a directory in its place is a mistake of the command line. */
export function namedFileError(action: string, subject: string, error: unknown): DesyncError {
  if (errorCode(error) !== "EISDIR") return fileError(action, subject, error);
  return new DesyncError("usage", { action, subject, reason: reasonOf(error), cause: error });
}

/** The error for a file that is read whole; the caller knows which. */
export function tooLarge(limit: number): DesyncError {
  return new DesyncError("io", { reason: `larger than the limit of ${limit} bytes` });
}

/** The error for what is neither file nor directory nor anything else that archives have; the caller knows which. */
export function unknownKind(): DesyncError {
  return new DesyncError("unsupported", { reason: "it is of no known kind" });
}
