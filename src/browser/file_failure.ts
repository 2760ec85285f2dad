/** What browsers say about files, in words that help. */
import { DesyncError, messageOf } from "../core/errors.ts";

/** By the names of the browser's exceptions. */
const WORDS: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  QuotaExceededError: [
    "there is not enough space",
    "free some on the disk, or remove what this site has stored",
  ],
  NoModificationAllowedError: [
    "it is being written by another tab or window",
    "close that one, or wait for it",
  ],
  NotReadableError: [
    "it cannot be read",
    "was it changed, moved or removed since it was chosen? Choose it again",
  ],
  NotFoundError: ["it is not there any more", "was it moved or removed since it was chosen? Choose it again"],
  NotAllowedError: ["the browser does not allow it"],
  SecurityError: ["the browser does not allow it", "private windows may not store files"],
};

/** The error for what was thrown while a file was used. */
export function fileFailure(action: "read" | "write", subject: string, error: unknown): DesyncError {
  if (error instanceof DesyncError) return error;
  const name = error instanceof Error ? error.name : "";
  // Streams of files say nothing but "network error".
  const words = WORDS[name] ?? (action === "read" ? WORDS.NotReadableError : undefined);
  if (words === undefined) {
    return new DesyncError("io", { action, subject, reason: messageOf(error), cause: error });
  }
  const [reason, hint] = words;
  return new DesyncError("io", { action, subject, reason, hint, cause: error });
}
