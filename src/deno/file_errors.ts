/** What the system says about files, in words that help. */
import { DesyncError, messageOf } from "../errors.ts";

const HELP: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/ENOSPC|os error 28\b|no space left/i, "no space left on the device"],
  [/EDQUOT|os error 122\b|quota exceeded/i, "the disk quota is used up"],
  [/EROFS|os error 30\b|read-only file system/i, "the file system is read-only"],
  [/EFBIG|os error 27\b|file too large/i, "the file is larger than the file system or a limit allows"],
];

/** Whether the error means that the file or folder is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && "code" in error && error.code === "ENOENT");
}

/** Why the system refused, in a few words. */
export function reasonOf(error: unknown): string {
  if (error instanceof DesyncError) return error.message;
  if (isNotFound(error)) return "no such file or directory";
  if (error instanceof Deno.errors.NotCapable) return messageOf(error);
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotADirectory) return "not a directory";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (error instanceof Deno.errors.AlreadyExists) return "there is something else of that name";
  const text = messageOf(error);
  return HELP.find(([pattern]) => pattern.test(text))?.[1] ?? text;
}

/** An error of one line for something that could not be done with a file. `action` is like "write /a/b". */
export function fileError(action: string, error: unknown): DesyncError {
  if (error instanceof DesyncError) return error;
  const code = isNotFound(error) ? "missing-file" : "io";
  return new DesyncError(code, `Cannot ${action}: ${reasonOf(error)}`, { cause: error });
}
